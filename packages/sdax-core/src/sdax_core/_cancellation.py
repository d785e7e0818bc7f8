"""What counts as a cancellation."""

from __future__ import annotations

import asyncio

from sdax_core._errors import flatten_exceptions


def is_cancellation(error: BaseException) -> bool:
    """Whether `error` is a `CancelledError`, or a group of nothing else."""
    return not isinstance(error, Exception) and all(
        isinstance(leaf, asyncio.CancelledError) for leaf in flatten_exceptions(error)
    )

"""Leaves a context manager, and says what is new in what it raises."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

from sdax_core import flatten_exceptions


async def leave(
    manager: AbstractAsyncContextManager[Any, Any], error: BaseException | None
) -> BaseException | None:
    """Leave `manager` because of `error`, or because all went well.

    It cannot suppress the error: whatever it returns is ignored.

    Returns:
        What it failed with; `None` if it did not, or raised only what it was given.
    """
    traceback = None if error is None else error.__traceback__
    try:
        if error is None:
            await manager.__aexit__(None, None, None)
        else:
            await manager.__aexit__(type(error), error, traceback)
    except GeneratorExit:  # this coroutine is being closed
        raise
    except BaseException as raised:
        return raised if error is None else _new_part(raised, error)
    finally:
        if error is not None:
            # The same error may be on its way through other resources: it leaves as it came.
            BaseException.with_traceback(error, traceback)
    return None


def is_cancellation(error: BaseException | None) -> bool:
    """Whether this is a `CancelledError`, or a group of nothing else."""
    return isinstance(error, BaseException) and all(
        isinstance(leaf, asyncio.CancelledError) for leaf in flatten_exceptions(error)
    )


def _new_part(raised: BaseException, error: BaseException) -> BaseException | None:
    """What of `raised` was not in `error`: task groups wrap what they were given in a group of their own."""
    if is_cancellation(raised) and is_cancellation(error):
        return None
    known = {id(error), *(id(leaf) for leaf in flatten_exceptions(error))}
    leaves = flatten_exceptions(raised)
    new = [leaf for leaf in leaves if id(leaf) not in known]
    if len(new) == len(leaves):
        return raised
    if not new:
        return None

    def is_new(part: BaseException) -> bool:
        return not isinstance(part, BaseExceptionGroup) and id(part) not in known

    group = cast("BaseExceptionGroup[BaseException]", raised)  # nothing else has several leaves
    return group.subgroup(is_new)

"""How long something takes, for people."""

from __future__ import annotations


def in_seconds(seconds: float) -> str:
    """Give the number with its unit, and as many digits as mean something."""
    digits = f"{seconds:.3g}" if seconds < 1000 else f"{seconds:.0f}"
    return f"{digits} seconds"

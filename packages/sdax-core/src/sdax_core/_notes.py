"""Notes: how an error that cannot be raised itself rides along on the one that is."""

from __future__ import annotations

from typing import cast


def add_note(exception: BaseException, note: str) -> None:
    """Add `note` unless it is there already; an exception that refuses notes is left as it is."""
    try:
        if note not in getattr(exception, "__notes__", ()):
            exception.add_note(note)
    except Exception:
        pass  # a frozen dataclass, say: a missing note must not hide the error itself


def describe(exception: BaseException) -> str:
    """Give type and text of `exception` on one line, and in brackets those of a group's members."""
    try:
        text = str(exception)
    except Exception:
        text = "<str() failed>"
    line = f"{type(exception).__name__}: {text}" if text else type(exception).__name__
    if isinstance(exception, BaseExceptionGroup):
        members = cast("BaseExceptionGroup[BaseException]", exception).exceptions
        line += f" [{'; '.join(map(describe, members))}]"
    return line

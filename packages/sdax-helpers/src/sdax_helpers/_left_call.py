"""Tells of calls that the run has left: abandoned in a thread or a process, or killed with their process.

The function that was cancelled knows of it; the interceptor around its attempt knows the error that comes
out, which after a timeout is another one, and the attempt, which observers can be told about.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdax_core import Attempt

_TOLD: ContextVar[list[tuple[str, str]]] = ContextVar("sdax_left_calls")
"""What the attempt that runs in the current context has to tell: the name of the report, and the note."""


async def tell_of_left_calls(attempt: Attempt, proceed: Callable[[], Awaitable[Any]]) -> Any:
    """Interceptor: note on the error of the attempt what was left, and report it to observers."""
    told: list[tuple[str, str]] = []
    token = _TOLD.set(told)
    try:
        return await proceed()
    except BaseException as error:
        for name, note in told:
            _add_note(error, note)
            attempt.report(name, note=note)
        raise
    finally:
        _TOLD.reset(token)


def call_was_left(name: str, note: str) -> None:
    """Have the interceptor tell of it."""
    told = _TOLD.get(None)
    if told is not None:  # there is none if the function is called without a run
        told.append((name, note))


def log_failure(function: str, error: BaseException) -> None:
    """Log the failure of a call that was abandoned: there is nobody else to tell."""
    logging.getLogger("sdax").warning(
        "sdax: %s failed after it had been abandoned", function, exc_info=error
    )


def _add_note(error: BaseException, note: str) -> None:
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)

"""The flag that tells a function in a thread that nobody waits for it any more."""

from __future__ import annotations

from contextvars import ContextVar
from threading import Event

FLAG: ContextVar[Event] = ContextVar("sdax_cancelled")
"""Set for the call that runs in the current context, if it is one of `task_thread_func`."""


def cancelled() -> bool:
    """Whether the call that runs in this thread was asked to stop (guarantee 42).

    For functions of `task_thread_func`, which cannot be interrupted: one that takes long should ask
    now and then, and return early. It is true as soon as the attempt was cancelled or its timeout ran
    out. Subtasks in further threads see it, too, if they are given the context, as `asyncio.to_thread`
    does.

    Everywhere else it is false, so that the function can be called and tested as it is. That goes for
    other processes as well: no flag crosses their boundary.
    """
    flag = FLAG.get(None)
    return flag is not None and flag.is_set()

"""What the tasks of the cases run. All that is measured is what is around it."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, Token
from itertools import cycle
from typing import Any


async def returns_at_once(_ctx: object) -> None:
    """Never suspends, as a function does that finds its answer in a cache."""


async def suspends_once(_ctx: object) -> None:
    """Lets the event loop go round once, as a wait for something that is there already."""
    await asyncio.sleep(0)


_DURATIONS = cycle([0.001, 0.004, 0.002, 0.005, 0.003])


async def waits(_ctx: object) -> None:
    """Waits for a timer of 1 to 5 milliseconds, as for an answer out of the network."""
    await asyncio.sleep(next(_DURATIONS))


_have_failed: set[asyncio.Task[Any] | None] = set()


async def fails_first(_ctx: object) -> None:
    """Fails at every first attempt. A task's attempts are made in one asyncio Task."""
    task = asyncio.current_task()
    if task in _have_failed:
        _have_failed.remove(task)
    else:
        _have_failed.add(task)
        raise ConnectionError("the first attempt always fails")


_tenant: ContextVar[object] = ContextVar("tenant")
_token: ContextVar[Token[object]] = ContextVar("token")


async def sets_variable(_ctx: object) -> None:
    """Sets a context variable for the later functions of the same task."""
    _token.set(_tenant.set(object()))


async def reads_variable(_ctx: object) -> None:
    """Reads what `sets_variable` has set."""
    _tenant.get()


async def resets_variable(_ctx: object) -> None:
    """Takes it back, which works only in the very same context."""
    _tenant.reset(_token.get())

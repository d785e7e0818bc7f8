"""`run` a coroutine on the virtual clock, on any kind of asyncio loop there is."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Literal, TypeVar

from sdax_proof.virtual_clock import Deadlock, Runaway, VirtualClockLoop

Result = TypeVar("Result")
Factory = Literal["eager", "custom", "custom eager"]
"""How a loop makes its tasks; None is asyncio's own lazy way.

- `eager`: `asyncio.eager_task_factory` (3.12 and newer).
- `custom`: a plain Python function that makes lazy tasks.
- `custom eager`: a Python function that makes eager tasks of a class of its own (3.12 and newer).
"""
FACTORIES: tuple[Factory | None, ...] = (
    (None, "eager", "custom", "custom eager") if sys.version_info >= (3, 12) else (None, "custom")
)
"""The factories that this Python has."""

_CLEANING_ROUNDS = 10


class _OwnTask(asyncio.Task[Any]):
    """What a program that watches its tasks might use."""


def _custom_factory(
    loop: asyncio.AbstractEventLoop, coro: Any, **options: Any
) -> asyncio.Task[Any]:
    return asyncio.Task(coro, loop=loop, **options)


def _custom_eager_factory(
    loop: asyncio.AbstractEventLoop, coro: Any, **options: Any
) -> asyncio.Task[Any]:
    options.setdefault("eager_start", loop.is_running())
    return _OwnTask(coro, loop=loop, **options)


def set_factory(loop: asyncio.AbstractEventLoop, factory: Factory | None) -> None:
    """Give the loop the task factory of that name."""
    if factory == "eager" and sys.version_info >= (3, 12):
        loop.set_task_factory(asyncio.eager_task_factory)
    elif factory == "custom":
        loop.set_task_factory(_custom_factory)
    elif factory == "custom eager" and sys.version_info >= (3, 12):
        loop.set_task_factory(_custom_eager_factory)
    elif factory is not None:
        raise ValueError(f"{factory!r} is not a task factory of this Python")


def run(
    main: Coroutine[Any, Any, Result],
    *,
    factory: Factory | None = None,
    debug: bool = False,
    make_loop: Callable[[], asyncio.AbstractEventLoop] = VirtualClockLoop,
) -> Result:
    """Run `main` on a fresh loop with a virtual clock and give its result.

    What `main` leaves behind is cancelled when it has ended, as `asyncio.run` does.

    Args:
        main: The coroutine to run.
        factory: How the loop makes tasks; None is asyncio's own lazy way.
        debug: asyncio's debug mode.
        make_loop: Another loop, for example `uvloop.new_event_loop` (whose clock is real).

    Raises:
        Deadlock: At once, when nothing is ready and no timer is set.
        Runaway: When the loop goes round without end.
    """
    loop = make_loop()
    loop.set_debug(debug)
    set_factory(loop, factory)
    try:
        return loop.run_until_complete(main)
    finally:
        _close(loop)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    try:
        for _ in range(_CLEANING_ROUNDS):
            left = asyncio.all_tasks(loop)
            if not left:
                break
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left))
        loop.run_until_complete(loop.shutdown_asyncgens())
    except (Deadlock, Runaway):
        pass  # What hangs even when it is cancelled has been reported by `run` itself.
    finally:
        loop.close()

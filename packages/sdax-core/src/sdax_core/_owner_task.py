"""An asyncio Task that holds something for a run, from one function of a task to a later one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Hashable
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any

from sdax_core._lane_task import FROM_WITHIN
from sdax_core._run_handle import RUN

if TYPE_CHECKING:
    from sdax_core._run import Run

_PACKAGE = __name__.partition(".")[0]
_GUARDS: ContextVar[tuple[_Guard, ...]] = ContextVar("sdax_owner_tasks", default=())
"""The owner tasks that the current context descends from."""


class OwnerTask:
    """An asyncio Task of the current run that only what it holds can cancel, or whoever made it (guarantee 40).

    For what is built on top of this package: a context manager has to be left in the asyncio Task that entered
    it, and functions of a run have none of their own for long. The task factory of the event loop is respected.

    When a program shuts down it cancels every Task there is. If that reached an owner task, it would let go before
    what depends on it. So `Task.cancel()` does nothing, unless the call comes from within: from a task group, a
    timeout or a cancel scope, or from a callback or a Task that the owner task itself has made. The run is told
    of the shutdown in its own Task, and its cleanup ends the owner task in its turn.

    Args:
        coroutine: What it runs. It must not raise.
        key: The task that it belongs to; it gives the Task its name in debug mode (guarantee 28).

    Raises:
        LookupError: There is no current run.
    """

    __slots__ = ("_guard", "context", "task")

    def __init__(self, coroutine: Coroutine[Any, Any, None], key: Hashable) -> None:
        run = RUN.get()
        self._guard = _Guard(run)
        self.context: Context = copy_context()
        """The context that it runs in: a copy of the one in which it was made."""
        self.context.run(_GUARDS.set, (*_GUARDS.get(), self._guard))
        guarded = self._guard.run(coroutine)
        try:
            self.task: asyncio.Task[None] = _make_task(run, self._guard, guarded, self.context)
        except BaseException:
            guarded.close()  # or Python would warn, too, that they were never awaited
            coroutine.close()
            raise
        if run.is_named:
            self.task.set_name(f"sdax: {key}.resource")

    def cancel(self, message: str | None = None) -> None:
        """Cancel what the Task is doing."""
        self._guard.is_open = True
        try:
            self.task.cancel(message)
        finally:
            self._guard.is_open = False

    def adopt_variables(self) -> None:
        """Set the context variables that were set in the Task for the caller, too."""
        for variable, value in self.context.items():
            if variable is not _GUARDS and variable.get(_UNSET) is not value:
                variable.set(value)


_UNSET: Any = object()


class _Guard:
    """Decides whether a call of `cancel()` is heard."""

    __slots__ = ("_has_begun", "_run", "is_open")

    def __init__(self, run: Run) -> None:
        self._run = run
        self._has_begun = False
        self.is_open = False

    async def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """What the Task runs."""
        self._has_begun = True
        await coroutine

    def hears(self) -> bool:
        """Whether the caller of `cancel()` may cancel the Task."""
        if not self._has_begun:
            return False  # a Task that is cancelled before its first step never runs its coroutine
        if self.is_open or self in _GUARDS.get():
            return True
        frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage] - CPython documents it
        caller: str = frame.f_globals.get("__name__", "")
        return caller in FROM_WITHIN or caller.partition(".")[0] == _PACKAGE or self._is_forsaken()

    def _is_forsaken(self) -> bool:
        """Whether nobody is left who could end the run: it was driven without a block, and never closed."""
        run = self._run
        while run.parent is not None:
            run = run.parent
        return run.owner.done()


class _GuardedTask(asyncio.Task[None]):
    __slots__ = ("guard",)

    guard: _Guard

    def cancel(self, msg: Any = None) -> bool:
        return self.guard.hears() and super().cancel(msg)


def _make_task(
    run: Run, guard: _Guard, coroutine: Coroutine[Any, Any, None], context: Context
) -> asyncio.Task[None]:
    if run.loop.get_task_factory() is None:
        guarded = _GuardedTask(coroutine, loop=run.loop, context=context)
        guarded.guard = guard
        return guarded
    made = run.loop.create_task(coroutine, context=context)
    cancel_task = made.cancel

    def cancel(msg: Any = None) -> bool:
        return guard.hears() and cancel_task(msg)

    with suppress(AttributeError):
        setattr(made, "cancel", cancel)  # noqa: B010 - type checkers refuse the plain form
    return made

"""The run as its own functions see it."""

from __future__ import annotations

from collections.abc import Hashable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from sdax_core._cancel_cause import CancelCause
from sdax_core._parent_scope import check_parent_scope
from sdax_core._phase_id import PhaseId

if TYPE_CHECKING:
    from sdax_core._held import Held
    from sdax_core._processor import AsyncDagTaskProcessor
    from sdax_core._run import Run
    from sdax_core._run_record import Outcome
    from sdax_core._runner import AsyncPhaseRunner
    from sdax_core._task_failure import TaskFailure

RUN: ContextVar[Run] = ContextVar("sdax_run")
"""The run that the current context belongs to."""


def current_run() -> RunHandle:
    """Give the run that calls the function in which this is asked (guarantee 31).

    It is found through a context variable: subtasks see it, and so do threads that are given the context, as
    `asyncio.to_thread` does. Inside a run that is nested in another it is the inner one.

    Raises:
        LookupError: The caller does not run inside a function of a run.
    """
    run = RUN.get(None)
    if run is None:
        raise LookupError(
            "current_run() was called outside a run: only functions of tasks have one"
        )
    return run.handle


class RunHandle:
    """One run, seen from inside: what it is doing, how it is going, how long it may take.

    It may be kept, and be read after the run has ended.
    """

    __slots__ = ("__weakref__", "_run")

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def id(self) -> str:
        """A text of its own for each run; it is made when it is first asked for."""
        if self._run.id is None:
            import os

            self._run.id = os.urandom(8).hex()
        return self._run.id

    @property
    def phase(self) -> PhaseId:
        """The phase that was begun most recently."""
        return self._run.phase

    @property
    def outcome(self) -> Outcome:
        """How the run is going.

        `"failed"` or `"cancelled"` as soon as that is known; `"succeeded"` in cleanup, if all went well until
        then; else `"running"`. So cleanup can commit or roll back. A run that reached its deadline is cancelled. The
        failure of an optional task does not count.
        """
        return self._run.record.outcome(in_cleanup=self._run.phase is PhaseId.POST_EXEC)

    @property
    def failures(self) -> tuple[TaskFailure, ...]:
        """What has failed so far, in order of failure, optional tasks included."""
        return tuple(self._run.record.failures)

    @property
    def cancel_cause(self) -> CancelCause | None:
        """What first stopped the run, or a phase of it; `None` if nothing did (guarantee 39)."""
        return self._run.record.cancel_cause

    @property
    def deadline(self) -> float | None:
        """The time, by `loop.time()`, at which the run's timeout, or that of a run around it, runs out."""
        return self._run.deadline

    def remaining(self) -> float | None:
        """Seconds until the deadline, never less than 0; `None` if there is no deadline."""
        deadline = self._run.deadline
        return None if deadline is None else max(0.0, deadline - self._run.loop.time())

    def exception(self) -> BaseException | None:
        """What the run would raise if it ended now; `None` if nothing.

        Cleanup may hand it to an `__aexit__`. Until the run has ended it is not yet the exception itself that
        the run is going to raise: more may fail.
        """
        return self._run.record.exception_so_far()

    @property
    def path(self) -> tuple[Hashable, ...]:
        """The keys of the tasks that the run is nested in, from the outside in; `()` for most runs."""
        return self._run.record.path

    @property
    def parent(self) -> RunHandle | None:
        """The run that this one is nested in; `None` for most runs."""
        parent = self._run.parent
        return None if parent is None else parent.handle

    def fail(self, task: Hashable, error: BaseException) -> None:
        """Have the run fail because something that `task` holds for it has died.

        For what is built on top of this package: `error` becomes a failure of that task, what runs is cancelled
        with the cause `"resource"`, and cleanup follows. If the run is between two phases of an `async with
        processor.open(...)` block, the block's own Task is cancelled, as by `asyncio.TaskGroup`. During cleanup
        it is one more failure. A `KeyboardInterrupt` or its like is raised as it is (guarantee 16). Legal in
        the run's event loop until the run has ended.

        Raises:
            RuntimeError: The run has ended.
        """
        self._run.fail_from_outside(task, error)

    @property
    def held(self) -> dict[Hashable, Held]:
        """What tasks hold for the run from one function to another, by the keys of the tasks.

        For what is built on top of this package: what is put here before it is acquired, and taken out when it
        was released, cannot be left behind. What is still here when cleanup is over, because a `post_execute` was
        not run, the run lets go of before it ends, the latest first (guarantee 40).
        """
        if self._run.held is None:
            self._run.held = {}
        return self._run.held

    def nest(
        self, key: Hashable, processor: AsyncDagTaskProcessor[Any, Any], ctx: Any
    ) -> AsyncPhaseRunner[Any, Any]:
        """Make a run of `processor` inside this one, for the task `key`.

        For what is built on top of this package. Observers, interceptors, clock and random source are this run's, and
        so is the deadline. Failures that leave a function of that task come out of this run one by one, with
        their path.
        """
        from sdax_core._runner import AsyncPhaseRunner

        check_parent_scope(processor.parent)
        return AsyncPhaseRunner(
            processor._plan,  # pyright: ignore[reportPrivateUsage] - the other face of a run
            ctx,
            self._run.settings.nested(),
            parent=self._run,
            key=key,
        )

    def __repr__(self) -> str:
        return f"RunHandle({self.phase}, {self.outcome}, {len(self._run.record.failures)} failures)"

"""One run of a graph: its three phases, what failed in them, and how it ends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from contextvars import Context
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from sdax_core._cancel_cause import CancelCause
from sdax_core._errors import SdaxExecutionError
from sdax_core._notes import add_note, describe
from sdax_core._observation import Observation
from sdax_core._open_lanes import Lane
from sdax_core._phase_id import PhaseId
from sdax_core._plan import Plan, WalkPlan
from sdax_core._pump import CAN_START_EAGERLY
from sdax_core._run_handle import Outcome, RunHandle
from sdax_core._run_settings import RunSettings
from sdax_core._task_failure import TaskFailure, add_failure_note
from sdax_core._walk import OnFailure, Walk

if TYPE_CHECKING:
    from random import Random

_PACKAGE = __name__.partition(".")[0]


class Run:
    """The state of one run. It shares nothing with another run but the plan (guarantee 27)."""

    __slots__ = (
        "_begun",
        "_count_at_phase",
        "_count_at_start",
        "_deadline_timer",
        "_ended",
        "_handle",
        "_owner",
        "_pre_walk",
        "_remarks",
        "_rng",
        "_walk",
        "body_error",
        "cancel",
        "cancel_body",
        "cancel_cause",
        "ctx",
        "deadline",
        "expired",
        "failures",
        "fatal",
        "is_debug",
        "is_eager",
        "kept",
        "key_in_parent",
        "latest_cancel",
        "left_out",
        "loop",
        "observation",
        "parent",
        "phase",
        "plan",
        "settings",
        "skipped",
        "takes_part",
    )

    def __init__(
        self,
        plan: Plan,
        ctx: Any,
        settings: RunSettings,
        parent: Run | None = None,
        key_in_parent: Hashable = None,
    ) -> None:
        owner = asyncio.current_task()
        if owner is None:
            raise RuntimeError("a run needs an asyncio Task to run in; call it from a coroutine")
        self._owner = owner
        self._count_at_start = self._count_at_phase = owner.cancelling()
        self.plan = plan
        self.settings = settings
        self.parent = parent
        """The run that this one is nested in."""
        self.key_in_parent = key_in_parent
        self._begun = self._ended = False
        self.phase = PhaseId.PRE_EXEC
        """The phase that was begun most recently."""
        self._walk: Walk | None = None
        self._pre_walk: Walk | None = None
        self._remarks: list[str] = []
        self._handle: RunHandle | None = None
        self._rng: Random | None = settings.rng
        self.loop = asyncio.get_running_loop()
        self.ctx = ctx
        self.kept: dict[int, Context] = {}
        """The contexts of the tasks that have set a context variable (guarantee 26)."""
        self.failures: list[TaskFailure] = []
        """What failed, in order, optional tasks included."""
        self.skipped: list[int] = []
        self.left_out: set[int] = set()
        """Optional tasks that could not prepare, and what depends on them (guarantee 38)."""
        self.takes_part: dict[int, bool] = {}
        """What the `when` of a task answered (guarantee 37)."""
        self.fatal: BaseException | None = None
        """An exception that is raised as it is: `KeyboardInterrupt` and its like (guarantee 16)."""
        self.cancel: asyncio.CancelledError | None = None
        """The first cancellation that the run received (guarantee 17)."""
        self.latest_cancel: asyncio.CancelledError | None = None
        self.expired: TimeoutError | None = None
        """What is raised because the run reached its deadline (guarantee 32)."""
        self.body_error: BaseException | None = None
        """What came out of the body of an `open` block, or of what is around the run."""
        self.cancel_body: Callable[[str], None] | None = None
        """Cancels the body of the `open` block, if it is running."""
        self.cancel_cause: CancelCause | None = None
        """Why functions were first cancelled (guarantee 39)."""
        self.deadline: float | None = None if parent is None else parent.deadline
        self._deadline_timer: asyncio.TimerHandle | None = None
        self.observation = Observation(self, settings.observers) if settings.observers else None

        self.is_eager = CAN_START_EAGERLY and self.loop.get_task_factory() is None
        self.is_debug = self.loop.get_debug()

    # Phases

    async def run_phase(self, phase: PhaseId) -> None:
        """Run one phase."""
        if phase is PhaseId.PRE_EXEC:
            await self.pre_execute()
        elif phase is PhaseId.EXECUTE:
            await self.execute()
        else:
            await self.post_execute()

    async def pre_execute(self) -> None:
        """Acquire. If a cancel was requested before anything began, nothing begins."""
        if self._is_cancel_unreceived():
            await self._receive_pending_cancel()
        if self.cancel is not None:
            return
        self._begun = True
        if self.settings.timeout is not None:
            self._set_deadline(self.settings.timeout)
        if self.observation is not None:
            self.observation.tell("run_started", self.handle)
        plan = self.plan.pre_execute
        if plan.ready:
            walk = self._pre_walk = self._start(PhaseId.PRE_EXEC, plan, OnFailure.STOP)
            if not walk.is_over():
                await walk.finish()
            self._finished(walk)

    async def execute(self) -> None:
        """Work, unless a cancel was requested meanwhile, or the deadline is past."""
        if self._is_cancel_unreceived():
            await self._receive_pending_cancel()
        if self._deadline_timer is not None and self.loop.time() >= self._deadline_timer.when():
            self._reach_deadline()
        plan = self.plan.execute
        if self.left_out:
            plan = plan.narrowed(set(range(len(plan.functions))) - self.left_out)
        if self.is_going_well() and plan.ready:
            cancels = self.plan.options.on_execute_error == "cancel"
            on_failure = OnFailure.STOP if cancels else OnFailure.SKIP
            walk = self._start(PhaseId.EXECUTE, plan, on_failure)
            if not walk.is_over():
                await walk.finish()
            self._finished(walk)

    async def post_execute(self) -> None:
        """Release what is due (guarantee 13)."""
        if not self._begun:
            return
        if self._deadline_timer is not None:
            self._deadline_timer.cancel()  # it bounds what comes before cleanup
        if self._is_cancel_unreceived():
            await self._receive_pending_cancel()
        self.phase = PhaseId.POST_EXEC
        plan = self._cleanup_plan()
        if plan.ready:
            limit = self.cleanup_timeout
            deadline = None if limit is None else self.loop.time() + limit
            walk = self._start(PhaseId.POST_EXEC, plan, OnFailure.RELEASE)
            if not walk.is_over():
                await walk.finish(deadline)
            self._finished(walk)
        self._end()

    def _start(self, phase: PhaseId, plan: WalkPlan, on_failure: OnFailure) -> Walk:
        self._count_at_phase = self._owner.cancelling()
        self.phase = phase
        if self.observation is not None:
            self.observation.tell("phase_started", self.handle, phase, self.loop.time())
        walk = self._walk = Walk(self, phase, plan, on_failure)
        walk.start()
        return walk

    def _finished(self, walk: Walk) -> None:
        if self.observation is not None:
            self.observation.tell("phase_ended", self.handle, walk.phase, self.loop.time())

    def _end(self) -> None:
        """All is over. What refers to each other is taken apart: nothing is left for the garbage collector."""
        self._ended = True
        self._walk = self._pre_walk = None
        self.kept.clear()
        if self.observation is not None:
            self.observation.tell("run_ended", self.handle, self.exception_so_far())

    def _cleanup_plan(self) -> WalkPlan:
        plan, walk = self.plan.post_execute, self._pre_walk
        if walk is None or not (walk.stopped or self.left_out):
            return plan  # every task was passed
        not_begun = set(walk.ready)
        # A count of 0 says: started, or passed for want of a function, or ready and not begun.
        return plan.narrowed(
            node for node, left in enumerate(walk.waiting) if not left and node not in not_begun
        )

    # The deadline

    def _set_deadline(self, seconds: float) -> None:
        when = self.loop.time() + seconds
        self.deadline = when if self.deadline is None else min(when, self.deadline)
        self._deadline_timer = self.loop.call_at(when, self._reach_deadline)

    def _reach_deadline(self) -> None:
        if self.expired is not None or self.cancel is not None:
            return
        walk = self._walk
        if walk is not None and walk.phase is PhaseId.EXECUTE and walk.is_over():
            return  # all was done in time
        self.expired = TimeoutError(self._deadline_message())
        self._stop_early(CancelCause("deadline"))

    def _deadline_message(self) -> str:
        message = f"the run was not done within its timeout of {self.settings.timeout} seconds"
        if self._walk is None or self._walk.is_over():
            return message
        running, not_started = self._walk.running_and_not_started()
        return (
            f"{message}; cancelled in {self._walk.phase}: {self._listed(running)}; "
            f"not started: {self._listed(not_started)}"
        )

    def _stop_early(self, cause: CancelCause) -> None:
        self.note_cancel_cause(cause)
        if self._walk is not None and not self._walk.is_over():
            self._walk.take_cancel(cause)

    # What those who call phases ask

    def has_begun(self) -> bool:
        """Whether `pre_execute` has begun, so that there is something to clean up."""
        return self._begun

    def is_going_well(self) -> bool:
        """Whether nothing has happened so far that keeps `execute` from beginning."""
        return (
            (not self.failures or not self.required_failures())
            and self.cancel is None
            and self.fatal is None
            and self.expired is None
        )

    def adopt_owner(self) -> None:
        """Have the calling Task run the next phase: a runner may be handed from one to another."""
        owner = asyncio.current_task()
        if owner is not None and owner is not self._owner:
            self._owner = owner
            self._count_at_start = owner.cancelling()

    # What walks ask

    @property
    def cleanup_timeout(self) -> float | None:
        """Seconds that cleanup may take."""
        return self.plan.options.cleanup_timeout

    def key(self, node: int) -> Hashable:
        """The key of a task."""
        key: Hashable = self.plan.graph.keys[node]
        return key

    def function(self, node: int, phase: PhaseId) -> object:
        """The function of a task as the user gave it."""
        return getattr(self.plan.graph.tasks[node], phase).function

    @property
    def is_reported(self) -> bool:
        """Whether somebody is shown what each function does."""
        return self.observation is not None or bool(self.settings.interceptors)

    @property
    def is_named(self) -> bool:
        """Whether asyncio Tasks bear the names of what they run (guarantee 28)."""
        return self.is_debug or self.observation is not None

    def rng(self) -> Random:
        """Where random numbers come from: by default the functions of the module `random`."""
        if self._rng is None:
            import random  # most processes never retry, and it is slow to import

            self._rng = cast("Random", random)
        return self._rng

    def is_cancel_pending(self) -> bool:
        """Whether the run's own Task was cancelled since the phase began."""
        return self._owner.cancelling() > self._count_at_phase

    def shield(self) -> AbstractContextManager[object] | None:
        """What to wait in: once a cancel was received, out of the reach of anyio's cancel scopes.

        A cancelled anyio scope cancels again in every cycle of the event loop; absorbing that would
        burn the processor for as long as cleanup takes. Without anyio nothing is needed.
        """
        if self.cancel is None:
            return None
        scope = getattr(sys.modules.get("anyio"), "CancelScope", None)
        return None if scope is None else scope(shield=True)

    def show_lane(self, lane: Lane) -> None:
        """Show that the run's own Task waits for a lane (guarantee 28)."""
        awaited_by = getattr(asyncio, "future_add_to_awaited_by", None)  # from 3.14 on
        if awaited_by is not None:
            awaited_by(lane, self._owner)

    # What walks report

    def receive_cancel(self, error: asyncio.CancelledError) -> None:
        """Take note of a cancellation. The first is passed on to what runs, the others change nothing."""
        self.latest_cancel = error
        if self.cancel is None:
            self.cancel = error
            known = None if self.parent is None else self.parent.cancel_cause
            self._stop_early(known or CancelCause("caller"))

    def note_cancel_cause(self, cause: CancelCause) -> None:
        """Remember why functions were first cancelled."""
        if self.cancel_cause is None:
            self.cancel_cause = cause

    def record_failure(
        self, node: int, phase: PhaseId, attempts: int, error: BaseException, *, optional: bool
    ) -> None:
        """Take note of a function that failed."""
        key = self.key(node)
        if isinstance(error, SdaxExecutionError) and error.is_nested:
            self.failures += [failure.inside(key, optional=optional) for failure in error.failures]
            return
        failure = TaskFailure(key, phase, attempts, error, (*self.path, key), optional)
        # Not assigned: an exception may be a frozen dataclass, which refuses that.
        BaseException.with_traceback(error, _without_engine(error.__traceback__))
        add_failure_note(error, failure)
        if isinstance(error, Exception):
            self.failures.append(failure)
        elif self.fatal is None:
            self.fatal = error
        else:
            self.remark(f"{failure.note}: {describe(error)}")

    def fail_from_outside(
        self, task: Hashable, error: Exception, path: tuple[Hashable, ...] = ()
    ) -> None:
        """Take note that something which `task` holds has died, and stop what runs (guarantee 40)."""
        if self._ended:
            raise RuntimeError("the run has ended already")
        path = path or (task,)
        runs = self._walk is not None and not self._walk.is_over()
        if self.parent is not None and not runs and self.phase is not PhaseId.POST_EXEC:
            # Between two phases of a nested run only the run around it can stop anything.
            self.body_error = error
            around = self.key_in_parent
            self.parent.fail_from_outside(around, error, (around, *path))
            return
        optional = any(self.key(node) == task for node in self.plan.optional)
        failure = TaskFailure(task, self.phase, 1, error, (*self.path, *path), optional)
        add_failure_note(error, failure)
        self.failures.append(failure)
        if self.phase is PhaseId.POST_EXEC or optional:
            return
        cause = CancelCause("resource", task, error)
        self._stop_early(cause)
        if not runs and self.cancel_body is not None:
            self.cancel_body(str(cause))

    def interrupt(self, error: BaseException) -> None:
        """End early with an exception that is raised as it is (guarantee 16)."""
        if self.fatal is None:
            self.fatal = error
        self._stop_early(CancelCause("failure", None, error))

    def record_skipped(self, node: int, phase: PhaseId, reason: str) -> None:
        """Take note of a task that does not run: its `when` said no, or one that it depends on failed."""
        task = self.plan.graph.tasks[node]
        functions = (
            (task.execute,)
            if phase is PhaseId.EXECUTE and reason == "failure"
            else (task.pre_execute, task.execute, task.post_execute)
        )
        if phase is PhaseId.PRE_EXEC and reason == "failure":
            self.left_out.add(node)
        if any(function is not None for function in functions):
            self.skipped.append(node)
            if self.observation is not None:
                self.observation.tell("task_skipped", self.handle, self.key(node), phase, reason)

    def record_cleanup_timeout(self, walk: Walk) -> None:
        """Take note of a cleanup that took too long (guarantee 19)."""
        running, not_started = walk.running_and_not_started()
        error = TimeoutError(
            f"cleanup not done within cleanup_timeout of {self.cleanup_timeout} seconds; "
            f"cancelled: {self._listed(running)}; not started: {self._listed(not_started)}"
        )
        self.failures.append(TaskFailure(None, PhaseId.POST_EXEC, 0, error))  # of no one task

    def break_down(self, error: Exception) -> None:
        """Take note that the engine cannot go on."""
        if self.fatal is None:
            self.fatal = error

    def remark(self, note: str) -> None:
        """Keep a note for whatever the run raises."""
        self._remarks.append(note)

    # How it ends

    def skipped_keys(self) -> tuple[Hashable, ...]:
        """The keys of the tasks that were skipped, in order of adding (guarantee 11)."""
        return tuple(self.key(node) for node in sorted(self.skipped))

    def required_failures(self) -> list[TaskFailure]:
        """The failures that the run raises: not those of optional tasks."""
        return [failure for failure in self.failures if not failure.optional]

    def execution_error(self, known: int = 0) -> SdaxExecutionError:
        """Make the error that holds all failures that are to be raised, but for the first `known`."""
        error = SdaxExecutionError.of(self.required_failures()[known:], self.skipped_keys())
        error.is_nested = self.parent is not None
        for note in self._remarks:
            add_note(error, note)
        return error

    def error_to_raise(self) -> BaseException | None:
        """What the run is to raise: what ended it early, else the failures.

        That is the fatal exception, else the cancellation, else the deadline.
        """
        error = self.fatal or self.cancel or self.expired
        if error is None:
            return self.execution_error() if self.failures and self.required_failures() else None
        self.note_on(error)
        return error

    def exception_so_far(self) -> BaseException | None:
        """What the run, or what is around it, would raise if it ended now."""
        error = self.fatal or self.cancel or self.expired
        if error is None and self.required_failures():
            error = self.execution_error()
        if error is None:
            error = self.body_error
        if error is None and self.parent is not None:
            error = self.parent.exception_so_far()
        return error

    @property
    def outcome(self) -> Outcome:
        """How the run is going; see `RunHandle.outcome`."""
        if self.fatal is None and (self.cancel is not None or self.expired is not None):
            return "cancelled"
        if self.fatal is not None or self.required_failures():
            return "failed"
        if self.body_error is not None:
            return "failed"
        around = "running" if self.parent is None else self.parent.outcome
        if around in ("failed", "cancelled"):
            return around
        return "succeeded" if self.phase is PhaseId.POST_EXEC else "running"

    @property
    def handle(self) -> RunHandle:
        """The run as its functions see it."""
        if self._handle is None:
            self._handle = RunHandle(self)
        return self._handle

    @property
    def path(self) -> tuple[Hashable, ...]:
        """The keys of the tasks that the run is nested in."""
        return () if self.parent is None else (*self.parent.path, self.key_in_parent)

    def note_on(self, error: BaseException) -> None:
        """Attach to `error`, which is raised in their stead, what else there is to know."""
        for failure in self.failures:
            if failure.exception is not error:
                where = "" if failure.is_of_no_task else f"{failure.note}: "
                add_note(error, f"{where}{describe(failure.exception)}")
        for note in self._remarks:
            add_note(error, note)

    def _is_cancel_unreceived(self) -> bool:
        # Functions that never suspend give a cancel no chance to be delivered (guarantee 9).
        return self.cancel is None and self._owner.cancelling() > self._count_at_start

    async def _receive_pending_cancel(self) -> None:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            self.receive_cancel(error)
        else:
            self._count_at_start = self._owner.cancelling()

    def _listed(self, nodes: Sequence[int]) -> str:
        return ", ".join(repr(self.key(node)) for node in nodes) or "none"


def _without_engine(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback from the user's function on: the frames above it are the same for every task."""
    while traceback is not None and traceback.tb_frame.f_globals.get("__package__") == _PACKAGE:
        traceback = traceback.tb_next
    return traceback

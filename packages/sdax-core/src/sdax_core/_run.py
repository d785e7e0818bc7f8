"""One run of a graph: its three phases, what failed in them, and how it ends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from contextvars import Context
from types import TracebackType
from typing import Any

from sdax_core._errors import SdaxExecutionError
from sdax_core._notes import add_note, describe
from sdax_core._open_lanes import Lane
from sdax_core._phase_id import PhaseId
from sdax_core._plan import Plan, WalkPlan
from sdax_core._pump import CAN_START_EAGERLY
from sdax_core._task_failure import TaskFailure, add_failure_note
from sdax_core._walk import OnFailure, Walk

_PACKAGE = __name__.partition(".")[0]


class Run:
    """The state of one run. It shares nothing with another run but the plan (guarantee 27)."""

    __slots__ = (
        "_begun",
        "_count_at_phase",
        "_count_at_start",
        "_owner",
        "_pre_walk",
        "_remarks",
        "_walk",
        "cancel",
        "ctx",
        "failures",
        "fatal",
        "is_debug",
        "is_eager",
        "kept",
        "latest_cancel",
        "loop",
        "plan",
        "skipped",
    )

    def __init__(self, plan: Plan, ctx: Any) -> None:
        owner = asyncio.current_task()
        if owner is None:
            raise RuntimeError("a run needs an asyncio Task to run in; call it from a coroutine")
        self._owner = owner
        self._count_at_start = self._count_at_phase = owner.cancelling()
        self.plan = plan
        self._begun = False
        self._walk: Walk | None = None
        """The phase that was begun most recently."""
        self._pre_walk: Walk | None = None
        self._remarks: list[str] = []
        self.loop = asyncio.get_running_loop()
        self.ctx = ctx
        self.kept: dict[int, Context] = {}
        """The contexts of the tasks that have set a context variable (guarantee 26)."""
        self.failures: list[TaskFailure] = []
        self.skipped: list[int] = []
        self.fatal: BaseException | None = None
        """An exception that is raised as it is: `KeyboardInterrupt` and its like (guarantee 16)."""
        self.cancel: asyncio.CancelledError | None = None
        """The first cancellation that the run received (guarantee 17)."""
        self.latest_cancel: asyncio.CancelledError | None = None

        self.is_eager = CAN_START_EAGERLY and self.loop.get_task_factory() is None
        self.is_debug = self.loop.get_debug()

    # Phases

    async def phase(self, phase: PhaseId) -> None:
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
        plan = self.plan.pre_execute
        if plan.ready:
            walk = self._pre_walk = self._start(PhaseId.PRE_EXEC, plan, OnFailure.STOP)
            if not walk.is_over():
                await walk.finish()

    async def execute(self) -> None:
        """Work, unless a cancel was requested meanwhile."""
        if self._is_cancel_unreceived():
            await self._receive_pending_cancel()
        plan = self.plan.execute
        if self.cancel is None and plan.ready:
            cancels = self.plan.options.on_execute_error == "cancel"
            on_failure = OnFailure.STOP if cancels else OnFailure.SKIP
            walk = self._start(PhaseId.EXECUTE, plan, on_failure)
            if not walk.is_over():
                await walk.finish()

    async def post_execute(self) -> None:
        """Release what is due (guarantee 13)."""
        if not self._begun:
            return
        if self._is_cancel_unreceived():
            await self._receive_pending_cancel()
        plan = self._cleanup_plan()
        if plan.ready:
            limit = self.cleanup_timeout
            deadline = None if limit is None else self.loop.time() + limit
            walk = self._start(PhaseId.POST_EXEC, plan, OnFailure.RELEASE)
            if not walk.is_over():
                await walk.finish(deadline)

    def has_begun(self) -> bool:
        """Whether `pre_execute` has begun, so that there is something to clean up."""
        return self._begun

    def is_going_well(self) -> bool:
        """Whether nothing has happened so far that keeps `execute` from beginning."""
        return not self.failures and self.cancel is None and self.fatal is None

    def adopt_owner(self) -> None:
        """Have the calling Task run the next phase: a runner may be handed from one to another."""
        owner = asyncio.current_task()
        if owner is not None and owner is not self._owner:
            self._owner = owner
            self._count_at_start = owner.cancelling()

    def _start(self, phase: PhaseId, plan: WalkPlan, on_failure: OnFailure) -> Walk:
        self._count_at_phase = self._owner.cancelling()
        walk = self._walk = Walk(self, phase, plan, on_failure)
        walk.start()
        return walk

    def _cleanup_plan(self) -> WalkPlan:
        plan, walk = self.plan.post_execute, self._pre_walk
        if walk is None or not walk.stopped:
            return plan  # every task was passed
        not_begun = set(walk.ready)
        # A count of 0 says: started, or passed for want of a function, or ready and not begun.
        return plan.narrowed(
            node for node, left in enumerate(walk.waiting) if not left and node not in not_begun
        )

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
            if self._walk is not None:
                self._walk.take_cancel()

    def record_failure(
        self, node: int, phase: PhaseId, attempts: int, error: BaseException
    ) -> None:
        """Take note of a function that failed."""
        failure = TaskFailure(self.key(node), phase, attempts, error)
        # Not assigned: an exception may be a frozen dataclass, which refuses that.
        BaseException.with_traceback(error, _without_engine(error.__traceback__))
        add_failure_note(error, failure)
        if isinstance(error, Exception):
            self.failures.append(failure)
        elif self.fatal is None:
            self.fatal = error
        else:
            self.remark(f"{failure.note}: {describe(error)}")

    def record_skipped(self, node: int) -> None:
        """Take note of a task that depends on one whose `execute` failed."""
        if self.plan.execute.functions[node] is not None:
            self.skipped.append(node)

    def record_cleanup_timeout(self, running: Sequence[int], not_started: Sequence[int]) -> None:
        """Take note of a cleanup that took too long (guarantee 19)."""
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

    def execution_error(self) -> SdaxExecutionError:
        """Make the error that holds all failures."""
        error = SdaxExecutionError.of(self.failures, self.skipped_keys())
        for note in self._remarks:
            add_note(error, note)
        return error

    def outcome(self) -> BaseException | None:
        """What the run is to raise: the fatal exception, else the cancellation, else the failures."""
        error = self.fatal or self.cancel
        if error is None:
            return self.execution_error() if self.failures else None
        self.note_on(error)
        return error

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

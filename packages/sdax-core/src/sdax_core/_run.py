"""One run of a graph: its three phases, and what its walks need to know of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any
from weakref import ref

from sdax_core._cancel_cause import CancelCause
from sdax_core._phase_id import PhaseId
from sdax_core._plan import Plan, WalkPlan
from sdax_core._pump import CAN_START_EAGERLY
from sdax_core._run_handle import RUN, RunHandle
from sdax_core._run_record import RunRecord
from sdax_core._run_settings import RunSettings
from sdax_core._task_failure import TaskFailure
from sdax_core._walk import OnFailure, Walk

if TYPE_CHECKING:
    from sdax_core._held import Held
    from sdax_core._observation import Observation


class Run:
    """The state of one run. It shares nothing with another run but the plan (guarantee 27)."""

    # Class attributes, and no slots: most runs never set one of these, and setting all of them would be a good
    # part of what a small run costs.
    id: str | None = None
    """What `RunHandle.id` gives, once somebody has asked for it."""
    parent: Run | None = None
    """The run that this one is nested in."""
    key_in_parent: Hashable = None
    phase: PhaseId = PhaseId.PRE_EXEC
    """The phase that was begun most recently."""
    observation: Observation | None = None
    """The observers, if there are any."""
    takes_part: dict[int, bool] | None = None
    """What the `when` of tasks answered, if there are such (guarantee 37)."""
    cancel_body: Callable[[str], None] | None = None
    """Cancels the body of the `open` block, if it is running."""
    deadline: float | None = None
    """When the timeout of the run, or of one around it, runs out, by the event loop's clock."""
    is_reported: bool = False
    """Somebody is shown what each function does."""
    left_out: set[int] | None = None
    """Optional tasks that could not prepare, and what depends on them, if there are any (guarantee 38)."""
    held: dict[Hashable, Held] | None = None
    """What tasks hold for the run, if any do (guarantee 40)."""
    _begun: bool = False
    _ended: bool = False
    _walk: Walk | None = None
    _pre_walk: Walk | None = None
    _handle: RunHandle | None = None
    _handle_given: ref[RunHandle] | None = None
    _base: Context | None = None
    _timeout_ends: float | None = None
    """When the run's own timeout runs out; it may be later than the deadline of a run around it."""
    _deadline_timer: asyncio.TimerHandle | None = None

    def __init__(self, plan: Plan, ctx: Any, settings: RunSettings) -> None:
        owner = asyncio.current_task()
        if owner is None:
            raise RuntimeError("a run needs an asyncio Task to run in; call it from a coroutine")
        self.owner: asyncio.Task[Any] = owner
        """The Task that runs the phases, and waits for the lanes."""
        self._count_at_start = self._count_at_phase = owner.cancelling()
        self.plan: Plan = plan
        self.ctx: Any = ctx
        self.settings: RunSettings = settings
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.record: RunRecord = RunRecord(plan.nodes)
        self.kept: dict[int, Context] = {}
        """The contexts of the tasks that have set a context variable (guarantee 26)."""
        self.is_eager: bool = CAN_START_EAGERLY and self.loop.get_task_factory() is None
        self.is_named: bool = self.loop.get_debug()
        """asyncio Tasks bear the names of what they run (guarantee 28)."""
        if plan.gates:
            self.takes_part = {}
        if settings.observers:
            from sdax_core._observation import Observation  # on demand, as few runs have observers

            self.observation = Observation(self, settings.observers)
            self.is_named = self.is_reported = True
        elif settings.interceptors:
            self.is_reported = True

    def nest_in(self, parent: Run, key: Hashable) -> None:
        """Make this a run inside another, for the task `key` there (guarantee 41)."""
        self.parent = parent
        self.key_in_parent = key
        self.record.around = parent.record
        self.record.path = (*parent.record.path, key)
        self.deadline = parent.deadline

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
        if self.record.cancel is not None:
            return
        if self.observation is not None:
            self._tell("run_started")
            if self.record.fatal is not None:
                return
        self._begun = True
        if self.settings.timeout is not None:
            self._set_deadline(self.settings.timeout)
        plan = self.plan.pre_execute
        if not plan.ready:
            self._watch_deadline()
            return
        walk = self._pre_walk = self._start(PhaseId.PRE_EXEC, plan, OnFailure.STOP)
        self._watch_deadline()
        if not walk.is_over():
            await walk.finish()
        self._finished(walk)

    async def execute(self) -> None:
        """Work, unless a cancel was requested meanwhile, or the deadline is past."""
        if self._is_cancel_unreceived():
            await self._receive_pending_cancel()
        plan = self.plan.execute
        if self.takes_part or self.left_out:
            absent = self._declined().union(self.left_out or ())
            plan = plan.narrowed(set(range(len(plan.functions))) - absent)
        if not plan.ready:
            return
        if self._deadline_timer is not None and not self.handle.remaining():
            self._expire()
        if self.record.is_going_well():
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
        if self.held:
            # All cleanups are over; one that was cut short by `cleanup_timeout` has stopped its walk.
            from sdax_core._held import let_go_of_all  # on demand, as it hardly ever is

            await let_go_of_all(self, at_once=self._walk is not None and self._walk.stopped)
        self._end()

    def _start(self, phase: PhaseId, plan: WalkPlan, on_failure: OnFailure) -> Walk:
        self._count_at_phase = self.owner.cancelling()
        self.phase = phase
        walk = self._walk = Walk(self, phase, plan, on_failure)
        if self.observation is not None:  # one that is interrupted by Ctrl-C stops the walk at once
            self._tell("phase_started", phase, self.loop.time())
        walk.start()
        return walk

    def _finished(self, walk: Walk) -> None:
        if self.observation is not None:
            self._tell("phase_ended", walk.phase, self.loop.time())

    def _end(self) -> None:
        """All is over. What refers to each other is taken apart: nothing is left for the garbage collector."""
        self._ended = True
        self._walk = self._pre_walk = self._base = None
        self.kept.clear()
        if self.parent is not None:
            self.parent.record.add_optional_of(self.record, self.key_in_parent)
        if self.observation is not None:
            self._tell("run_ended", self.record.exception_so_far())
            self.observation = None
        if self._handle is not None:
            self._handle_given = ref(
                self._handle
            )  # it refers to the run, and no cycle is to be left
            self._handle = None

    def _cleanup_plan(self) -> WalkPlan:
        plan, walk = self.plan.post_execute, self._pre_walk
        if not plan.ready:
            return plan
        absent = self._declined()
        if walk is None or not (walk.stopped or self.left_out):
            # Every task was passed.
            return plan.narrowed(set(range(len(plan.functions))) - absent) if absent else plan
        absent |= set(walk.ready)
        # A count of 0 says: started, or passed for want of a function, or ready and not begun.
        return plan.narrowed(
            node for node, left in enumerate(walk.waiting) if not left and node not in absent
        )

    def _declined(self) -> frozenset[int]:
        """The tasks whose `when` said no, or raised: they have nothing to run."""
        if not self.takes_part:
            return frozenset()
        return frozenset(node for node, answer in self.takes_part.items() if not answer)

    # The deadline, and ending early

    def _expire(self) -> None:
        """End early, because the time is up."""
        message = f"the run was not done within its timeout of {self.settings.timeout} seconds"
        if self._walk is not None and self._is_walking():
            running, not_started = self._walk.running_and_not_started()
            message += (
                f"; cancelled in {self.phase}: {self.record.listed(running)}; "
                f"not started: {self.record.listed(not_started)}"
            )
        else:
            message += "; execute had not begun"
        self.record.expired = TimeoutError(message)
        self._stop_early(CancelCause("deadline"))

    def _set_deadline(self, seconds: float) -> None:
        when = self.loop.time() + seconds
        self.deadline = when if self.deadline is None else min(when, self.deadline)
        self._timeout_ends = when

    def _watch_deadline(self) -> None:
        # Only once the first lanes have been opened: a limit of 0 seconds may run out in the very next cycle, and
        # what would begin in that cycle does (guarantee 32.9).
        if self._timeout_ends is not None:
            self._deadline_timer = self.loop.call_at(self._timeout_ends, self._reach_deadline)

    def _reach_deadline(self) -> None:
        # Between two phases it stops nothing: `execute` looks at the time before it begins.
        if self._is_walking() and self.record.cancel is None:
            self._expire()

    def _is_walking(self) -> bool:
        return self._walk is not None and not self._walk.is_over()

    def _stop_early(self, cause: CancelCause) -> None:
        self.record.note_cancel_cause(cause)
        if self._walk is not None and not self._walk.is_over():
            self._walk.take_cancel(cause)

    # What those who call phases ask

    def has_begun(self) -> bool:
        """Whether `pre_execute` has begun, so that there is something to clean up."""
        return self._begun

    def adopt_owner(self) -> None:
        """Have the calling Task run the next phase: a runner may be handed from one to another."""
        owner = asyncio.current_task()
        if owner is not None and owner is not self.owner:
            self.owner = owner
            self._count_at_start = owner.cancelling()
        self._base = None

    # What walks ask

    def base(self) -> Context:
        """The context that functions start from: that of the call that began their phase (guarantee 26)."""
        if self._base is None:
            self._base = copy_context()
            self._base.run(RUN.set, self)
        return self._base

    @property
    def cleanup_timeout(self) -> float | None:
        """Seconds that cleanup may take."""
        return self.plan.options.cleanup_timeout

    def key(self, node: int) -> Hashable:
        """The key of a task."""
        key: Hashable = self.plan.nodes.keys[node]
        return key

    def function(self, node: int, phase: PhaseId) -> object:
        """The function of a task as the user gave it."""
        return getattr(self.plan.nodes.tasks[node], phase).function

    def is_cancel_pending(self) -> bool:
        """Whether the run's own Task was cancelled since the phase began."""
        return self.owner.cancelling() > self._count_at_phase

    # What walks report

    def receive_cancel(self, error: asyncio.CancelledError) -> None:
        """Take note of a cancellation. The first is passed on to what runs, the others change nothing."""
        record = self.record
        record.latest_cancel = error
        if record.cancel is None:
            record.cancel = error
            known = None if self.parent is None else self.parent.record.cancel_cause
            self._stop_early(known or CancelCause("caller"))

    def fail_from_outside(
        self, task: Hashable, error: BaseException, path: tuple[Hashable, ...] = ()
    ) -> None:
        """Take note that something which `task` holds has died, and stop what runs (guarantee 44)."""
        if self._ended:
            raise RuntimeError("the run has ended already")
        path = path or (task,)
        runs, in_cleanup = self._is_walking(), self.phase is PhaseId.POST_EXEC
        if self.parent is not None and not runs and not in_cleanup:
            # Between two phases of a nested run only the run around it can stop anything.
            self.record.body_error = error
            around = self.key_in_parent
            self.parent.fail_from_outside(around, error, (around, *path))
            return
        optional = not in_cleanup and any(self.key(node) == task for node in self.plan.optional)
        path = (*self.record.path, *path)
        self.record.add(TaskFailure(task, self.phase, 1, error, path, optional))
        if in_cleanup or (optional and isinstance(error, Exception)):
            return
        cause = CancelCause("resource", task, error)
        self._stop_early(cause)
        if not runs and self.cancel_body is not None:
            self.cancel_body(str(cause))

    def interrupt(self, error: BaseException) -> None:
        """End early with an exception that is raised as it is (guarantee 16)."""
        self.record.note_fatal(error, "sdax: an observer")
        self._stop_early(CancelCause("failure", None, error))

    def leave_out(self, node: int) -> None:
        """Go on without a task in all phases."""
        if self.left_out is None:
            self.left_out = set()
        self.left_out.add(node)

    def record_skipped(self, node: int, phase: PhaseId, reason: str) -> None:
        """Take note of a task that does not run: its `when` said no, or one that it depends on failed."""
        if phase is PhaseId.PRE_EXEC and reason == "failure":
            self.leave_out(node)
        if self.record.note_skipped(node, phase, reason):
            self._tell("task_skipped", self.key(node), phase, reason)

    # The run as others see it

    @property
    def handle(self) -> RunHandle:
        """The run as its functions see it; always the same object, as long as somebody holds it."""
        handle = self._handle
        if handle is None and self._handle_given is not None:
            handle = self._handle_given()
        if handle is None:
            handle = RunHandle(self)
            if self._ended:
                self._handle_given = ref(handle)
            else:
                self._handle = handle
        return handle

    def _tell(self, event: str, *details: Any) -> None:
        observation = self.observation
        if observation is not None and observation.hears(event):
            observation.tell(event, self.handle, *details)

    def _is_cancel_unreceived(self) -> bool:
        # Functions that never suspend give a cancel no chance to be delivered (guarantee 9).
        return self.record.cancel is None and self.owner.cancelling() > self._count_at_start

    async def _receive_pending_cancel(self) -> None:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            self.receive_cancel(error)
        else:
            self._count_at_start = self.owner.cancelling()

"""One walk: a phase of a run, from its first ready node to its last lane closed.

The walk knows which nodes are ready and what a failure or a cancellation means for the others. Lanes run the
functions, a pump opens the lanes, and the run's own Task waits here until all of them have closed.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from sdax_core._binding import bind
from sdax_core._cancel_cause import CancelCause
from sdax_core._cancellation import is_cancellation
from sdax_core._errors import StrayCancellationError
from sdax_core._lane import NOTHING
from sdax_core._open_lanes import Lane, OpenLanes
from sdax_core._phase_id import PhaseId
from sdax_core._plan import WalkPlan, ready_beyond
from sdax_core._pump import EAGER_PUMP, EagerPump
from sdax_core._waiting import CAN_SHOW_WAITING, shield, show_waiting

if TYPE_CHECKING:
    from sdax_core._burst_pump import BurstPump
    from sdax_core._node_numbers import Edges
    from sdax_core._observed_walk import ObservedWalk
    from sdax_core._run import Run

# On 3.12 `Task.uncancel()` does not yet take back a cancel that was not delivered. A TaskGroup whose child
# fails while it is being started, as an eager task factory does it, leaves such a cancel behind: the count is 0,
# and only a private attribute tells. That version is complete, so the attribute will not change.
CANCEL_MAY_SURVIVE = sys.version_info[:2] == (3, 12)


class OnFailure(Enum):
    """What a walk does about a function that failed."""

    STOP = auto()
    """Start nothing more and cancel what runs."""
    SKIP = auto()
    """Go on without what depends on it."""
    RELEASE = auto()
    """Go on: it has ended, and only that counts."""


class Walk:
    """The state of one phase of one run."""

    __slots__ = (
        "_cancel_handle",
        "_waiter",
        "attempts",
        "base",
        "cancel_may_survive",
        "covered",
        "ctx",
        "functions",
        "kept",
        "lanes",
        "limit",
        "loop",
        "may_begin",
        "names",
        "observed",
        "on_failure",
        "open",
        "phase",
        "pump",
        "ready",
        "released",
        "run",
        "running",
        "shows_lanes",
        "stopped",
        "successors",
        "waiting",
    )

    def __init__(self, run: Run, phase: PhaseId, plan: WalkPlan, on_failure: OnFailure) -> None:
        self.run = run
        self.phase = phase
        self.on_failure = on_failure
        self.ctx = run.ctx
        self.loop = run.loop
        self.limit = run.plan.limit
        self.kept = run.kept
        self.base = run.base()
        self.successors = plan.successors
        self.observed: ObservedWalk | None = None
        self.released: Edges | ObservedWalk = plan.successors
        """Where a lane looks up what the end of a function that succeeded releases."""
        self.waiting = list(plan.waiting)
        self.ready: deque[int] = deque(plan.ready)
        self.may_begin = True
        """A ready node may be begun now."""
        self.stopped = False
        """Nothing more is started."""
        self.covered = False
        """Somebody will look after the ready nodes if the lane that asks suspends."""
        self.open = 0
        self.lanes = OpenLanes()
        self.attempts: dict[int, int] = {}
        in_cleanup = phase is PhaseId.POST_EXEC
        limit = run.plan.options.cleanup_timeout if in_cleanup else run.settings.timeout
        self.running: dict[int, None] | None = None if limit is None else {}
        """The nodes whose functions are running, if the walk may have to name them."""
        self.names: dict[Lane, str] | None = {} if run.is_named and not run.is_eager else None
        """The names of Tasks, where `loop.create_task` renames what an eager task factory has started."""
        self.shows_lanes = run.is_named and (not run.is_eager or CAN_SHOW_WAITING)
        """A lane that has suspended is to be made readable in debugging tools."""
        self._cancel_handle: asyncio.Handle | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.pump: EagerPump | BurstPump = EAGER_PUMP if run.is_eager else _burst_pump(run.loop)
        self.cancel_may_survive = CANCEL_MAY_SURVIVE and not run.is_eager
        self.functions = bind(self, plan)

    # Opening and closing lanes

    def pop_owner(self) -> int | None:
        """Take the next node, if its task has a context of its own: it gets a lane in that context."""
        if self.ready[0] not in self.kept:
            return None
        node = self.ready[0]
        # Not `popleft`, by which a function that starts is reported in an observed walk.
        del self.ready[0]
        return node

    def name_lane(self, lane: Lane, name: str) -> None:
        """Have the Task of a lane bear the name of what it runs (guarantee 28)."""
        lane.set_name(name)
        if self.names is not None:
            self.names[lane] = name

    def show_lane(self, lane: Lane) -> None:
        """Make a suspended lane readable in asyncio's debugging tools (guarantee 28)."""
        name = None if self.names is None else self.names.get(lane)
        if name is not None:
            lane.set_name(name)
        show_waiting(self.run.owner, lane)

    def cover(self, lane: Lane) -> bool:
        """Have all ready nodes but one looked after, so that `lane`, which was resumed, can go on.

        Returns:
            Whether `lane` may take that one.
        """
        if len(self.ready) > 1 + self.pump.not_begun and self.open < self.limit:
            self.lanes.drop_finished(self.open)
            self.pump.fill(self, leave=1)
        return bool(self.ready) and self.may_begin and not lane.cancelling()

    def open_lane_for_owner(self) -> bool:
        """Open the lane of the next node, whose task has a context of its own.

        Returns:
            Whether the lane that asks has still its place among those that may be open.
        """
        covered, self.covered = self.covered, True
        self.pump.open_lane(self)
        self.covered = covered
        return self.open <= self.limit

    def pass_through(self, following: Sequence[int], joins: list[int]) -> None:
        """Complete `joins`, nodes without a function that were just released, on the spot."""
        released = self._ready_beyond(joins)
        if self.ready:
            # What is released together is ready in order of adding, whether through a join or not.
            siblings = set(following)
            while self.ready and self.ready[-1] in siblings:
                released.append(self.ready.pop())
            released = self.run.plan.nodes.in_order_of_adding(released)
        self.ready.extend(released)

    def _ready_beyond(self, nodes: Sequence[int]) -> list[int]:
        place_of = self.run.plan.nodes.place_of
        return ready_beyond(nodes, self.functions, self.successors, self.waiting, place_of)

    def has_stray_cancel(self, lane: Lane) -> bool:
        """Whether a cancel is pending that would go off in the next function of `lane`."""
        return lane.cancelling() > 0 or getattr(lane, "_must_cancel", False)

    def lane_closed(self) -> None:
        """Account for a lane that is about to end."""
        self.open -= 1
        if self.ready and not self.covered and self.may_begin:
            self.pump.fill(self, leave=0)
        if not self.open:
            self._wake_owner_if_over()

    # Failure and cancellation

    def ended_badly(self, node: int, error: BaseException, lane: Lane, returned: object) -> bool:
        """Sort what came out of a function.

        Returns:
            Whether the nodes that wait for this one are to be released.
        """
        try:
            error = self._explained(node, error, returned)
            if self.observed is not None:
                self.observed.report_failure(node, error, lane)
            return self._sort(node, error, lane)
        except Exception as trouble:  # a user's key or exception may do anything when asked
            self.run.record.note_fatal(trouble, "sdax: the engine")
            releases = self.on_failure is OnFailure.RELEASE
            if not releases:
                self._stop()
                self.cancel_lanes(CancelCause("failure", None, trouble), spare=lane)
            return releases

    def _explained(self, node: int, error: BaseException, returned: object) -> BaseException:
        """Give the error that says that what a function returned cannot be awaited, if that is what happened."""
        if not isinstance(error, TypeError) or returned is NOTHING or inspect.isawaitable(returned):
            return error
        from sdax_core._attempt import not_awaitable_error  # on demand, as few functions need it

        function = self.run.function(node, self.phase)
        return not_awaitable_error(self.run.key(node), self.phase, function, returned)

    def _sort(self, node: int, error: BaseException, lane: Lane) -> bool:
        releases = self.on_failure is OnFailure.RELEASE
        if is_cancellation(error):
            if self.was_cancel_asked(lane):
                self.run.record.keep_notes(error)
                if not releases:
                    self._stop()
                return releases
            error = self._stray_cancellation(node, error)
        is_fatal = not isinstance(error, Exception)
        optional = not releases and not is_fatal and node in self.run.plan.optional
        self.run.record.add_failure(
            node, self.phase, self.attempts.get(node, 1), error, optional=optional
        )
        if is_fatal:
            if not releases:
                self._stop()
            self.cancel_lanes(CancelCause("failure", self.run.key(node), error), spare=lane)
        elif optional:
            self._leave_out(node)
            return False
        elif self.on_failure is OnFailure.STOP:
            self._stop_soon(CancelCause("failure", self.run.key(node), error))
        if self.phase is PhaseId.EXECUTE:
            self._skip_successors(node)
        return releases

    def was_cancel_asked(self, lane: Lane) -> bool:
        """Whether a `CancelledError` out of `lane` is one that was asked for (guarantee 21).

        It was if the run cancelled this lane, or if the lane and the run's own Task were both cancelled
        from outside, as `asyncio.run` does when it shuts down, and the lane woke first.
        """
        return self.lanes.was_cancelled(lane) or (
            self.lanes.was_cancelled_outside(lane) and self.run.is_cancel_pending()
        )

    def take_cancel(self, cause: CancelCause) -> None:
        """React to what ends the run early: cancel what runs; only cleanup goes on."""
        if self.on_failure is not OnFailure.RELEASE:
            self._stop()
        self.cancel_lanes(cause)
        self._wake_owner_if_over()

    def cancel_lanes(
        self, cause: CancelCause, *, spare: Lane | None = None, again: bool = False
    ) -> None:
        """Cancel the functions that are running, and remember why."""
        self.run.record.note_cancel_cause(cause)
        self.lanes.cancel(cause, spare=spare, again=again)

    def break_down(self, error: Exception) -> None:
        """Give up: no lane can be opened."""
        self.run.record.note_fatal(error, "sdax: the engine")
        self._stop()
        self.cancel_lanes(CancelCause("failure", None, error))

    def _stop(self) -> None:
        self.stopped = True
        self.may_begin = False

    def _stop_soon(self, cause: CancelCause) -> None:
        # The siblings are cancelled from a callback, as by `asyncio.TaskGroup`: one whose wake-up is already
        # queued in this cycle still gets it (guarantee 10).
        self.run.record.note_cancel_cause(cause)
        self._stop()
        if self._cancel_handle is None:
            self._cancel_handle = self.loop.call_soon(self.cancel_lanes, cause, context=self.base)

    def _stray_cancellation(self, node: int, error: BaseException) -> StrayCancellationError:
        stray = StrayCancellationError(
            f"task {self.run.key(node)!r}, {self.phase}: raised CancelledError, but nobody had asked it to stop"
        )
        stray.__cause__ = error
        return stray

    def _leave_out(self, node: int) -> None:
        """Go on without an optional task, and without what depends on it (guarantee 38)."""
        if self.phase is PhaseId.PRE_EXEC:
            self.run.leave_out(node)
        self._skip_successors(node)

    def _skip_successors(self, node: int) -> None:
        """Skip what depends on `node`, which has ended badly; what is only `after` it goes on."""
        only_after = self.run.plan.nodes.only_after
        released: list[int] = []
        reached = [node]
        while reached:
            current = reached.pop()
            for successor in self.successors[current]:
                if self.waiting[successor] <= 0:
                    continue  # skipped already
                if (current, successor) in only_after:
                    self.waiting[successor] -= 1
                    if not self.waiting[successor]:
                        released.append(successor)
                else:
                    self.waiting[successor] = -1  # counts down from here and never comes to 0
                    self.run.record_skipped(successor, self.phase, "failure")
                    reached.append(successor)
        if released:
            self.ready.extend(self._ready_beyond(self.run.plan.nodes.in_order_of_adding(released)))

    def _expire(self) -> None:
        """End a cleanup that takes too long: cancel what runs, start nothing more (guarantee 19)."""
        self._stop()
        limit = self.run.plan.options.cleanup_timeout
        self.run.record.add_cleanup_timeout(limit, *self.running_and_not_started())
        self.cancel_lanes(CancelCause("cleanup timeout"), again=True)
        self._wake_owner_if_over()

    def running_and_not_started(self) -> tuple[list[int], list[int]]:
        """Give the nodes whose functions are running, and those whose functions were not started."""
        ready = set(self.ready)
        not_started = [
            node
            for node, function in enumerate(self.functions)
            if function is not None and (self.waiting[node] > 0 or node in ready)
        ]
        return list(self.running or ()), not_started

    # On the run's own Task

    def start(self) -> None:
        """Open the first lanes; what they run may be all there is."""
        self.pump.fill(self, leave=0)
        if self.is_over():
            self._close()

    def is_over(self) -> bool:
        """Whether nothing runs and nothing more will."""
        return not self.open and (self.stopped or not self.ready)

    def _wake_owner_if_over(self) -> None:
        if self._waiter is not None and not self._waiter.done() and self.is_over():
            self._waiter.set_result(None)

    async def finish(self, deadline: float | None = None) -> None:
        """Wait until every lane has closed, passing on the first cancel and absorbing the others.

        Args:
            deadline: The time, by the event loop's clock, at which to end a cleanup.
        """
        timer = None if deadline is None else self.loop.call_at(deadline, self._expire)
        while not self.is_over():
            waiter = self._waiter = self.loop.create_future()
            shielded = None if self.run.record.cancel is None else shield()
            try:
                if shielded is None:
                    await waiter
                else:
                    with shielded:
                        await waiter
            except asyncio.CancelledError as error:
                self.run.receive_cancel(error)
        self._waiter = None
        if timer is not None:
            timer.cancel()
        self._close()

    def _close(self) -> None:
        """Take back what is scheduled; every lane has closed."""
        # Lanes, what is around functions and who observes them know the walk: no cycle is left for the garbage
        # collector (guarantee 20.4).
        self.lanes.clear()
        self.functions = ()
        if self.names is not None:
            self.names.clear()
        if self.observed is not None:
            self.observed, self.released, self.ready = None, (), deque(self.ready)
        self.pump.close()
        if self._cancel_handle is not None:
            self._cancel_handle.cancel()


def _burst_pump(loop: asyncio.AbstractEventLoop) -> BurstPump:
    from sdax_core._burst_pump import BurstPump  # on demand, as most loops can start Tasks eagerly

    return BurstPump(loop)

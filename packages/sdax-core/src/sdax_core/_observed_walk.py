"""Functions without settings in a walk that somebody observes: most functions are such.

A run with an observer should take no longer than hand-written code without one. So nothing is put around such a
function. It is reported where the lane does what it does anyway: when it takes a node from `Walk.ready`, a function
starts, and when it looks up in `Walk.released` what the end of a function releases, that one has succeeded.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import current_task
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sdax_core._end_order import EndOrder
from sdax_core._node_numbers import Edges
from sdax_core._observation import Observation
from sdax_core._open_lanes import Lane
from sdax_core._plan import GuardedNode
from sdax_core._reported_attempt import end_badly
from sdax_core._reports import Attempt, FunctionCall

if TYPE_CHECKING:
    from sdax_core._walk import Walk


class ReadyNodes(deque[int]):
    """The ready nodes of an observed walk."""

    __slots__ = ("_report_start",)

    def __init__(self, nodes: Iterable[int], report_start: Callable[[int], None]) -> None:
        super().__init__(nodes)
        self._report_start = report_start

    def popleft(self) -> int:
        """Give the next node to a lane that runs its function at once."""
        node = super().popleft()
        self._report_start(node)
        return node


class ObservedWalk:
    """A walk together with those who observe it; also the `Walk.released` of that walk."""

    __slots__ = (
        "_attempts",
        "_calls",
        "_ended",
        "_ends",
        "_names",
        "_nodes",
        "_observation",
        "_run",
        "_successors",
        "_time",
        "_walk",
    )

    def __init__(
        self,
        walk: Walk,
        observation: Observation,
        ends: EndOrder,
        nodes: Sequence[GuardedNode | None],
    ) -> None:
        self._walk = walk
        self._nodes = nodes
        self._run = walk.run
        self._observation = observation
        self._ends = ends
        self._ended = ends.ended
        self._names = walk.names
        self._successors: Edges = walk.successors
        self._time = _clock_of(walk.loop)
        self._calls: dict[int, FunctionCall] = {}
        """The functions that are running."""
        self._attempts: dict[int, Attempt] = {}
        """Their attempts, if anybody wants to know of those."""
        walk.observed = walk.released = self
        walk.ready = ReadyNodes(walk.ready, self.report_start)

    def report_start(self, node: int) -> None:
        """Tell the observers that a function is about to be called."""
        guarded = self._nodes[node]
        if guarded is None or not guarded.is_plain:
            return  # one with settings makes its reports itself
        lane: Any = current_task()
        lane.set_name(guarded.name)
        if self._names is not None:
            self._names[lane] = guarded.name
        observation = self._observation
        call = self._calls[node] = FunctionCall(self._run, guarded, self._ends, self._time())
        if observation.function_started:
            observation.tell_all("function_started", observation.function_started, call)
        call.attempts = 1
        if observation.attempt_started or observation.attempt_ended:
            attempt = self._attempts[node] = Attempt(call, 1, call.started_at)
            observation.tell_all("attempt_started", observation.attempt_started, attempt)

    def __getitem__(self, node: int) -> tuple[int, ...]:
        """Tell the observers that a function has succeeded; give the nodes that its end releases."""
        call = self._calls.pop(node, None)
        if call is not None:
            call.ended_at = self._time()
            call.outcome = "succeeded"
            self._report_end(node, call)
        return self._successors[node]

    def report_failure(self, node: int, error: BaseException, lane: Lane) -> None:
        """Tell the observers that a function has not succeeded."""
        call = self._calls.pop(node, None)
        if call is not None:
            end_badly(call, self._walk, lane, error)
            self._report_end(node, call)

    def _report_end(self, node: int, call: FunctionCall) -> None:
        observation = self._observation
        self._ended[node] = len(self._ended)
        attempt = self._attempts.pop(node, None)
        if attempt is not None:
            attempt.ended_at = call.ended_at
            attempt.outcome, attempt.error = call.outcome, call.error
            observation.tell_all("attempt_ended", observation.attempt_ended, attempt)
        for listener in observation.function_ended:  # `tell_all` without the call
            try:
                listener[1](call)
            except BaseException as error:
                observation.drop(listener, "function_ended", error)


def _clock_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """Give the loop's clock; asyncio's own is a Python function around this one, and called twice per function."""
    is_asyncios = getattr(type(loop), "time", None) is asyncio.BaseEventLoop.time
    return time.monotonic if is_asyncios else loop.time

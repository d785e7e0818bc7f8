"""What happened in a run, as its functions saw it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from sdax_proof.events import Answer, Call, CancelRequest, Moment, RunFailure, Sighting
from sdax_proof.graph_spec import FunctionSpec, GraphSpec, Phase
from sdax_proof.virtual_clock import VirtualClockLoop

if TYPE_CHECKING:
    from sdax_core import RunHandle


class Trace:
    """Collects what happens; one per run."""

    def __init__(self, loop: asyncio.AbstractEventLoop, graph: GraphSpec) -> None:
        self._loop = loop
        self.graph = graph
        self._numbers = 0
        self.calls: list[Call] = []
        self.requests: list[CancelRequest] = []
        self.answers: list[Answer] = []
        self.run_failures: list[RunFailure] = []
        self.sightings: list[Sighting] = []
        self.interruptions: list[tuple[Moment, BaseException]] = []
        """What came out of an observer and is the program's."""
        self.handle: RunHandle | None = None
        """What `current_run()` gave."""
        self.phases: dict[Phase, Moment] = {}
        """When the caller began each phase, if it did so one by one."""
        self.left_body: Moment | None = None
        """When the `open` block was left."""
        self.problems: list[str] = []
        """Broken promises that can only be seen while the run is under way."""
        self.active: dict[asyncio.Task[Any], Call] = {}
        self.began: dict[asyncio.Task[Any], int] = {}
        """The number of the event at which each task last began an attempt."""
        self.observer = asyncio.current_task(loop)
        """The task that looks on."""
        self.begun: Moment | None = None
        self.ended: Moment | None = None

    def now(self) -> Moment:
        """A new event."""
        self._numbers += 1
        return self.latest()

    def latest(self) -> Moment:
        """Now, with the number of the latest event."""
        if isinstance(self._loop, VirtualClockLoop):
            return Moment(self._numbers, self._loop.time(), self._loop.cycles)
        return Moment(self._numbers, 0.0, 0)

    def begin(self, task: int, phase: Phase, spec: FunctionSpec) -> Call:
        """An attempt begins."""
        attempt = sum(call.task == task and call.phase == phase for call in self.calls)
        moment = self.now()
        call = Call(
            task, phase, attempt, spec.behaviour(attempt), spec, begun=moment, entered=moment
        )
        self.calls.append(call)
        own = asyncio.current_task()
        if own is None:
            self.problems.append(f"28: {call.name} runs outside of any asyncio task")
        elif own in self.active:
            self.problems.append(f"27: {call.name} began in the task of {self.active[own].name}")
        else:
            self.active[own] = call
            self.began[own] = moment.number
        return call

    def deadline(self, timeout: float | None) -> float | None:
        """When a run with that timeout, which counts from its first phase, reaches its deadline."""
        begun = self.phases.get("pre_execute", self.begun)
        return None if timeout is None or begun is None else begun.time + timeout

    def enter(self, task: int, phase: Phase, spec: FunctionSpec) -> Call:
        """The function itself is called, perhaps inside of interceptors."""
        call = self.active_call()
        if call is None or not call.intercepted or (call.task, call.phase) != (task, phase):
            return self.begin(task, phase, spec)
        if call.entered is not None:
            self.problems.append(f"35: {call.name} was called twice")
        call.entered = self.now()
        return call

    def leave(self, call: Call, error: BaseException | None) -> None:
        """The function itself ends."""
        if call.intercepted:
            call.left, call.own_error = self.now(), error
        else:
            self.end(call, error)

    def active_call(self) -> Call | None:
        """The attempt that the asyncio task of the caller is in."""
        own = asyncio.current_task()
        return None if own is None else self.active.get(own)

    def end(self, call: Call, error: BaseException | None) -> None:
        """An attempt ends."""
        call.error = error
        call.ended = self.now()
        own = asyncio.current_task()
        if own is not None and self.active.get(own) is call:
            del self.active[own]
        else:
            self.problems.append(f"27: {call.name} ended in another asyncio task")

    def fail_run(self, task: int, error: Exception) -> None:
        """Tell the run that something which the task holds has died."""
        if self.handle is None or self.ended is not None:
            return
        phase = cast("Phase", str(self.handle.phase))
        stops = phase != "post_execute" and not self.graph.is_optional(task, phase)
        self.run_failures.append(RunFailure(self.now(), task, phase, error, stops))
        self.handle.fail(self.graph.tasks[task].key, error)

    def interrupt(self, error: BaseException) -> None:
        """An observer is about to raise what ends the run."""
        self.interruptions.append((self.now(), error))

    def request_cancel(self, task: asyncio.Task[Any], *, from_inside: bool = False) -> None:
        """Cancel the task that awaits the run."""
        if task.done():
            return
        request = CancelRequest(self.now(), from_inside)
        self.requests.append(request)
        task.cancel()
        # The task's wake-up is queued now; what is queued behind it runs when it has been received.
        # A task that is in the middle of its own step is woken one round later.
        self._loop.call_soon(self.mark_received, request, 1 if from_inside else 0)

    def mark_received(self, request: CancelRequest, more_rounds: int) -> None:
        """Note that the request has been received, after some more rounds of the loop."""
        if more_rounds:
            self._loop.call_soon(self.mark_received, request, more_rounds - 1)
        else:
            request.received = self.now()

    def of(self, task: int, phase: Phase) -> list[Call]:
        """The attempts of one function, in order."""
        return [call for call in self.calls if call.task == task and call.phase == phase]

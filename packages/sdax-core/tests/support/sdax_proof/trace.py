"""What happened in a run, as its functions saw it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from sdax_proof.graph_spec import Behaviour, FunctionSpec, Phase
from sdax_proof.virtual_clock import VirtualClockLoop


@dataclass(frozen=True, order=True)
class Moment:
    """A point in a run: the number of the event, the virtual time, the round of the loop.

    On a loop with a real clock time and round are 0: a millisecond may pass between any two events.
    """

    number: int
    time: float
    cycle: int


@dataclass(eq=False)
class Subtask:
    """A subtask in a function's task group."""

    begun: Moment | None = None
    ended: Moment | None = None
    error: BaseException | None = None


@dataclass(eq=False)
class Call:
    """One attempt."""

    task: int
    phase: Phase
    attempt: int
    behaviour: Behaviour
    spec: FunctionSpec
    begun: Moment
    ended: Moment | None = None
    error: BaseException | None = None
    stray: asyncio.CancelledError | None = None
    """The CancelledError that it raised of its own accord."""
    cancels: list[Moment] = field(default_factory=list[Moment])
    """When it received a CancelledError."""
    subtasks: list[Subtask] = field(default_factory=list[Subtask])
    opaque: bool = False
    """It was inside asyncio's own TaskGroup or timeout, which may keep a cancel to themselves."""

    @property
    def name(self) -> str:
        """Task, phase and attempt, for messages."""
        return f"{self.task}.{self.phase}#{self.attempt}"

    @property
    def over(self) -> Moment | None:
        """When the function and all its subtasks had ended."""
        moments = [self.ended] + [subtask.ended for subtask in self.subtasks if subtask.begun]
        known = [moment for moment in moments if moment is not None]
        return max(known) if len(known) == len(moments) else None


@dataclass(eq=False)
class CancelRequest:
    """A `cancel()` of the task that awaits the run, and when that task had surely received it."""

    made: Moment
    from_inside: bool = False
    """A function of the run made it, perhaps in the middle of a step of the task itself."""
    certain: bool = True
    """It was made by `task.cancel()` itself, at exactly this moment."""
    received: Moment | None = None


class Trace:
    """Collects what happens; one per run."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._numbers = 0
        self.calls: list[Call] = []
        self.requests: list[CancelRequest] = []
        self.problems: list[str] = []
        """Broken promises that can only be seen while the run is under way."""
        self.active: dict[asyncio.Task[Any], Call] = {}
        self.observer = asyncio.current_task(loop)
        """The task that looks on."""
        self.begun: Moment | None = None
        self.ended: Moment | None = None

    def now(self) -> Moment:
        """A new event."""
        self._numbers += 1
        if isinstance(self._loop, VirtualClockLoop):
            return Moment(self._numbers, self._loop.time(), self._loop.cycles)
        return Moment(self._numbers, 0.0, 0)

    def begin(self, task: int, phase: Phase, spec: FunctionSpec) -> Call:
        """An attempt begins."""
        attempt = sum(call.task == task and call.phase == phase for call in self.calls)
        call = Call(task, phase, attempt, spec.behaviour(attempt), spec, self.now())
        self.calls.append(call)
        own = asyncio.current_task()
        if own is None:
            self.problems.append(f"28: {call.name} runs outside of any asyncio task")
        elif own in self.active:
            self.problems.append(f"27: {call.name} began in the task of {self.active[own].name}")
        else:
            self.active[own] = call
        return call

    def end(self, call: Call, error: BaseException | None) -> None:
        """An attempt ends."""
        call.error = error
        call.ended = self.now()
        own = asyncio.current_task()
        if own is not None and self.active.get(own) is call:
            del self.active[own]
        else:
            self.problems.append(f"27: {call.name} ended in another asyncio task")

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

"""What happens in a run: attempts, answers of predicates, requests to cancel, and when."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sdax_proof.graph_spec import Behaviour, FunctionSpec, Phase, When


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
    """One attempt, with its interceptors, if there are any."""

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
    intercepted: bool = False
    """It begins and ends with its outermost interceptor, and `error` is what comes out of that."""
    layers: list[int] = field(default_factory=list[int])
    """The interceptors that were called, by number."""
    entered: Moment | None = None
    """When the function itself was called."""
    left: Moment | None = None
    """When an intercepted function itself ended."""
    own_error: BaseException | None = None
    """What came out of an intercepted function itself."""
    policy_error: BaseException | None = None
    """What the retry policy raised when it was asked about this attempt."""
    is_answer: bool = False
    """It is no attempt: it stands for the `when` of a task that said no, or raised."""

    @property
    def name(self) -> str:
        """Task, phase and attempt, for messages."""
        return f"{self.task}.{self.phase}#{self.attempt}"

    @property
    def over(self) -> Moment | None:
        """When the function and all its subtasks had ended."""
        if self.intercepted:
            return self.ended
        moments = [self.ended] + [subtask.ended for subtask in self.subtasks if subtask.begun]
        known = [moment for moment in moments if moment is not None]
        return max(known) if len(known) == len(moments) else None

    @property
    def is_blurred(self) -> bool:
        """Whether the engine sees its end a little later than the trace does."""
        return bool(self.subtasks) and not self.intercepted


@dataclass(eq=False)
class Answer:
    """What the `when` of a task said."""

    task: int
    phase: Phase
    moment: Moment
    said: When
    error: BaseException | None = None


@dataclass(eq=False)
class RunFailure:
    """A call of `RunHandle.fail`."""

    made: Moment
    task: int
    phase: Phase
    error: Exception
    stops: bool
    """Whether it ends the run early."""


@dataclass(eq=False)
class Sighting:
    """How a function saw its run going."""

    moment: Moment
    phase: Phase
    outcome: str
    exception: BaseException | None


@dataclass(eq=False)
class CancelRequest:
    """A `cancel()` of the task that awaits the run, and when that task had surely received it."""

    made: Moment
    from_inside: bool = False
    """A function of the run made it, perhaps in the middle of a step of the task itself."""
    certain: bool = True
    """It was made by `task.cancel()` itself, at exactly this moment."""
    received: Moment | None = None

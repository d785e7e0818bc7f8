"""What observers and interceptors are shown: one call of a function in a run, and its attempts.

The engine fills these objects while the function runs; whoever is shown one only reads it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from sdax_core._cancel_cause import CancelCause
    from sdax_core._observation import Observation
    from sdax_core._phase_id import PhaseId
    from sdax_core._run_handle import RunHandle
    from sdax_core._task_function import TaskFunction

FunctionOutcome: TypeAlias = Literal["succeeded", "failed", "cancelled"]


class FunctionCall:
    """One function of one task in one run, with all its attempts (guarantee 34). Times are by `loop.time()`."""

    __slots__ = (
        "_observation",
        "attempts",
        "cancel_cause",
        "ended_at",
        "error",
        "function",
        "outcome",
        "path",
        "phase",
        "released_by",
        "run",
        "started_at",
        "task",
    )

    def __init__(
        self,
        run: RunHandle,
        task: Hashable,
        phase: PhaseId,
        function: TaskFunction[Any],
        started_at: float,
        observation: Observation | None,
    ) -> None:
        self._observation = observation
        self.run: RunHandle = run
        """The run."""
        self.task: Hashable = task
        """The key of the task."""
        self.path: tuple[Hashable, ...] = (*run.path, task)
        """The key, after those of the tasks that the run is nested in."""
        self.phase: PhaseId = phase
        """The phase whose function it is."""
        self.function: TaskFunction[Any] = function
        """The function and its settings."""
        self.started_at: float = started_at
        """When it was started."""
        self.released_by: Hashable | None = None
        """The key of the task that it waited for longest: whose function of the same phase, among those
        it depends on, ended last. `None` if it waited for none, and in a run that has no observers and no
        interceptors of its own."""
        self.attempts: int = 0
        """How many attempts have begun."""
        self.ended_at: float | None = None
        """When it ended; `None` before."""
        self.outcome: FunctionOutcome | None = None
        """How it ended; `None` before."""
        self.error: BaseException | None = None
        """What came out of it, if it did not succeed."""
        self.cancel_cause: CancelCause | None = None
        """Why it was cancelled, if it was (guarantee 39)."""

    def __repr__(self) -> str:
        return f"FunctionCall({' / '.join(map(repr, self.path))}, {self.phase}, {self.outcome or 'running'})"


class Attempt:
    """One attempt of a function (guarantee 34). Times are by `loop.time()`."""

    __slots__ = ("call", "ended_at", "error", "number", "outcome", "started_at")

    def __init__(self, call: FunctionCall, number: int, started_at: float) -> None:
        self.call: FunctionCall = call
        """The function that is attempted."""
        self.number: int = number
        """1 for the first attempt."""
        self.started_at: float = started_at
        """When it began; the interceptors belong to it."""
        self.ended_at: float | None = None
        """When it ended; `None` before."""
        self.outcome: FunctionOutcome | None = None
        """How it ended; `None` before."""
        self.error: BaseException | None = None
        """What came out of it, if it did not succeed."""

    def report(self, name: str, **details: object) -> None:
        """Tell the run's observers something about this attempt; see `Observer.reported`.

        Args:
            name: What happened, in words that do not collide, like `"sdax.limit.waited"`.
            details: Facts about it.
        """
        observation = self.call._observation  # pyright: ignore[reportPrivateUsage] - one concept
        if observation is not None:
            observation.tell("reported", self, name, details)

    def __repr__(self) -> str:
        place = " / ".join(map(repr, self.call.path))
        return f"Attempt({self.number} of {place}, {self.call.phase}, {self.outcome or 'running'})"

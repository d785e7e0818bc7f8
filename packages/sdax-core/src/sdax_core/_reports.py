"""What observers and interceptors are shown: one call of a function in a run, and its attempts.

The engine fills these objects while the function runs; whoever is shown one only reads it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from sdax_core._cancel_cause import CancelCause
    from sdax_core._end_order import EndOrder
    from sdax_core._phase_id import PhaseId
    from sdax_core._plan import GuardedNode
    from sdax_core._run import Run
    from sdax_core._run_handle import RunHandle
    from sdax_core._task_function import TaskFunction

FunctionOutcome: TypeAlias = Literal["succeeded", "failed", "cancelled"]


class FunctionCall:
    """One function of one task in one run, with all its attempts (guarantee 34). Times are by `loop.time()`."""

    # Class attributes, and no slots: most calls end well in one attempt, and every one of a run is reported.
    attempts: int = 0
    """How many attempts have begun."""
    ended_at: float | None = None
    """When it ended; `None` before."""
    outcome: FunctionOutcome | None = None
    """How it ended; `None` before."""
    error: BaseException | None = None
    """What came out of it, if it did not succeed."""
    cancel_cause: CancelCause | None = None
    """Why it was cancelled, if it was (guarantee 39)."""

    def __init__(
        self, run: Run, guarded: GuardedNode, ends: EndOrder | None, started_at: float
    ) -> None:
        self._run = run
        self._guarded = guarded
        self._ends = ends
        self.started_at: float = started_at
        """When it was started."""

    @property
    def run(self) -> RunHandle:
        """The run."""
        return self._run.handle

    @property
    def task(self) -> Hashable:
        """The key of the task."""
        return self._guarded.key

    @property
    def path(self) -> tuple[Hashable, ...]:
        """The key, after those of the tasks that the run is nested in."""
        return (*self._run.record.path, self._guarded.key)

    @property
    def phase(self) -> PhaseId:
        """The phase whose function it is."""
        return self._guarded.phase

    @property
    def function(self) -> TaskFunction[Any]:
        """The function and its settings."""
        return self._guarded.settings

    @property
    def released_by(self) -> Hashable | None:
        """The key of the task that it waited for longest.

        That is the one whose function of the same phase, among those that it depends on, ended last. `None` if it
        waited for none, and in a run that has no observers and no interceptors of its own.
        """
        last = None if self._ends is None else self._ends.last_before(self._guarded.node)
        return None if last is None else self._run.key(last)

    @property
    def waited_for(self) -> tuple[Hashable, ...]:
        """The keys of all tasks that it waited for, in the order in which their functions ended.

        The last is `released_by`. Empty where that is `None`.
        """
        if self._ends is None:
            return ()
        return tuple(map(self._run.key, self._ends.all_before(self._guarded.node)))

    def __repr__(self) -> str:
        return f"FunctionCall({' / '.join(map(repr, self.path))}, {self.phase}, {self.outcome or 'running'})"


class Attempt:
    """One attempt of a function (guarantee 34). Times are by `loop.time()`."""

    ended_at: float | None = None
    """When it ended; `None` before."""
    outcome: FunctionOutcome | None = None
    """How it ended; `None` before."""
    error: BaseException | None = None
    """What came out of it, if it did not succeed."""

    def __init__(self, call: FunctionCall, number: int, started_at: float) -> None:
        self.call: FunctionCall = call
        """The function that is attempted."""
        self.number: int = number
        """1 for the first attempt."""
        self.started_at: float = started_at
        """When it began; the interceptors belong to it."""

    def report(self, name: str, **details: object) -> None:
        """Tell the run's observers something about this attempt; see `Observer.reported`.

        Args:
            name: What happened, in words that do not collide, like `"sdax.limit.waited"`.
            details: Facts about it.
        """
        observation = self.call._run.observation  # pyright: ignore[reportPrivateUsage] - one concept
        if observation is not None:
            observation.tell("reported", self, name, details)

    def __repr__(self) -> str:
        place = " / ".join(map(repr, self.call.path))
        return f"Attempt({self.number} of {place}, {self.call.phase}, {self.outcome or 'running'})"

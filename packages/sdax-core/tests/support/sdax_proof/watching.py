"""Who looks on while a run is under way: observers and an interceptor that change nothing."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator, Hashable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdax_core import Observer

from sdax_proof.behaviour import Boom
from sdax_proof.events import Moment
from sdax_proof.plans import Plan
from sdax_proof.trace import Trace

if TYPE_CHECKING:
    from sdax_core import Attempt, FunctionCall, PhaseId, RunHandle


@dataclass(eq=False)
class Event:
    """One call of an observer; `moment` has the number of the last event in the trace before it."""

    name: str
    arguments: tuple[Any, ...]
    moment: Moment
    outcome: str | None = None
    """That of the attempt or function at that moment."""


class RecordingObserver(Observer):
    """Writes down what it is told."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.events: list[Event] = []

    def write(self, name: str, *arguments: Any) -> None:
        """Write an event down."""
        outcome = getattr(arguments[0], "outcome", None)
        self.events.append(Event(name, arguments, self._trace.latest(), outcome))

    def run_started(self, run: RunHandle, /) -> None:
        self.write("run_started", run)

    def run_ended(self, run: RunHandle, error: BaseException | None, /) -> None:
        self.write("run_ended", run, error)

    def phase_started(self, run: RunHandle, phase: PhaseId, time: float, /) -> None:
        self.write("phase_started", run, phase, time)

    def phase_ended(self, run: RunHandle, phase: PhaseId, time: float, /) -> None:
        self.write("phase_ended", run, phase, time)

    def function_started(self, call: FunctionCall, /) -> None:
        self.write("function_started", call)

    def function_ended(self, call: FunctionCall, /) -> None:
        self.write("function_ended", call)

    def attempt_started(self, attempt: Attempt, /) -> None:
        self.write("attempt_started", attempt)

    def attempt_ended(self, attempt: Attempt, /) -> None:
        self.write("attempt_ended", attempt)

    def retry_scheduled(self, attempt: Attempt, delay: float, /) -> None:
        self.write("retry_scheduled", attempt, delay)

    def task_skipped(self, run: RunHandle, task: Hashable, phase: PhaseId, reason: str, /) -> None:
        self.write("task_skipped", run, task, phase, reason)

    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object], /) -> None:
        self.write("reported", attempt, name, details)


class RaisingObserver(RecordingObserver):
    """The same, until it raises at its event of that number."""

    def __init__(self, trace: Trace, number: int, kind: type[BaseException]) -> None:
        super().__init__(trace)
        self._number = number
        self._kind = kind

    def write(self, name: str, *arguments: Any) -> None:
        """Write an event down, or raise."""
        if len(self.events) > self._number:
            self._trace.problems.append(f"34: {name} is told to an observer that has raised")
        super().write(name, *arguments)
        if len(self.events) == self._number + 1:
            error = self._kind(f"an observer, at {name}")
            if not isinstance(error, Exception):
                self._trace.interrupt(error)
            raise error


async def only_proceed(attempt: Attempt, proceed: Callable[[], Awaitable[Any]]) -> Any:
    """An interceptor that changes nothing."""
    return await proceed()


def observer_for(plan: Plan, trace: Trace) -> RecordingObserver | None:
    """The observer of a run by that plan."""
    match plan.watching:
        case "nobody":
            return None
        case "raising":
            return RaisingObserver(trace, plan.raises_at, Boom)
        case "interrupting":
            return RaisingObserver(trace, plan.raises_at, KeyboardInterrupt)
        case "silent" | "recording":
            return RecordingObserver(trace)


@contextmanager
def logged() -> Generator[list[logging.LogRecord]]:
    """Collect what is logged by sdax, and show it to nobody else."""
    records: list[logging.LogRecord] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, handler = logging.getLogger("sdax"), Collecting()
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield records
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates

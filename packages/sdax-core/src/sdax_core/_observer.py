"""Observers: plain callbacks that see what a run does, and never disturb it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdax_core._phase_id import PhaseId
    from sdax_core._reports import Attempt, FunctionCall
    from sdax_core._run_handle import RunHandle


class Observer:
    """Sees what runs do: subclass it and override what you want to be told (guarantee 34).

    Give it to one run, `process_tasks(ctx, observers=[...])`, or to all runs of a processor,
    `build(observers=[...])`. Its methods are plain functions; they are called in the event loop, at the moment they
    speak of, and the run waits for them. One that raises is logged with its traceback (logger `sdax`), and that
    observer is told nothing more of that run.
    """

    __slots__ = ()

    # The methods do nothing. Those that a subclass does not override are never called.

    def run_started(self, run: RunHandle, /) -> None:
        """A run is about to begin its first phase."""

    def run_ended(self, run: RunHandle, error: BaseException | None, /) -> None:
        """A run has ended, cleanup included; `error` is what it is going to raise."""

    def phase_started(self, run: RunHandle, phase: PhaseId, time: float, /) -> None:
        """A phase begins."""

    def phase_ended(self, run: RunHandle, phase: PhaseId, time: float, /) -> None:
        """A phase has ended: nothing of it runs any more."""

    def function_started(self, call: FunctionCall, /) -> None:
        """A function is about to be called for the first time."""

    def function_ended(self, call: FunctionCall, /) -> None:
        """A function has ended, and no attempt will follow."""

    def attempt_started(self, attempt: Attempt, /) -> None:
        """An attempt begins, with its interceptors."""

    def attempt_ended(self, attempt: Attempt, /) -> None:
        """An attempt has ended."""

    def retry_scheduled(self, attempt: Attempt, delay: float, /) -> None:
        """The attempt failed; another is going to follow after `delay` seconds."""

    def task_skipped(self, run: RunHandle, task: Hashable, phase: PhaseId, reason: str, /) -> None:
        """A task will not run from this phase on: `reason` says why."""

    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object], /) -> None:
        """An interceptor or a function said something by `Attempt.report`."""


EVENTS = tuple(name for name in vars(Observer) if not name.startswith("_"))
"""The names of the methods."""


def overridden_events(kind: type[Observer]) -> tuple[str, ...]:
    """List the methods that a subclass overrides.

    Raises:
        TypeError: One of them is an async function.
    """
    key: Any = kind
    return _overridden_events(key)


@lru_cache(maxsize=256)
def _overridden_events(kind: Any) -> tuple[str, ...]:
    events = tuple(
        event for event in EVENTS if getattr(kind, event) is not getattr(Observer, event)
    )
    for event in events:
        if iscoroutinefunction(getattr(kind, event)):
            raise TypeError(
                f"observers: {kind.__name__}.{event} is an async function, which nobody would await; "
                "make it a plain one"
            )
    return events

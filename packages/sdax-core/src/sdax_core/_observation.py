"""The observers of one run: whom to call for what, and what to do about one that raises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from sdax_core._observer import EVENTS, Observer, overridden_events

if TYPE_CHECKING:
    from sdax_core._reports import Attempt, FunctionCall
    from sdax_core._run import Run

Listener: TypeAlias = tuple[Observer, Callable[..., object]]


class Observation:
    """Tells the observers of one run. For each event there is an attribute of its name: who listens to it."""

    # Read where functions start and end, which is done without a call of `tell`, for speed.
    function_started: tuple[Listener, ...] = ()
    function_ended: tuple[Listener, ...] = ()
    attempt_started: tuple[Listener, ...] = ()
    attempt_ended: tuple[Listener, ...] = ()

    def __init__(self, run: Run, observers: Iterable[Observer]) -> None:
        self._run = run
        for observer in observers:
            for event in overridden_events(type(observer)):
                listener = observer, getattr(observer, event)
                setattr(self, event, (*getattr(self, event, ()), listener))

    def hears(self, event: str) -> bool:
        """Whether an observer wants to be told of it."""
        return event in self.__dict__

    def tell(self, event: str, *arguments: Any) -> None:
        """Call the method of that name of every observer that has one."""
        for listener in self._get(event):
            try:
                listener[1](*arguments)
            except BaseException as error:  # whatever it is, the run goes on
                self.drop(listener, event, error)

    def tell_all(
        self, event: str, listeners: tuple[Listener, ...], report: FunctionCall | Attempt
    ) -> None:
        """The same, where the listeners are at hand and there is one argument."""
        for listener in listeners:
            try:
                listener[1](report)
            except BaseException as error:
                self.drop(listener, event, error)

    def drop(self, listener: Listener, event: str, error: BaseException) -> None:
        """Log what an observer raised, and tell it nothing more."""
        import logging

        dropped = listener[0]
        logging.getLogger("sdax").error(
            "observer %r raised in %s and is told nothing more of this run",
            dropped,
            event,
            exc_info=error,
        )
        for name in EVENTS:
            kept = tuple(entry for entry in self._get(name) if entry[0] is not dropped)
            setattr(self, name, kept)
        if not isinstance(error, (Exception, asyncio.CancelledError)):
            self._run.interrupt(error)  # a Ctrl-C met here is the program's (guarantee 16)

    def _get(self, event: str) -> tuple[Listener, ...]:
        listeners: tuple[Listener, ...] = getattr(self, event, ())
        return listeners

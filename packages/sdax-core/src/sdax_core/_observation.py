"""The observers of one run: whom to call for what, and what to do about one that raises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from sdax_core._observer import EVENTS, Observer, overridden_events

if TYPE_CHECKING:
    from sdax_core._run import Run


class Observation:
    """Tells the observers of one run."""

    __slots__ = ("_methods", "_run")

    def __init__(self, run: Run, observers: Iterable[Observer]) -> None:
        self._run = run
        self._methods: dict[str, list[Callable[..., object]]] = {event: [] for event in EVENTS}
        for observer in observers:
            for event in overridden_events(type(observer)):
                self._methods[event].append(getattr(observer, event))

    def tell(self, event: str, *arguments: Any) -> None:
        """Call the method of that name of every observer that has one."""
        for method in tuple(self._methods[event]):
            try:
                method(*arguments)
            except BaseException as error:  # whatever it is, the run goes on
                self._drop(method, event, error)

    def _drop(self, failed: Callable[..., object], event: str, error: BaseException) -> None:
        import logging

        observer: object = getattr(failed, "__self__", failed)
        logging.getLogger("sdax").error(
            "observer %r raised in %s and is told nothing more of this run",
            observer,
            event,
            exc_info=error,
        )
        for methods in self._methods.values():
            methods[:] = [
                method for method in methods if getattr(method, "__self__", method) is not observer
            ]
        if not isinstance(error, (Exception, asyncio.CancelledError)):
            self._run.interrupt(
                error
            )  # a Ctrl-C met here by chance is the program's (guarantee 16)

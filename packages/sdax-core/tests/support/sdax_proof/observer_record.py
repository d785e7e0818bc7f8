"""What an observer was told of one run, by what it is about."""

from __future__ import annotations

from collections.abc import Hashable

from sdax_proof.verdicts import FunctionRun
from sdax_proof.view import View
from sdax_proof.watching import Event


class Record:
    """The events, beside what the trace says."""

    def __init__(self, view: View, events: list[Event]) -> None:
        self.view = view
        self.events = events
        self.keys: list[Hashable] = [spec.key for spec in view.graph.tasks]

    def named(self, name: str) -> list[Event]:
        """The events of that name."""
        return [event for event in self.events if event.name == name]

    def of(self, name: str, run: FunctionRun) -> list[Event]:
        """Those that are about one function or its attempts."""
        found: list[Event] = []
        for event in self.named(name):
            call = getattr(event.arguments[0], "call", event.arguments[0])
            if call.task == self.keys[run.task] and str(call.phase) == run.phase:
                found.append(event)
        return found

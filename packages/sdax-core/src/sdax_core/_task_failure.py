"""One failure of a run, and the note its exception carries."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from typing import Any

from sdax_core._frozen import fully_frozen
from sdax_core._phase_id import PhaseId

_NOTE_PREFIX = "sdax: task "


@fully_frozen
class TaskFailure:
    """What failed, where, and with what (guarantee 14). Immutable.

    Two failures are equal if their task, phase and attempts are equal and their exception is the
    same object: exceptions are told apart by identity, whatever their class says about equality.
    """

    # A plain class: the methods that a dataclass generates cost a good part of the import.
    __slots__ = ("attempts", "exception", "optional", "path", "phase", "task")
    __match_args__ = ("task", "phase", "attempts", "exception", "path", "optional")

    task: Hashable
    """The key of the task; `None` if cleanup as a whole took too long."""
    phase: PhaseId
    """The phase whose function failed."""
    attempts: int
    """How often the function was called: 1 if it was not retried, 0 if cleanup as a whole took too long."""
    exception: BaseException
    """What the last attempt raised; an exception group of the user's own is kept whole."""
    path: tuple[Hashable, ...]
    """The key of the task, after those of the tasks that its graph is nested in: `("payments", "charge")`.
    Seen from the outermost run, `task` is then the first of them (guarantee 41)."""
    optional: bool
    """Whether the task is optional, so that the run does not raise this (guarantee 38)."""

    def __init__(
        self,
        task: Hashable,
        phase: PhaseId,
        attempts: int,
        exception: BaseException,
        path: tuple[Hashable, ...] = (),
        optional: bool = False,
    ) -> None:
        values = task, phase, attempts, exception, path or (task,), optional
        for name, value in zip(self.__match_args__, values, strict=True):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would restore the values by assignment, which a frozen object refuses.
        return TaskFailure, tuple(getattr(self, name) for name in self.__match_args__)

    def __repr__(self) -> str:
        values = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"TaskFailure({', '.join(values)})"

    def inside(self, task: Hashable, *, optional: bool) -> TaskFailure:
        """Give this failure as the run sees it for whose `task` the graph runs."""
        return TaskFailure(
            task, self.phase, self.attempts, self.exception, self.path, optional or self.optional
        )

    @property
    def is_of_no_task(self) -> bool:
        """Whether this is the `cleanup_timeout`, which is no one task's failure (guarantee 19)."""
        return self.attempts == 0

    @property
    def note(self) -> str:
        """The line that a traceback shows below the exception."""
        place = " / ".join(map(repr, self.path))
        return f"{_NOTE_PREFIX}{place}, {self.phase}, attempt {self.attempts}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TaskFailure):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[Hashable, PhaseId, int, int]:
        return (self.task, self.phase, self.attempts, id(self.exception))


def add_failure_note(exception: BaseException, failure: TaskFailure) -> None:
    """Note on `exception` which task failed, unless such a note is there already (guarantee 14).

    The same exception object may be met twice, say when two tasks await one future. An exception
    that refuses notes (a frozen dataclass, for one) is left as it is: a missing note must not hide
    the failure.
    """
    with suppress(Exception):
        notes: list[object] = getattr(exception, "__notes__", [])
        if not any(isinstance(note, str) and note.startswith(_NOTE_PREFIX) for note in notes):
            exception.add_note(failure.note)

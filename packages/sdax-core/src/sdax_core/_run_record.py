"""What a run has met with so far, and what it comes to: how it is going, and what it raises."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Literal, TypeAlias

from sdax_core._errors import SdaxExecutionError
from sdax_core._node_numbers import NumberedGraph
from sdax_core._notes import add_note, describe
from sdax_core._phase_id import PhaseId
from sdax_core._task_failure import TaskFailure, add_failure_note
from sdax_core._tracebacks import start_at_the_function

if TYPE_CHECKING:
    from asyncio import CancelledError

    from sdax_core._cancel_cause import CancelCause

Outcome: TypeAlias = Literal["running", "succeeded", "failed", "cancelled"]


class RunRecord:
    """The failures of one run and whatever ended it early."""

    # Class attributes, because most runs never set one of these: making the record then costs nothing.
    fatal: BaseException | None = None
    """An exception that is raised as it is: `KeyboardInterrupt` and its like (guarantee 16)."""
    cancel: CancelledError | None = None
    """The first cancellation that the run received (guarantee 17)."""
    latest_cancel: CancelledError | None = None
    expired: TimeoutError | None = None
    """What is raised because the run reached its deadline (guarantee 32)."""
    body_error: BaseException | None = None
    """What came out of the body of an `open` block."""
    cancel_cause: CancelCause | None = None
    """Why functions were first cancelled (guarantee 39)."""
    around: RunRecord | None = None
    """The record of the run that this one is nested in."""
    path: tuple[Hashable, ...] = ()
    """The keys of the tasks that the run is nested in."""

    def __init__(self, nodes: NumberedGraph) -> None:
        self._nodes = nodes
        self.failures: list[TaskFailure] = []
        """What failed, in order, optional tasks included."""
        self._skipped: dict[int, None] = {}
        self._remarks: list[str] = []

    # What happens

    def add_failure(
        self, node: int, phase: PhaseId, attempts: int, error: BaseException, *, optional: bool
    ) -> None:
        """Take note of a function that failed."""
        key: Hashable = self._nodes.keys[node]
        if isinstance(error, SdaxExecutionError) and error.is_nested:
            self.failures += [failure.inside(key, optional=optional) for failure in error.failures]
            self.keep_notes(error)
            return
        # Not assigned: an exception may be a frozen dataclass, which refuses that.
        BaseException.with_traceback(error, start_at_the_function(error.__traceback__))
        self.add(TaskFailure(key, phase, attempts, error, (*self.path, key), optional))

    def add(self, failure: TaskFailure) -> None:
        """Take note of a failure, and note on its exception whose it is."""
        error = failure.exception
        add_failure_note(error, failure)
        if isinstance(error, Exception):
            self.failures.append(failure)
        else:
            self.note_fatal(error, failure.note)

    def add_optional_of(self, inner: RunRecord, key: Hashable) -> None:
        """Take note of what a nested run does not raise: failures of its optional tasks."""
        forgiven = [failure for failure in inner.failures if failure.optional]
        self.failures += [failure.inside(key, optional=True) for failure in forgiven]

    def add_cleanup_timeout(
        self, limit: float | None, running: Iterable[int], not_started: Iterable[int]
    ) -> None:
        """Take note of a cleanup that took too long (guarantee 19)."""
        error = TimeoutError(
            f"cleanup not done within cleanup_timeout of {limit} seconds; "
            f"cancelled: {self.listed(running)}; not started: {self.listed(not_started)}"
        )
        of_no_task = TaskFailure(None, PhaseId.POST_EXEC, 0, error)
        self.failures.append(of_no_task)

    def note_skipped(self, node: int, phase: PhaseId, reason: str) -> bool:
        """Take note of a task that does not run, unless that is known, or it has nothing to run."""
        task = self._nodes.tasks[node]
        functions = [task.pre_execute, task.execute, task.post_execute]
        if phase is PhaseId.EXECUTE and reason == "failure":
            functions = [task.execute]
        if node in self._skipped or not any(functions):
            return False
        self._skipped[node] = None
        return True

    # What it comes to

    def is_going_well(self) -> bool:
        """Whether nothing has happened so far that keeps `execute` from beginning."""
        if self.fatal is not None or self.cancel is not None or self.expired is not None:
            return False
        return not self.failures or not self.required_failures()

    def required_failures(self) -> list[TaskFailure]:
        """The failures that the run raises: not those of optional tasks."""
        return [failure for failure in self.failures if not failure.optional]

    def note_cancel_cause(self, cause: CancelCause) -> None:
        """Remember why functions were first cancelled."""
        if self.cancel_cause is None:
            self.cancel_cause = cause

    def note_fatal(self, error: BaseException, place: str) -> None:
        """Take note of an exception that is raised as it is; only the first one can be."""
        if self.fatal is None:
            self.fatal = error
        else:
            self.remark(f"{place}: {describe(error)}")

    def remark(self, note: str) -> None:
        """Keep a note for whatever the run raises."""
        self._remarks.append(note)

    def keep_notes(self, cancelled: BaseException) -> None:
        """Keep what a cancelled function noted on its `CancelledError`, which itself goes no further."""
        for note in getattr(cancelled, "__notes__", ()):
            self.remark(str(note))

    def outcome(self, *, in_cleanup: bool) -> Outcome:
        """How the run is going; see `RunHandle.outcome`."""
        if self.fatal is None and self._ended_early() is not None:
            return "cancelled"
        if self.fatal is not None or self.body_error is not None or self.required_failures():
            return "failed"
        around = None if self.around is None else self.around.outcome(in_cleanup=False)
        if around == "failed" or around == "cancelled":
            return around
        return "succeeded" if in_cleanup else "running"

    def exception_so_far(self) -> BaseException | None:
        """What the run, or what is around it, would raise if it ended now."""
        error = self.fatal or self.cancel or self.body_error or self.expired
        if error is None and self.required_failures():
            error = self.execution_error()
        if error is None and self.around is not None:
            error = self.around.exception_so_far()
        return error

    def error_to_raise(self) -> BaseException | None:
        """What the run, which has ended, is to raise: what ended it early, else its failures."""
        error = self._ended_early()
        if error is not None:
            self.note_on(error)
            return error
        return self.execution_error() if self.required_failures() else None

    def execution_error(self, known: int = 0) -> SdaxExecutionError:
        """Make the error that holds all failures that are to be raised, but for the first `known`."""
        error = SdaxExecutionError.of(self.required_failures()[known:], self.skipped_keys())
        error.is_nested = self.around is not None
        for note in self._remarks:
            add_note(error, note)
        return error

    def skipped_keys(self) -> tuple[Hashable, ...]:
        """The keys of the tasks that did not run, in order of adding (guarantees 11, 37 and 38)."""
        keys = self._nodes.keys
        return tuple(keys[node] for node in self._nodes.in_order_of_adding(self._skipped))

    def listed(self, nodes: Iterable[int]) -> str:
        """The keys of some tasks, for a message."""
        keys = self._nodes.keys
        return (
            ", ".join(repr(keys[node]) for node in self._nodes.in_order_of_adding(nodes)) or "none"
        )

    def note_on(self, error: BaseException) -> None:
        """Attach to `error`, which is raised in their stead, what else there is to know."""
        for failure in self.failures:
            if failure.exception is not error:
                where = "" if failure.is_of_no_task else f"{failure.note}: "
                add_note(error, f"{where}{describe(failure.exception)}")
        if self.expired is not None and self.expired is not error:
            add_note(error, describe(self.expired))
        for note in self._remarks:
            add_note(error, note)

    def _ended_early(self) -> BaseException | None:
        return self.fatal or self.cancel or self.expired

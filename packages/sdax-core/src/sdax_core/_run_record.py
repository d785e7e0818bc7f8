"""What a run has met with so far, and what it comes to: how it is going, and what it raises."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from sdax_core._errors import SdaxExecutionError
from sdax_core._notes import add_note, describe
from sdax_core._task_failure import TaskFailure

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
    skipped: tuple[int, ...] = ()
    """The tasks that did not run, by number."""
    left_out: frozenset[int] = frozenset()
    """Optional tasks that could not prepare, and what depends on them (guarantee 38)."""
    _remarks: tuple[str, ...] = ()

    around: RunRecord | None = None
    """The record of the run that this one is nested in."""

    def __init__(self) -> None:
        self.failures: list[TaskFailure] = []
        """What failed, in order, optional tasks included."""

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
        self._remarks = (*self._remarks, note)

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

    def exception_so_far(self, skipped: Sequence[Hashable]) -> BaseException | None:
        """What the run, or what is around it, would raise if it ended now."""
        error = self.fatal or self.cancel or self.body_error or self.expired
        if error is None and self.required_failures():
            error = self.execution_error(skipped)
        if error is None and self.around is not None:
            error = self.around.exception_so_far(())
        return error

    def error_to_raise(self, skipped: Sequence[Hashable]) -> BaseException | None:
        """What the run, which has ended, is to raise: what ended it early, else its failures."""
        error = self._ended_early()
        if error is not None:
            self.note_on(error)
            return error
        return self.execution_error(skipped) if self.required_failures() else None

    def execution_error(self, skipped: Sequence[Hashable], known: int = 0) -> SdaxExecutionError:
        """Make the error that holds all failures that are to be raised, but for the first `known`."""
        error = SdaxExecutionError.of(self.required_failures()[known:], skipped)
        error.is_nested = self.around is not None
        for note in self._remarks:
            add_note(error, note)
        return error

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

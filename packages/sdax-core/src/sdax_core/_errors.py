"""The exceptions of the package.

```
Exception
├── SdaxError                   everything that sdax raises of its own accord
│   ├── GraphError              also a ValueError: the tasks do not make a graph
│   ├── StrayCancellationError  a function raised CancelledError though nobody had asked
│   ├── TaskFactoryError        the event loop's task factory cannot make the Tasks of a run
│   └── SdaxExecutionError      also an ExceptionGroup: what failed in one run
└── RetryableException          raised by users: "try me again"
```
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from sdax_core._task_failure import TaskFailure

_LISTED_IN_MESSAGE = 5


class SdaxError(Exception):
    """Base of the errors that sdax raises of its own accord."""


class GraphError(SdaxError, ValueError):
    """The tasks and their dependencies do not make a graph (guarantee 3)."""

    missing: tuple[tuple[Hashable, Hashable], ...]
    """Pairs of a task's key and a dependency of it that does not exist: all of them, not only those
    that the message lists."""
    cycle: tuple[Hashable, ...]
    """Keys, each of which depends on the next; the first and the last are the same. `()` if there
    is no cycle."""
    requiring_optional: tuple[tuple[Hashable, Hashable], ...]
    """Pairs of a task's key and an optional dependency of it that it may only name as `after(key)`
    (guarantee 38)."""
    unknown: tuple[Hashable, ...]
    """The keys that `subset` or `override` was given and that no task has (guarantee 36)."""

    def __init__(
        self,
        message: str,
        *,
        missing: tuple[tuple[Hashable, Hashable], ...] = (),
        cycle: tuple[Hashable, ...] = (),
        requiring_optional: tuple[tuple[Hashable, Hashable], ...] = (),
        unknown: tuple[Hashable, ...] = (),
    ) -> None:
        super().__init__(message)
        self.missing = missing
        self.cycle = cycle
        self.requiring_optional = requiring_optional
        self.unknown = unknown


class StrayCancellationError(SdaxError):
    """A function raised `asyncio.CancelledError` though nobody had asked it to stop.

    That is the task's failure, not a cancellation of the run (guarantee 21). An `ExceptionGroup`
    may not hold a `CancelledError`, so this error stands for it and has it as its `__cause__`.
    """


class TaskFactoryError(SdaxError):
    """The event loop's task factory could not make a Task for a run (guarantee 28).

    It has to accept `context=`, as `loop.create_task` passes it on. Its own error is the `__cause__`.
    """


class SdaxExecutionError(SdaxError, ExceptionGroup[Exception]):
    """Everything that failed in one run, in the order of failure (guarantee 14).

    An `ExceptionGroup`: `except*` works, and what it splits off is an `SdaxExecutionError` again,
    with those of the failures that are in it.
    """

    failures: tuple[TaskFailure, ...] = ()
    """One for each of `exceptions`: which task failed, in which phase, after how many attempts."""
    skipped: tuple[Hashable, ...] = ()
    """The keys of tasks whose `execute` was not begun because one that they depend on failed
    (guarantee 11)."""
    is_nested: bool = False
    """Whether it comes out of a run that is nested in another, which then takes it apart (guarantee 41)."""

    @classmethod
    def of(
        cls, failures: Iterable[TaskFailure], skipped: Iterable[Hashable] = ()
    ) -> SdaxExecutionError:
        """Make the error for the failures of a run. There must be at least one."""
        failures, skipped = tuple(failures), tuple(skipped)
        exceptions = [cast("Exception", failure.exception) for failure in failures]
        error = cls(_message(failures, skipped), exceptions)
        error.failures = failures
        error.skipped = skipped
        return error

    def leaf_exceptions(self) -> list[BaseException]:
        """Give the exceptions in order, with every group opened, a user's own as well."""
        return flatten_exceptions(self)

    def derive(self, excs: Sequence[Exception], /) -> SdaxExecutionError:  # type: ignore[override]
        """Make an error of the same type from some of the exceptions, as `except*` does.

        A failure whose exception is a group stays as long as one leaf of that group does.
        """
        kept = {id(leaf) for exc in excs for leaf in flatten_exceptions(exc)}
        derived = type(self)(self.message, excs)
        derived.failures = tuple(
            failure
            for failure in self.failures
            if any(id(leaf) in kept for leaf in flatten_exceptions(failure.exception))
        )
        derived.skipped = self.skipped
        return derived


def _message(failures: Sequence[TaskFailure], skipped: Sequence[Hashable]) -> str:
    """Say what a log line needs: how many failed, which, where, and with what type of error."""
    failed = [
        f"{_place(failure)} ({type(failure.exception).__name__})"
        for failure in failures[:_LISTED_IN_MESSAGE]
    ]
    message = f"{_counted(failures, 'failure')}: {_listed(failed, len(failures))}"
    if skipped:
        names = [repr(key) for key in skipped[:_LISTED_IN_MESSAGE]]
        message += f"; {_counted(skipped, 'task')} skipped: {_listed(names, len(skipped))}"
    return message


def _place(failure: TaskFailure) -> str:
    if failure.is_of_no_task:
        return "cleanup as a whole"
    return f"{failure.task!r} in {failure.phase}"


def _counted(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}" if len(things) == 1 else f"{len(things)} {word}s"


def _listed(entries: Sequence[str], total: int) -> str:
    more = total - len(entries)
    return ", ".join(entries) + (f" and {more} more" if more else "")


class RetryableException(Exception):
    """Raised by a function that wants to be tried again; needs `retries` (guarantees 15 and 23)."""


def flatten_exceptions(exc: BaseException) -> list[BaseException]:
    """Give the leaves of a group of any kind, in order; any other exception is its own leaf."""
    leaves: list[BaseException] = []
    pending = [exc]
    while pending:
        current = pending.pop()
        if isinstance(current, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", current)
            pending.extend(reversed(group.exceptions))
        else:
            leaves.append(current)
    return leaves

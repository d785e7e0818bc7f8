"""The options of `build()`, checked once and shared by every builder (guarantees: build options)."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

from sdax_core._interceptor import Interceptor
from sdax_core._observer import Observer
from sdax_core._run_settings import checked_interceptors, checked_observers

ExecuteOrder = Literal["together", "dependencies"]
"""When `execute` starts: of all tasks together, or of each when what it depends on is done."""
OnExecuteError = Literal["continue", "cancel"]
"""What a failed `execute` means for its siblings: they continue, or they are cancelled."""

_CHOICES = {
    "execute_order": ("together", "dependencies"),
    "on_execute_error": ("continue", "cancel"),
}


@dataclass(frozen=True, kw_only=True, repr=False)
class BuildOptions:
    """How the runs of a processor behave.

    Attributes:
        execute_order: `"together"` starts every `execute` when the `pre_execute` phase has ended well;
            `"dependencies"` starts each one when the `execute` of everything it depends on is done.
        on_execute_error: whether a failed `execute` leaves its siblings running (`"continue"`) or
            cancels them (`"cancel"`).
        max_concurrency: how many functions of one run may be running at once; `None` is no bound.
        cleanup_timeout: seconds that the cleanup of one run may take; `None` is no bound.
        observers: see what every run does, before those of a single run; kept as a tuple.
        interceptors: run around every attempt, outside those of a single run; kept as a tuple.

    Raises:
        ValueError: an option has a value that it may not have.
        TypeError: one of the observers or interceptors is none.
    """

    execute_order: ExecuteOrder = "together"
    on_execute_error: OnExecuteError = "continue"
    max_concurrency: int | None = None
    cleanup_timeout: float | None = None
    observers: Iterable[Observer] = ()
    interceptors: Iterable[Interceptor] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "observers", checked_observers(self.observers))
        object.__setattr__(self, "interceptors", checked_interceptors(self.interceptors))
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value not in choices:
                allowed = " or ".join(repr(choice) for choice in choices)
                raise ValueError(f"{name} must be {allowed}, got {value!r}")
        if self.max_concurrency is not None and not _is_positive_int(self.max_concurrency):
            raise ValueError(
                f"max_concurrency must be a whole number of at least 1, or None, got {self.max_concurrency!r}"
            )
        if self.cleanup_timeout is not None and not _is_duration(self.cleanup_timeout):
            raise ValueError(
                "cleanup_timeout must be a finite number of seconds of at least 0, or None, "
                f"got {self.cleanup_timeout!r}"
            )

    def __repr__(self) -> str:
        shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))
        return f"BuildOptions({', '.join(shown)})"


def _is_positive_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_duration(value: Any) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return 0 <= value <= sys.float_info.max

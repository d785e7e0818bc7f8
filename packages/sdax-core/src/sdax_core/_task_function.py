"""A function of a task together with its time limit and retry settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, MISSING, dataclass, fields
from inspect import iscoroutinefunction
from typing import Any, Generic, TypeAlias, cast

from sdax_core._frozen import fully_frozen
from sdax_core._interceptor import Interceptor
from sdax_core._retry_policy import RETRYABLE_BY_DEFAULT, RetryPolicy
from sdax_core._run_settings import checked_interceptors
from sdax_core._setting_checks import (
    check_count,
    check_exception_types,
    check_factor,
    check_flag,
    check_function,
    check_limit,
    check_seconds,
)
from sdax_core._task_group import SdaxTaskGroup
from sdax_core._type_variables import T_contra

ContextFunction: TypeAlias = Callable[[T_contra], Awaitable[Any]]
TaskGroupFunction: TypeAlias = Callable[[T_contra, SdaxTaskGroup], Awaitable[Any]]


@fully_frozen
@dataclass(frozen=True, slots=True, repr=False)
class TaskFunction(Generic[T_contra]):
    """What one phase of a task calls, and how.

    All settings are checked when the object is made (guarantee 25).

    Raises:
        ValueError: A number is negative, NaN or infinite (a `backoff_factor` also if it is 0), or
            `retryable_exceptions` is empty though there are retries; or there is both a `retry` policy and
            a setting that it takes the place of.
        TypeError: A setting is of the wrong type, or `function` cannot be called.
    """

    function: ContextFunction[T_contra] | TaskGroupFunction[T_contra]
    """Any callable that takes the context and returns an awaitable."""
    timeout: float | None = None
    """Limit of each attempt in seconds, `None` for none. With 0 it ends at its first suspension
    (guarantee 22)."""
    retries: int = 0
    """How many further attempts may follow a failed one."""
    initial_delay: float = 1.0
    """Upper bound of the delay before the first retry, in seconds."""
    backoff_factor: float = 2.0
    """By what the delay grows: retry *k*, from 0, waits `initial_delay * backoff_factor**k` seconds
    times a random number between 0.5 and 1 (guarantee 23)."""
    retryable_exceptions: tuple[type[BaseException], ...] = RETRYABLE_BY_DEFAULT
    """What is tried again; subclasses are, too."""
    has_task_group_argument: bool = False
    """Whether `function` takes an `SdaxTaskGroup` as its second argument (guarantee 24)."""
    _: KW_ONLY
    retry: RetryPolicy | None = None
    """Decides about retries, in the place of `retries` and the three settings after it (guarantee 33)."""
    interceptors: tuple[Interceptor, ...] = ()
    """Runs around each attempt, outside `timeout`; the first is the outermost (guarantee 35)."""

    def __post_init__(self) -> None:
        check_function("function", self.function)
        check_limit("timeout", self.timeout)
        check_count("retries", self.retries)
        check_seconds("initial_delay", self.initial_delay)
        check_factor("backoff_factor", self.backoff_factor)
        if self.retryable_exceptions != RETRYABLE_BY_DEFAULT:
            check_exception_types("retryable_exceptions", self.retryable_exceptions)
        check_flag("has_task_group_argument", self.has_task_group_argument)
        if self.retries and not self.retryable_exceptions:
            raise ValueError(
                "retryable_exceptions must name at least one exception class if there are retries; "
                f"got () with retries={self.retries}"
            )
        if self.retry is not None:
            self._check_policy(self.retry)
        if self.interceptors != ():
            object.__setattr__(self, "interceptors", checked_interceptors(self.interceptors))

    def _check_policy(self, policy: object) -> None:
        if not callable(getattr(policy, "decide", None)) or isinstance(policy, type):
            raise TypeError(f"retry must be an object with the method decide; got {policy!r}")
        if iscoroutinefunction(getattr(policy, "decide", None)):
            raise TypeError(
                f"retry: {type(policy).__name__}.decide is an async function, which nobody would await; "
                "make it a plain one"
            )
        given = (self.retries, self.initial_delay, self.backoff_factor, self.retryable_exceptions)
        if given != (0, 1.0, 2.0, RETRYABLE_BY_DEFAULT):
            raise ValueError(
                "retry= takes the place of retries, initial_delay, backoff_factor and retryable_exceptions: "
                "give one or the others"
            )

    def call(self, ctx: T_contra, task_group: SdaxTaskGroup) -> Awaitable[Any]:
        """Call the function with `ctx`, and with `task_group` if it takes one.

        No timeout and no retries: those belong to a run.
        """
        if self.has_task_group_argument:
            return cast("TaskGroupFunction[T_contra]", self.function)(ctx, task_group)
        return cast("ContextFunction[T_contra]", self.function)(ctx)

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", None) or repr(self.function)
        settings = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if field.default is not MISSING and getattr(self, field.name) != field.default
        ]
        return f"TaskFunction({', '.join([name, *settings])})"

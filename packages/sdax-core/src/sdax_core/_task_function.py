"""A function of a task together with its time limit and retry settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
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

_PLAIN_SETTINGS = (0, 1.0, 2.0, RETRYABLE_BY_DEFAULT)
_set = object.__setattr__


@fully_frozen
@dataclass(frozen=True, slots=True, init=False, repr=False)
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

    # By hand: the generated one with a __post_init__ takes longer, and so does making it for the import.
    def __init__(
        self,
        function: ContextFunction[T_contra] | TaskGroupFunction[T_contra],
        timeout: float | None = None,
        retries: int = 0,
        initial_delay: float = 1.0,
        backoff_factor: float = 2.0,
        retryable_exceptions: tuple[type[BaseException], ...] = RETRYABLE_BY_DEFAULT,
        has_task_group_argument: bool = False,
        *,
        retry: RetryPolicy | None = None,
        interceptors: Iterable[Interceptor] = (),
    ) -> None:
        check_function("function", function)
        check_limit("timeout", timeout)
        check_count("retries", retries)
        check_seconds("initial_delay", initial_delay)
        check_factor("backoff_factor", backoff_factor)
        if retryable_exceptions != RETRYABLE_BY_DEFAULT:
            check_exception_types("retryable_exceptions", retryable_exceptions)
        check_flag("has_task_group_argument", has_task_group_argument)
        if retries and not retryable_exceptions:
            raise ValueError(
                "retryable_exceptions must name at least one exception class if there are retries; "
                f"got () with retries={retries}"
            )
        if retry is not None:
            _check_policy(retry)
            if (retries, initial_delay, backoff_factor, retryable_exceptions) != _PLAIN_SETTINGS:
                raise ValueError(
                    "retry= takes the place of retries, initial_delay, backoff_factor and "
                    "retryable_exceptions: give one or the others"
                )
        _set(self, "function", function)
        _set(self, "timeout", timeout)
        _set(self, "retries", retries)
        _set(self, "initial_delay", initial_delay)
        _set(self, "backoff_factor", backoff_factor)
        _set(self, "retryable_exceptions", retryable_exceptions)
        _set(self, "has_task_group_argument", has_task_group_argument)
        _set(self, "retry", retry)
        _set(self, "interceptors", checked_interceptors(interceptors))

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


def _check_policy(policy: object) -> None:
    if not callable(getattr(policy, "decide", None)) or isinstance(policy, type):
        hint = ": make an object of it" if isinstance(policy, type) else ""
        raise TypeError(f"retry must be an object with the method decide; got {policy!r}{hint}")
    on_success = getattr(policy, "on_success", None)
    if on_success is not None and not callable(on_success):
        raise TypeError(
            f"retry: {type(policy).__name__}.on_success must be a method or None; got {on_success!r}"
        )
    for method in ("decide", "on_success"):
        if iscoroutinefunction(getattr(policy, method, None)):
            raise TypeError(
                f"retry: {type(policy).__name__}.{method} is an async function, which nobody would await; "
                "make it a plain one"
            )

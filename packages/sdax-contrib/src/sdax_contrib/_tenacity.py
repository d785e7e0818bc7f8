"""tenacity's strategies as a retry policy."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from sdax_core import flatten_exceptions

from sdax_contrib._retry_setting_checks import check_callable

try:
    from tenacity import Future, RetryCallState, TryAgain, retry_if_exception_type, wait_none
except ImportError as missing:
    raise ImportError(
        "sdax_contrib.tenacity needs tenacity: pip install 'sdax-contrib[tenacity]'",
        name="tenacity",
    ) from missing

if TYPE_CHECKING:
    from random import Random

Stop: TypeAlias = Callable[[RetryCallState], bool]
Wait: TypeAlias = Callable[[RetryCallState], float]
If: TypeAlias = Callable[[RetryCallState], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenacityPolicy:
    """Decides by tenacity's `stop_*`, `wait_*` and `retry_if_*` objects: `TaskFunction(call, retry=...)`.

    They are used as functions of one failed attempt. tenacity runs nothing: no `AsyncRetrying`, whose state would be
    shared, and no cancellation is ever shown to a predicate. As in tenacity, `stop` is asked last, with the wait
    that would follow as `upcoming_sleep`, and a function that raises `tenacity.TryAgain` is tried again whatever
    `retry` says. An `ExceptionGroup` is tried again only if `retry` says so of each error in it (guarantee 23).

    What a strategy finds in the `RetryCallState`: `attempt_number`, `outcome`, `seconds_since_start` and
    `upcoming_sleep`. The function and its arguments are not there. `wait_random` and its like draw from the `random`
    module, not from the run's random source.

    Args:
        stop: When to give up, for example `stop_after_attempt(5) | stop_before_delay(30)`.
        wait: How long to wait; by default not at all, as in tenacity.
        retry: What to try again; by default every `Exception`, as in tenacity.

    Raises:
        TypeError: One of them cannot be called.
    """

    stop: Stop
    wait: Wait = field(default_factory=wait_none)
    retry: If = field(default_factory=retry_if_exception_type)

    def __post_init__(self) -> None:
        for name in ("stop", "wait", "retry"):
            value = getattr(self, name)
            check_callable(name, value, f"one of tenacity's {name} strategies")
            if isinstance(value, type):
                raise TypeError(
                    f"{name} must be an object, not the class {value.__name__}: call it"
                )

    def decide(
        self,
        attempt: int,
        error: Exception,
        elapsed: float,
        previous_delay: float | None,
        rng: Random,
        /,
    ) -> float | None:
        """Give the seconds to wait before the next attempt, or `None` to give up.

        Raises:
            TypeError: A strategy is asynchronous.
        """
        if not all(self._wants(attempt, leaf, elapsed) for leaf in flatten_exceptions(error)):
            return None
        state = _state(attempt, error, elapsed)
        delay = float(self._ask("wait", state))
        state.upcoming_sleep = delay
        return None if self._ask("stop", state) else delay

    def _wants(self, attempt: int, leaf: BaseException, elapsed: float) -> bool:
        return isinstance(leaf, TryAgain) or self._ask("retry", _state(attempt, leaf, elapsed))

    def _ask(self, field: str, state: RetryCallState) -> Any:
        answer = getattr(self, field)(state)
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise TypeError(
                f"{field}={getattr(self, field)!r} is asynchronous; a policy decides at once"
            )
        return answer


def _state(attempt: int, error: BaseException, elapsed: float) -> RetryCallState:
    """What tenacity would show to its strategies after this attempt."""
    state = RetryCallState(retry_object=cast("Any", None), fn=None, args=(), kwargs={})
    state.attempt_number = attempt
    state.outcome = Future(attempt)
    state.outcome.set_exception(error)
    state.start_time = 0.0
    state.outcome_timestamp = elapsed
    return state

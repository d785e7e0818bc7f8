"""What a caller may say about one run, checked at once."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isclass
from typing import TYPE_CHECKING, Any, Protocol

from sdax_core._observer import Observer, overridden_events
from sdax_core._setting_checks import check_limit

if TYPE_CHECKING:
    from random import Random

    from sdax_core._interceptor import Interceptor


class Clock(Protocol):
    """What delays before retries are measured and waited by; the event loop's unless another is given."""

    def time(self) -> float:
        """Seconds since some moment."""
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Wait; must raise the `CancelledError` that it is given."""
        ...


class RunSettings:
    """The settings of one run; those of `build()` come first."""

    __slots__ = ("clock", "interceptors", "observers", "rng", "timeout")

    def __init__(
        self,
        *,
        timeout: float | None = None,
        observers: Iterable[Observer] = (),
        interceptors: Iterable[Interceptor] = (),
        clock: Clock | None = None,
        rng: Random | None = None,
    ) -> None:
        check_limit("timeout", timeout)
        self.timeout: float | None = timeout
        self.observers: tuple[Observer, ...] = checked_observers(observers)
        self.interceptors: tuple[Interceptor, ...] = checked_interceptors(interceptors)
        if clock is not None:
            _check_has("clock", clock, "time", "sleep")
        if rng is not None:
            _check_has("rng", rng, "random", "uniform")
        self.clock: Clock | None = clock
        self.rng: Random | None = rng

    def extended(
        self,
        timeout: float | None,
        observers: Iterable[Observer],
        interceptors: Iterable[Interceptor],
        clock: Clock | None,
        rng: Random | None,
    ) -> RunSettings:
        """Give these settings with what the caller of a run added to them."""
        return RunSettings(
            timeout=timeout,
            observers=self.observers + _as_tuple("observers", observers),
            interceptors=self.interceptors + _as_tuple("interceptors", interceptors),
            clock=clock,
            rng=rng,
        )

    def nested(self) -> RunSettings:
        """Give the settings for a run inside this one."""
        return RunSettings(
            observers=self.observers,
            interceptors=self.interceptors,
            clock=self.clock,
            rng=self.rng,
        )


def is_any_given(
    timeout: object, observers: object, interceptors: object, clock: object, rng: object
) -> bool:
    """Whether the caller of a run says anything; `0` is something, to be refused."""
    return (
        timeout is not None
        or observers != ()
        or interceptors != ()
        or clock is not None
        or rng is not None
    )


def checked_observers(given: Iterable[Observer]) -> tuple[Observer, ...]:
    """Give them as a tuple.

    Raises:
        TypeError: One of them is not an `Observer`, or has a method that is an async function.
    """
    observers = _as_tuple("observers", given)
    for observer in observers:
        if not isinstance(observer, Observer):
            raise TypeError(_wrong("observers", "Observer objects", observer))
        overridden_events(type(observer))
    return observers


def checked_interceptors(given: Iterable[Interceptor]) -> tuple[Interceptor, ...]:
    """Give them as a tuple.

    Raises:
        TypeError: One of them cannot be called.
    """
    if given == ():
        return ()
    interceptors = _as_tuple("interceptors", given)
    for interceptor in interceptors:
        if not callable(interceptor) or isclass(interceptor):
            raise TypeError(_wrong("interceptors", "async callables", interceptor))
    return interceptors


def _as_tuple(name: str, given: Any) -> tuple[Any, ...]:
    try:
        return tuple(given)
    except TypeError:
        raise TypeError(
            f"{name} must be a list or a tuple; got {given!r}: write [{given!r}]"
        ) from None


def _wrong(name: str, right: str, given: object) -> str:
    hint = f": make an object of it, {given.__name__}()" if isclass(given) else ""
    return f"{name} must be {right}; one of them is {given!r}{hint}"


def _check_has(name: str, value: object, *methods: str) -> None:
    given = value
    missing = [method for method in methods if not callable(getattr(value, method, None))]
    if missing or isclass(value):
        raise TypeError(
            f"{name} must be an object with the methods {' and '.join(methods)}; got {given!r}"
        )

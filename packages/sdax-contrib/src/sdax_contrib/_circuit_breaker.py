"""`CircuitBreaker`: leave a backend alone that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sdax_contrib._circuit_breaker_checks import (
    check_name,
    checked_listeners,
    failure_predicate,
)
from sdax_contrib._circuit_open import CircuitOpen
from sdax_contrib._one_loop import OneLoop
from sdax_contrib._outcome_window import OutcomeWindow
from sdax_contrib._setting_checks import check_clock, check_count, check_number

if TYPE_CHECKING:
    from sdax_core import Attempt

CircuitState: TypeAlias = Literal["closed", "open", "half-open"]
"""`closed`: calls pass. `open`: they are refused. `half-open`: one at a time, the probe, passes."""
CircuitListener: TypeAlias = Callable[["CircuitBreaker", CircuitState, CircuitState], object]
"""Called with the breaker, the state before and the state now."""
CircuitFailures: TypeAlias = (
    type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]
)
"""What counts as a failure: an exception class, a tuple of them, or a function."""

# How long to wait for a probe that is under way, as a share of `open_for`.
_PROBE_SHARE = 0.1


class CircuitBreaker:
    """An interceptor that refuses attempts while a backend is down.

    Share one breaker among the functions that call one backend. It opens when, of the calls that
    ended within the last `window` seconds, at least `least_calls`, the share `failure_ratio` or more
    have failed. While it is open, attempts raise `CircuitOpen` and do not take place. After
    `open_for` seconds it lets one attempt through, the probe. A probe that succeeds closes it, one
    that fails opens it for another `open_for` seconds.

    There is one probe at a time, so give the function a timeout: while a probe hangs, all other
    calls are refused. A cancelled attempt says nothing about the backend: it counts neither
    as success nor as failure, and the attempt after a cancelled probe is the next probe. So does
    an attempt that began before the state last changed.

    The order per attempt is limit, breaker, timeout, call, with the retries outside:
    `TaskFunction(call, timeout=1, retries=2, interceptors=[limited(permit), breaker])`.

    The run's observers are told `"sdax.breaker.refused"` (`breaker`, `retry_after`) and
    `"sdax.breaker.changed"` (`breaker`, `before`, `after`).

    Args:
        name: What it protects, for messages and reports.
        failure_ratio: The share of failures that opens it, above 0 and at most 1.
        least_calls: Calls below which the share means nothing.
        window: Seconds over which calls are counted.
        open_for: Seconds before a probe is let through.
        failures: What counts as a failure: an exception class, a tuple of them, or a function that
            is given the exception and returns a bool. Anything else that is raised counts as an
            answer, like a success. Of an exception group, one leaf that counts is enough.
        listeners: Called when the state changes. One that raises is logged with its traceback
            (logger `sdax`) and disturbs nothing.
        clock: A function that returns seconds, `None` for the time of the event loop.

    Raises:
        ValueError: A number is out of range, or `name` is empty.
        TypeError: A setting is of the wrong type.

    An attempt raises a `RuntimeError` if the breaker belongs to another event loop, the first that
    used it, which is not closed. In the loop after a closed one it starts afresh.
    """

    def __init__(
        self,
        name: str,
        *,
        failure_ratio: float = 0.5,
        least_calls: int = 10,
        window: float = 30.0,
        open_for: float = 10.0,
        failures: CircuitFailures = Exception,
        listeners: Iterable[CircuitListener] = (),
        clock: Callable[[], float] | None = None,
    ) -> None:
        check_name(name)
        check_number("failure_ratio", failure_ratio, above=0, most=1)
        check_count("least_calls", least_calls, least=1)
        check_number("window", window, above=0)
        check_number("open_for", open_for, above=0)
        check_clock("clock", clock)
        self._name = name
        self._failure_ratio = failure_ratio
        self._least_calls = least_calls
        self._open_for = open_for
        self._is_failure = failure_predicate(failures)
        self._listeners = checked_listeners(listeners)
        self._clock = clock
        self._home = OneLoop(f"the circuit breaker {name!r}")
        self._outcomes = OutcomeWindow(window)
        self._state: CircuitState = "closed"
        self._changes = 0
        self._is_probing = False
        self._open_until = 0.0

    @property
    def name(self) -> str:
        """What it protects."""
        return self._name

    @property
    def state(self) -> CircuitState:
        """`closed`, `open` or `half-open`. It stays `open` until a call asks to be the probe."""
        return self._state

    def __repr__(self) -> str:
        return f"CircuitBreaker({self._name!r}, {self._state})"

    async def __call__(self, attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
        """Let the attempt through, or refuse it.

        Raises:
            CircuitOpen: The attempt is refused.
            RuntimeError: The breaker belongs to another event loop, which is not closed.
        """
        if self._home.is_new():
            self._start_afresh()
        self._admit(attempt)
        changes = self._changes
        failed: bool | None = None  # neutral, whatever becomes of the attempt
        try:
            result = await proceed()
            failed = False
        except Exception as error:
            failed = self._is_failure(error)
            raise
        finally:
            if changes == self._changes:  # else the state it began in is over
                self._take_in(failed, attempt)
        return result

    def _admit(self, attempt: Attempt) -> None:
        if self._state == "closed":
            return
        left = self._open_until - self._now()
        if self._state == "open" and left <= 0:
            self._change("half-open", attempt)
        if self._state == "half-open" and not self._is_probing:
            self._is_probing = True
            return
        retry_after = left if self._state == "open" else self._open_for * _PROBE_SHARE
        attempt.report("sdax.breaker.refused", breaker=self._name, retry_after=retry_after)
        raise CircuitOpen(self._name, retry_after)

    def _take_in(self, failed: bool | None, attempt: Attempt) -> None:
        self._is_probing = False
        if failed is None:
            return
        if self._state == "half-open":
            self._change("open" if failed else "closed", attempt)
            return
        outcomes = self._outcomes
        outcomes.add(self._now(), failed=failed)
        if (
            failed
            and outcomes.calls >= self._least_calls
            and outcomes.failures >= self._failure_ratio * outcomes.calls
        ):
            self._change("open", attempt)

    def _change(self, after: CircuitState, attempt: Attempt) -> None:
        before, self._state = self._state, after
        self._changes += 1
        self._outcomes.clear()
        if after == "open":
            self._open_until = self._now() + self._open_for
        attempt.report("sdax.breaker.changed", breaker=self._name, before=before, after=after)
        for listener in self._listeners:
            try:
                listener(self, before, after)
            except Exception:
                _log_listener(listener)

    def _start_afresh(self) -> None:
        self._state = "closed"
        self._changes += 1
        self._is_probing = False
        self._outcomes.clear()

    def _now(self) -> float:
        return asyncio.get_running_loop().time() if self._clock is None else self._clock()


def _log_listener(listener: object) -> None:
    import logging

    logging.getLogger("sdax").exception("listener %r of a circuit breaker raised", listener)

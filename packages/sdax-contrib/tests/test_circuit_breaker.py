"""`CircuitBreaker`: when it opens, what it refuses, one probe at a time, and what is neutral."""

from __future__ import annotations

import asyncio
import logging
import pickle
import re
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sdax_contrib.circuit_breaker import CircuitBreaker, CircuitOpen
from sdax_proof.running import FACTORIES, Factory, run
from sdax_proof.virtual_clock import running_loop

Reports = list[tuple[str, dict[str, Any]]]


class ReportedAttempt:
    """What an interceptor needs of an attempt: somewhere to report to."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def report(self, name: str, **details: Any) -> None:
        self._reports.append((name, details))


async def call(
    breaker: CircuitBreaker,
    *,
    takes: float = 0,
    error: BaseException | None = None,
    reports: Reports | None = None,
) -> str:
    """One attempt through the breaker."""
    told: Reports = [] if reports is None else reports

    async def proceed() -> str:
        if takes:
            await asyncio.sleep(takes)
        if error is not None:
            raise error
        return "answer"

    attempt: Any = ReportedAttempt(told)
    answer: str = await breaker(attempt, proceed)
    return answer


async def fail(breaker: CircuitBreaker, times: int = 1, error: Exception | None = None) -> None:
    for _ in range(times):
        with pytest.raises(Exception, match="down"):
            await call(breaker, error=error or OSError("down"))


def breaker_of(**changed: Any) -> CircuitBreaker:
    settings: dict[str, Any] = {"least_calls": 4, "window": 20, "open_for": 5}
    return CircuitBreaker("payments", **(settings | changed))


def state_of(breaker: CircuitBreaker) -> str:
    """The state now: a checker takes an attribute for what it was asserted to be before."""
    return breaker.state


def test_it_opens_when_the_share_of_failures_is_reached() -> None:
    async def main() -> None:
        breaker = breaker_of()
        await call(breaker)
        await call(breaker)
        await fail(breaker)
        assert state_of(breaker) == "closed"
        await fail(breaker)
        assert state_of(breaker) == "open"

    run(main())


def test_it_stays_closed_below_the_share_and_below_the_least_calls() -> None:
    async def main() -> None:
        few = breaker_of()
        await fail(few, 3)
        assert state_of(few) == "closed"
        many = breaker_of()
        for _ in range(20):
            await call(many)
            await call(many)
            await fail(many)
        assert state_of(many) == "closed"

    run(main())


def test_failures_that_have_left_the_window_do_not_count() -> None:
    async def main() -> None:
        breaker = breaker_of()
        await fail(breaker, 3)
        await asyncio.sleep(20)
        await fail(breaker, 3)
        assert state_of(breaker) == "closed"
        await asyncio.sleep(17.9)  # one bucket, a tenth of the window, is how exact it is
        await fail(breaker)
        assert state_of(breaker) == "open"

    run(main())


def test_open_it_refuses_at_once_and_says_when_to_try_again() -> None:
    async def main() -> None:
        breaker = breaker_of()
        await fail(breaker, 4)
        await asyncio.sleep(2)
        reports: Reports = []
        with pytest.raises(CircuitOpen) as caught:
            await call(breaker, takes=1, reports=reports)
        assert (caught.value.name, caught.value.retry_after) == ("payments", 3)
        assert str(caught.value) == "circuit 'payments' is open: try again in 3 seconds"
        assert isinstance(caught.value, ConnectionError)
        assert reports == [("sdax.breaker.refused", {"breaker": "payments", "retry_after": 3.0})]
        assert running_loop().time() == 2

    run(main())


@pytest.mark.parametrize(("error", "after"), [(None, "closed"), (OSError("down"), "open")])
def test_after_its_time_one_probe_decides(error: Exception | None, after: str) -> None:
    async def main() -> None:
        breaker = breaker_of()
        await fail(breaker, 4)
        await asyncio.sleep(5)
        probe = _start(call(breaker, takes=1, error=error))
        await asyncio.sleep(0.5)
        assert state_of(breaker) == "half-open"
        with pytest.raises(CircuitOpen) as caught:
            await call(breaker)
        assert caught.value.retry_after == 0.5
        await asyncio.wait([probe])
        assert (probe.exception(), state_of(breaker)) == (error, after)
        if after == "open":
            with pytest.raises(CircuitOpen, match="in 5 seconds"):
                await call(breaker)
        else:
            assert await call(breaker) == "answer"

    run(main())


def test_closed_again_it_has_forgotten_the_failures_before() -> None:
    async def main() -> None:
        breaker = breaker_of()
        await fail(breaker, 4)
        await asyncio.sleep(5)
        await call(breaker)
        await fail(breaker, 3)
        assert state_of(breaker) == "closed"

    run(main())


def test_cancelled_attempts_count_neither_as_success_nor_as_failure() -> None:
    async def main() -> None:
        breaker = breaker_of()
        for _ in range(20):
            attempt = _start(call(breaker, takes=1))
            await asyncio.sleep(0.1)
            attempt.cancel()
            await asyncio.wait([attempt])
        await fail(breaker, 3)
        assert state_of(breaker) == "closed"
        await fail(breaker)
        assert state_of(breaker) == "open"

    run(main())


@pytest.mark.parametrize("end", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit()])
def test_after_a_probe_that_says_nothing_the_next_attempt_is_the_probe(end: BaseException) -> None:
    async def main() -> None:
        breaker = breaker_of()
        await fail(breaker, 4)
        await asyncio.sleep(5)
        with pytest.raises(type(end)):
            await call(breaker, error=end)
        assert state_of(breaker) == "half-open"
        assert await call(breaker) == "answer"
        assert state_of(breaker) == "closed"

    run(main())


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_probe_cancelled_at_any_step_leaves_room_for_the_next(factory: Factory | None) -> None:
    last = 1
    step = 0
    while step < last:
        step += 1
        last = run(_probe_cancelled_at(step), factory=factory)
    assert last > 3


async def _probe_cancelled_at(step: int) -> int:
    breaker = breaker_of()
    await fail(breaker, 4)
    await asyncio.sleep(5)
    loop = running_loop()
    begun = loop.steps
    probe = _start(call(breaker, takes=1))

    def cancel(now: int) -> None:
        if now - begun == step:
            probe.cancel()

    loop.before_step = cancel
    await asyncio.wait([probe])
    loop.before_step = None
    steps = loop.steps - begun
    assert await call(breaker) == "answer"
    assert state_of(breaker) == "closed"
    return steps


def test_what_began_before_the_state_changed_changes_nothing_any_more() -> None:
    async def main() -> None:
        breaker = breaker_of()
        late = [
            _start(call(breaker, takes=seconds, error=error))
            for seconds in (3, 5.5)
            for error in (None, OSError("down"))
        ]
        await asyncio.sleep(0)
        await fail(breaker, 4)
        await asyncio.sleep(4)
        assert state_of(breaker) == "open"
        await asyncio.sleep(1)
        probe = _start(call(breaker, takes=1))
        await asyncio.sleep(0.75)
        assert all(attempt.done() for attempt in late)
        assert state_of(breaker) == "half-open"
        with pytest.raises(CircuitOpen):
            await call(breaker)
        await probe
        assert state_of(breaker) == "closed"
        assert [type(attempt.exception()) for attempt in late] == [type(None), OSError] * 2

    run(main())


class Temporary(Exception):
    pass


def _is_temporary(error: Exception) -> bool:
    return isinstance(error, Temporary)


COUNTED: dict[str, Any] = {
    "a class": Temporary,
    "a tuple": (Temporary, ZeroDivisionError),
    "a function": _is_temporary,
}


@pytest.mark.parametrize("failures", COUNTED.values(), ids=COUNTED)
def test_only_what_counts_as_a_failure_opens_it(failures: Any) -> None:
    async def main() -> None:
        breaker = breaker_of(failures=failures)
        await fail(breaker, 20, LookupError("down"))
        assert state_of(breaker) == "closed"
        await asyncio.sleep(100)
        await fail(breaker, 4, Temporary("down"))
        assert state_of(breaker) == "open"
        await asyncio.sleep(5)
        await fail(breaker, 1, LookupError("down"))  # an answer, so the backend is up
        assert state_of(breaker) == "closed"

    run(main())


@pytest.mark.parametrize("failures", COUNTED.values(), ids=COUNTED)
def test_one_leaf_that_counts_is_enough_in_a_group(failures: Any) -> None:
    async def main() -> None:
        breaker = breaker_of(failures=failures)
        group = ExceptionGroup("down", [LookupError(), ExceptionGroup("inner", [Temporary()])])
        await fail(breaker, 4, group)
        assert state_of(breaker) == "open"

    run(main())


def test_a_function_that_raises_instead_of_deciding_is_neutral_and_heard() -> None:
    def undecided(_: Exception) -> bool:
        raise RuntimeError("cannot say")

    async def main() -> None:
        breaker = breaker_of(failures=undecided)
        for _ in range(20):
            with pytest.raises(RuntimeError, match="cannot say"):
                await call(breaker, error=OSError("down"))
        assert state_of(breaker) == "closed"

    run(main())


def test_listeners_and_observers_are_told_of_each_change() -> None:
    told: list[tuple[Any, ...]] = []
    reports: Reports = []

    def listener(*change: Any) -> None:
        told.append(change)

    async def main() -> None:
        breaker = breaker_of(least_calls=1, listeners=[listener])
        with pytest.raises(OSError, match="down"):
            await call(breaker, error=OSError("down"), reports=reports)
        await asyncio.sleep(5)
        await call(breaker, reports=reports)
        changes = [("closed", "open"), ("open", "half-open"), ("half-open", "closed")]
        assert told == [(breaker, before, after) for before, after in changes]
        assert reports == [
            ("sdax.breaker.changed", {"breaker": "payments", "before": before, "after": after})
            for before, after in changes
        ]

    run(main())


def test_a_listener_that_raises_is_logged_and_disturbs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[str] = []

    def broken(*_: object) -> None:
        raise LookupError("no such dashboard")

    def listener(_breaker: CircuitBreaker, _before: str, after: str) -> None:
        told.append(after)

    async def main() -> None:
        breaker = breaker_of(least_calls=1, listeners=[broken, listener])
        await fail(breaker)

    with caplog.at_level(logging.ERROR, "sdax"):
        run(main())
    assert told == ["open"]
    [record] = caplog.records
    assert "broken" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)


def test_the_clock_can_be_given() -> None:
    now = 100.0

    async def main() -> None:
        nonlocal now
        breaker = breaker_of(clock=lambda: now)
        await fail(breaker, 4)
        now = 104.0
        with pytest.raises(CircuitOpen, match="in 1 seconds"):
            await call(breaker)
        now = 105.0
        assert await call(breaker) == "answer"

    run(main())


def test_shared_with_a_loop_that_is_still_open_it_is_refused() -> None:
    breaker = breaker_of()
    first = asyncio.new_event_loop()
    try:
        first.run_until_complete(call(breaker))
        with pytest.raises(
            RuntimeError, match="the circuit breaker 'payments' belongs to another event loop"
        ):
            run(call(breaker))
    finally:
        first.close()


def test_in_the_loop_after_a_closed_one_it_starts_afresh() -> None:
    breaker = breaker_of()
    run(fail(breaker, 4))
    assert state_of(breaker) == "open"
    assert run(call(breaker)) == "answer"
    assert state_of(breaker) == "closed"


def test_the_refusal_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(CircuitOpen("payments", 1.5)))
    assert (copy.name, copy.retry_after, str(copy)) == (
        "payments",
        1.5,
        "circuit 'payments' is open: try again in 1.5 seconds",
    )


@dataclass(frozen=True)
class Caller:
    """When it calls, how long that takes, how it ends, after how long it is cancelled if not over."""

    calls_at: float
    takes: float
    ends: str
    cancelled_after: float


CALLERS = some.lists(
    some.builds(
        Caller,
        some.integers(0, 30).map(float),
        some.integers(0, 4).map(float),
        some.sampled_from(["answer", "failure", "error"]),
        some.integers(0, 6).map(float),
    ),
    max_size=40,
)


class Scene:
    """A breaker and who calls through it; checks that there is one probe at most."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self.breaker = breaker
        self.probes = 0
        self.attempt: Any = ReportedAttempt([])

    async def backend(self, caller: Caller) -> str:
        assert state_of(self.breaker) != "open"
        is_probe = state_of(self.breaker) == "half-open"
        self.probes += is_probe
        assert self.probes <= 1
        try:
            await asyncio.sleep(caller.takes)
            if caller.ends != "answer":
                raise OSError if caller.ends == "failure" else LookupError
            return "answer"
        finally:
            self.probes -= is_probe

    async def call(self, caller: Caller) -> object:
        await asyncio.sleep(caller.calls_at)
        try:
            return await self.breaker(self.attempt, partial(self.backend, caller))
        except CircuitOpen as refused:
            assert state_of(self.breaker) != "closed"
            return refused.retry_after
        except (OSError, LookupError):
            return None


@given(CALLERS, some.integers(1, 4), some.sampled_from(FACTORIES))
@settings(max_examples=300, deadline=None)
def test_it_never_lets_two_probes_through_and_always_lets_one_in_the_end(
    callers: list[Caller], least_calls: int, factory: Factory | None
) -> None:
    async def main() -> None:
        scene = Scene(breaker_of(least_calls=least_calls, failures=OSError))
        tasks: list[asyncio.Task[Any]] = []
        for caller in callers:
            tasks.append(_start(scene.call(caller)))
            cancelled_at = caller.calls_at + caller.cancelled_after
            running_loop().call_at(cancelled_at, tasks[-1].cancel)
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(result, asyncio.CancelledError | None):
                assert result == "answer" or 0 < float(str(result)) <= 5
        await asyncio.sleep(5)
        assert await scene.call(Caller(0, 1, "answer", 9)) == "answer"
        assert state_of(scene.breaker) == "closed"

    run(main(), factory=factory)


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "name": ({"name": ""}, ValueError, "name must be a text that says what the breaker protects"),
    "no name": ({"name": None}, TypeError, "name must be a text that says what the breaker"),
    "ratio 0": ({"failure_ratio": 0}, ValueError, "failure_ratio must be a number above 0 and at"),
    "ratio 2": ({"failure_ratio": 2}, ValueError, "failure_ratio must be a number above 0 and at"),
    "calls": ({"least_calls": 0}, ValueError, "least_calls must be a whole number, 1 or more"),
    "window": ({"window": -1}, ValueError, "window must be a finite number above 0"),
    "infinite": ({"window": float("inf")}, ValueError, "window must be a finite number above 0"),
    "open_for": ({"open_for": "1"}, TypeError, "open_for must be a finite number above 0"),
    "failures": ({"failures": 3}, TypeError, "failures must be an exception class, a tuple"),
    "empty": ({"failures": ()}, TypeError, "failures must be an exception class, a tuple"),
    "BaseException": ({"failures": BaseException}, TypeError, "failures must be an exception"),
    "listener": (
        {"listeners": [3]},
        TypeError,
        "listeners must be functions that take the breaker",
    ),
    "one": ({"listeners": print}, TypeError, "listeners must be functions that take the breaker"),
    "async listener": ({"listeners": [asyncio.sleep]}, TypeError, "listeners: <function sleep"),
    "async failures": ({"failures": asyncio.sleep}, TypeError, "failures: <function sleep"),
    "clock": ({"clock": 3}, TypeError, "clock must be a function that returns seconds, or None"),
}


@pytest.mark.parametrize(("changed", "kind", "message"), BAD.values(), ids=BAD)
def test_a_setting_out_of_range_names_itself(
    changed: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        _untyped(**({"name": "payments"} | changed))


def _start(coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(coroutine)


_untyped: Any = CircuitBreaker

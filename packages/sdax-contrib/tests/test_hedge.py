"""`hedge`: the first success wins, the losers end before it is given, and a cancel leaves nothing."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sdax_contrib.hedge import hedge
from sdax_contrib.retry import Constant, Retry
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxExecutionError,
    StrayCancellationError,
    TaskFunction,
)
from sdax_proof.running import FACTORIES, Factory, run
from sdax_proof.virtual_clock import VirtualClockLoop, running_loop

Ending = Literal["result", "error", "stray cancel"]
Reply = Literal["stops", "slowly", "error", "result"]


@dataclass(frozen=True)
class Call:
    """How one call behaves: when and how it ends, and what it does when it is cancelled."""

    seconds: float
    ending: Ending = "result"
    when_cancelled: Reply = "stops"


class Connection:
    """A result that has to be closed."""

    def __init__(self, number: int, closing: float = 0.0) -> None:
        self.number = number
        self.closed = 0
        self._closing = closing

    async def aclose(self) -> None:
        await asyncio.sleep(self._closing)
        self.closed += 1


@dataclass
class Replicas:
    """The function that is hedged: its n-th call behaves as `calls[n]` says."""

    calls: Sequence[Call]
    closing: float = 0.0
    began: list[float] = field(default_factory=list[float])
    ended: list[float] = field(default_factory=list[float])
    cancels: list[int] = field(default_factory=list[int])
    connections: list[Connection] = field(default_factory=list[Connection])

    async def fetch(self) -> Connection:
        loop, number = running_loop(), len(self.began)
        call = self.calls[number]
        self.began.append(loop.time())
        self.cancels.append(0)
        try:
            return await self._behave(number, call)
        finally:
            self.ended.append(loop.time())

    async def _behave(self, number: int, call: Call) -> Connection:
        try:
            await asyncio.sleep(call.seconds)
        except asyncio.CancelledError:
            self.cancels[number] += 1
            if call.when_cancelled == "stops":
                raise
            await self._clean_up(number)
            if call.when_cancelled == "slowly":
                raise
            if call.when_cancelled == "error":
                raise OSError(f"cancelled {number}") from None
        else:
            if call.ending == "error":
                raise LookupError(number)
            if call.ending == "stray cancel":
                raise asyncio.CancelledError
        self.connections.append(Connection(number, self.closing))
        return self.connections[-1]

    async def _clean_up(self, number: int) -> None:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            self.cancels[number] += 1
            raise

    def open_connections(self) -> list[int]:
        return [each.number for each in self.connections if not each.closed]


def hedged(replicas: Replicas, after: float = 1.0) -> Callable[[], Any]:
    return hedge(replicas.fetch, after, extra=len(replicas.calls) - 1)


def nothing_is_left(loop: VirtualClockLoop) -> bool:
    return asyncio.all_tasks(loop) == {asyncio.current_task()} and not loop.pending_timers()


@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize(
    ("calls", "began", "winner", "at"),
    [
        ([Call(0.5), Call(9)], [0.0], 0, 0.5),
        ([Call(9), Call(0.5)], [0.0, 1.0], 1, 1.5),
        ([Call(1.5), Call(9)], [0.0, 1.0], 0, 1.5),
        ([Call(9), Call(9), Call(0.5)], [0.0, 1.0, 2.0], 2, 2.5),
        ([Call(2), Call(1)], [0.0, 1.0], 0, 2.0),
        ([Call(0.2, "error"), Call(9), Call(0.5)], [0.0, 0.2, 1.2], 2, 1.7),
        ([Call(1.5, "error"), Call(9), Call(0.1)], [0.0, 1.0, 1.5], 2, 1.6),
        ([Call(0.2, "error"), Call(0.3, "error"), Call(4)], [0.0, 0.2, 0.5], 2, 4.5),
        ([Call(0.2, "stray cancel"), Call(4)], [0.0, 0.2], 1, 4.2),
        ([Call(0), Call(0)], [0.0], 0, 0.0),
        ([Call(9, when_cancelled="slowly"), Call(0.5)], [0.0, 1.0], 1, 2.5),
        ([Call(9, when_cancelled="error"), Call(0.5)], [0.0, 1.0], 1, 2.5),
        ([Call(9, when_cancelled="result"), Call(0.5)], [0.0, 1.0], 1, 2.5),
    ],
    ids=repr,
)
def test_the_first_success_wins(
    calls: list[Call], began: list[float], winner: int, at: float, factory: Factory | None
) -> None:
    replicas = Replicas(calls)

    async def main() -> None:
        result = await hedged(replicas)()
        assert result.number == winner
        assert running_loop().time() == pytest.approx(at)
        assert nothing_is_left(running_loop())

    run(main(), factory=factory)
    assert replicas.began == pytest.approx(began)
    assert len(replicas.ended) == len(replicas.began)
    assert replicas.open_connections() == [winner]
    assert max(replicas.cancels) <= 1


def test_with_no_time_between_them_all_calls_begin_at_once() -> None:
    replicas = Replicas([Call(9), Call(9), Call(3)])
    assert run(hedged(replicas, after=0)()).number == 2
    assert replicas.began == [0.0, 0.0, 0.0]


def test_if_all_calls_fail_all_errors_come_out_in_the_order_of_failing() -> None:
    replicas = Replicas([Call(2.5, "error"), Call(1, "error"), Call(0.2, "stray cancel")])
    with pytest.raises(ExceptionGroup, match=r"all 3 hedged calls of Replicas.fetch failed") as got:
        run(hedged(replicas)())
    second, third, first = got.value.exceptions
    assert isinstance(second, LookupError)
    assert second.args == (1,)
    assert isinstance(third, StrayCancellationError)
    assert isinstance(third.__cause__, asyncio.CancelledError)
    assert isinstance(first, LookupError)
    assert first.args == (0,)


def test_a_retry_policy_sees_through_the_group_of_a_hedge_that_failed() -> None:
    policy = Retry(2, Constant(1), on=LookupError)
    replicas = Replicas([Call(0, "error"), Call(0, "error"), Call(0, "error"), Call(0.5)])
    fetch = hedge(replicas.fetch, after=1)
    found: list[Connection] = []

    async def load(ctx: Any) -> None:
        found.append(await fetch())

    task = AsyncTask("load", execute=TaskFunction(load, retry=policy))
    run(AsyncDagTaskProcessor[Any].builder().add_task(task).build().process_tasks(None))
    assert [each.number for each in found] == [3]
    assert replicas.began == [0.0, 0.0, 1.0, 1.0]


def test_the_object_that_won_is_not_closed_though_a_loser_gives_it_too() -> None:
    shared = Connection(0)

    async def fetch() -> Connection:
        await asyncio.sleep(1)
        return shared

    assert run(hedge(fetch, after=0)()) is shared
    assert shared.closed == 0


class SyncClose:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class AwaitableClose(SyncClose):
    def close(self) -> Any:
        async def closing() -> None:
            self.closed += 1

        return closing()


class NoClose:
    closed = 1


@pytest.mark.parametrize("kind", [SyncClose, AwaitableClose, NoClose])
def test_a_result_is_closed_in_the_way_that_it_has(kind: type[Any]) -> None:
    made: list[Any] = []

    async def fetch() -> Any:
        await asyncio.sleep(1)
        made.append(kind())
        return made[-1]

    winner = run(hedge(fetch, after=0, extra=2)())
    assert [each.closed for each in made if each is not winner] == [1, 1]


def test_a_result_that_cannot_be_closed_is_logged_and_does_not_spoil_the_success(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        async def aclose(self) -> None:
            raise OSError("broken pipe")

    async def fetch() -> Broken:
        await asyncio.sleep(1)
        return Broken()

    assert isinstance(run(hedge(fetch, after=0)()), Broken)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "closing the result of a hedged call" in record.getMessage()
    assert "broken pipe" in caplog.text


def test_errors_that_do_not_come_out_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sdax")
    calls = [Call(0.1, "error"), Call(9, when_cancelled="error"), Call(0.1)]
    run(hedged(Replicas(calls))())
    assert [(record.name, record.levelname) for record in caplog.records] == [
        ("sdax", "WARNING"),
        ("sdax", "INFO"),
    ]
    assert "OSError: cancelled 1" in caplog.text
    assert "LookupError: 0" in caplog.text


def test_calls_see_the_context_variables_of_the_caller_and_keep_theirs() -> None:
    variable = contextvars.ContextVar("variable", default="none")

    async def fetch() -> str:
        seen = variable.get()
        variable.set("call's")
        return seen

    async def main() -> None:
        variable.set("caller's")
        assert await hedge(fetch, after=1)() == "caller's"
        assert variable.get() == "caller's"

    run(main())


def test_arguments_are_passed_on_and_the_name_is_kept() -> None:
    async def divide(a: float, *, by: float) -> float:
        return a / by

    hedged_divide = hedge(divide, after=1)
    assert run(hedged_divide(6, by=3)) == 2
    assert hedged_divide.__name__ == "divide"


def test_what_cannot_be_awaited_is_named() -> None:
    plain: Any = lambda: 3  # noqa: E731
    with pytest.raises(ExceptionGroup) as raised:
        run(hedge(plain, after=1)())
    assert "<lambda> returned int, which cannot be awaited" in str(raised.value.exceptions[0])


class Halt(BaseException):
    """Neither an Exception nor a cancellation."""


@pytest.mark.parametrize("cancelled_later", [False, True])
def test_what_is_no_exception_stops_the_race_and_comes_out_itself(cancelled_later: bool) -> None:
    replicas = Replicas([Call(9, when_cancelled="slowly"), Call(9)])

    async def halts() -> Connection:
        if len(replicas.began) == 1:
            raise Halt
        return await replicas.fetch()

    async def main() -> None:
        this_task = asyncio.current_task()
        assert this_task is not None
        if cancelled_later:
            running_loop().call_at(1.5, this_task.cancel)
        with pytest.raises(Halt):
            await hedge(halts, after=1, extra=2)()
        assert running_loop().time() == 2.0
        assert nothing_is_left(running_loop())

    run(main())


CALLS = st.builds(
    Call,
    st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 50.0]),
    st.sampled_from(["result", "error", "stray cancel"]),
    st.sampled_from(["stops", "slowly", "error", "result"]),
)


@settings(max_examples=60, deadline=None)
@given(
    calls=st.lists(CALLS, min_size=2, max_size=4),
    after=st.sampled_from([0.0, 0.5, 1.0]),
    closing=st.sampled_from([0.0, 0.3]),
    factory=st.sampled_from(FACTORIES),
    cancels=st.sampled_from([1, 3]),
)
def test_cancelled_at_any_step_it_leaves_nothing_behind(
    calls: list[Call], after: float, closing: float, factory: Factory | None, cancels: int
) -> None:
    step = 1
    while cancelled_at_step(step, calls, after, closing, factory, cancels):
        step += 1
    assert step > 1


def cancelled_at_step(
    step: int,
    calls: list[Call],
    after: float,
    closing: float,
    factory: Factory | None,
    cancels: int,
) -> bool:
    """Cancel a hedge before a step of its loop; say whether it was still running then."""
    replicas = Replicas(calls, closing)
    was_running = False

    async def main() -> None:
        nonlocal was_running
        loop = running_loop()
        racing = loop.create_task(hedged(replicas, after)())
        first = loop.steps

        def cancel(now: int) -> None:
            nonlocal was_running
            if step <= now - first < step + cancels and not racing.done():
                was_running = True
                racing.cancel()

        loop.before_step = cancel
        await asyncio.wait([racing])
        loop.before_step = None
        assert nothing_is_left(loop)
        assert racing.cancelled() == was_running
        kept: list[int] = []
        if not was_running and racing.exception() is None:
            kept = [racing.result().number]
        assert replicas.open_connections() == kept
        assert len(replicas.ended) == len(replicas.began)
        assert max(replicas.cancels, default=0) <= 1
        assert all(each.closed <= 1 for each in replicas.connections)

    run(main(), factory=factory)
    return was_running


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 2.0])
def test_a_run_that_is_cancelled_in_a_hedge_is_cancelled_and_nothing_else(seconds: float) -> None:
    replicas = Replicas([Call(9, when_cancelled="slowly"), Call(9, when_cancelled="result")])
    fetch = hedged(replicas)

    async def load(ctx: Any) -> None:
        await fetch()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await processor.process_tasks(None, timeout=seconds)
        assert nothing_is_left(running_loop())
        assert running_loop().time() == seconds + 1
        assert replicas.open_connections() == []

    task = AsyncTask("load", execute=TaskFunction(load))
    processor = AsyncDagTaskProcessor[Any].builder().add_task(task).build()
    run(main())


def test_the_timeout_of_an_attempt_bounds_all_calls() -> None:
    replicas = Replicas([Call(9), Call(9)])
    fetch = hedged(replicas)

    async def load(ctx: Any) -> None:
        await fetch()

    task = AsyncTask("load", execute=TaskFunction(load, timeout=3))
    processor = AsyncDagTaskProcessor[Any].builder().add_task(task).build()
    with pytest.raises(SdaxExecutionError) as raised:
        run(processor.process_tasks(None))
    assert isinstance(raised.value.exceptions[0], TimeoutError)
    assert replicas.ended == [3.0, 3.0]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3, 1.0), TypeError, "fn must be an async function; got 3"),
        ((asyncio.sleep, -1), ValueError, "after must be a finite number of seconds, 0 or more"),
        ((asyncio.sleep, "1"), TypeError, "after must be"),
        ((asyncio.sleep, 1, 0), ValueError, "extra must be a whole number, 1 or more; got 0"),
    ],
)
def test_a_bad_setting_names_itself(
    arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        hedge(*arguments)

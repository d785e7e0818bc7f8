"""What docs/explanation/by-hand.md says of its two programs, the one in plain asyncio and the one with sdax."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import by_hand_asyncio
import by_hand_sdax
import pytest
from by_hand_world import Gate, Purchase, SoldOut, World, kinds, show
from sdax_core import SdaxExecutionError

DOCS_SRC = Path(__file__).resolve().parents[2] / "docs_src"
PATIENCE = 10
CYCLES = 20
"""Cycles of the event loop in which everything happens that can."""


class Service(NamedTuple):
    """One of the two programs."""

    application: Callable[[World], AbstractAsyncContextManager[Any]]
    place_order: Callable[[Any, Purchase, float | None], Coroutine[Any, Any, None]]


BY_HAND = Service(by_hand_asyncio.application, by_hand_asyncio.place_order)
WITH_SDAX = Service(by_hand_sdax.application, by_hand_sdax.place_order)
BOTH = pytest.mark.parametrize("service", [BY_HAND, WITH_SDAX], ids=["asyncio", "sdax"])
PURCHASE = Purchase(1, "ada", 2000)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run it, but not for ever."""

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await main

    asyncio.run(bounded())


async def cycles(count: int = CYCLES) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def gate(world: World, step: str) -> Gate:
    return world.gates.setdefault(step, Gate())


async def ended(task: asyncio.Task[None]) -> BaseException | None:
    """Wait until the task is over, and give what it raised."""
    await asyncio.wait([task])
    return asyncio.CancelledError() if task.cancelled() else task.exception()


@BOTH
def test_both_print_the_same(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    run(show(*service))
    assert capsys.readouterr().out == (DOCS_SRC / "by_hand_asyncio.out").read_text("utf-8")


# What both do


@BOTH
def test_both_release_everything_after_a_cancel_at_any_moment_before_cleanup(
    service: Service,
) -> None:
    async def cancelled_after(count: int) -> bool:
        """Give False if the order was done before."""
        world = World()
        async with service.application(world) as app:
            order = asyncio.create_task(service.place_order(app, PURCHASE, None))
            await cycles(count)
            is_at_work = "charge" not in world.done  # which is the last step before cleanup
            if order.done():
                return False
            order.cancel()
            assert isinstance(await ended(order), asyncio.CancelledError)
            if is_at_work:
                assert sorted(world.held) == ["client", "pool"]
                assert world.orders == {}
        return True

    async def main() -> None:
        count = 0
        while await cancelled_after(count):
            count += 1
        assert count > len(("connection", "begin", "reserve", "write", "charge"))

    run(main())


@BOTH
def test_both_hand_a_first_cancel_to_the_cleanup_that_is_running_and_run_the_others(
    service: Service,
) -> None:
    async def main() -> None:
        world = World()
        async with service.application(world) as app:
            committing = gate(world, "commit")
            order = asyncio.create_task(service.place_order(app, PURCHASE, None))
            await committing.is_reached.wait()
            order.cancel()
            assert isinstance(await ended(order), asyncio.CancelledError)
            assert "close connection" in world.steps
            assert "transaction" in world.held  # Its commit was cut short.
            assert "connection" not in world.held

    run(main())


@BOTH
def test_both_let_no_retry_wait_past_the_deadline_and_give_its_error_then(service: Service) -> None:
    async def main() -> None:
        world = World()
        async with service.application(world) as app:
            world.faults["charge"] = [ConnectionError("no network")] * 3
            with pytest.raises((ConnectionError, SdaxExecutionError)) as raised:
                await service.place_order(app, PURCHASE, 0.005)
            assert kinds(raised.value) == ["ConnectionError"]

    run(main())


# What differs


@pytest.mark.parametrize(
    ("service", "left_behind"),
    [(BY_HAND, ["transaction"]), (WITH_SDAX, [])],
    ids=["asyncio", "sdax"],
)
def test_a_second_cancel_leaves_a_transaction_open_by_hand(
    service: Service, left_behind: list[str]
) -> None:
    async def main() -> None:
        world = World()
        async with service.application(world) as app:
            charging, rolling_back = gate(world, "charge"), gate(world, "roll back")
            order = asyncio.create_task(service.place_order(app, PURCHASE, None))
            await charging.is_reached.wait()
            order.cancel()
            await rolling_back.is_reached.wait()
            order.cancel()
            rolling_back.is_open.set()
            assert isinstance(await ended(order), asyncio.CancelledError)
        assert world.held == left_behind

    run(main())


@pytest.mark.parametrize(
    ("service", "raised"),
    [(BY_HAND, ["ConnectionError"]), (WITH_SDAX, ["SoldOut", "ConnectionError"])],
    ids=["asyncio", "sdax"],
)
def test_a_failed_cleanup_hides_what_failed_before_it_by_hand(
    service: Service, raised: list[str]
) -> None:
    async def main() -> None:
        world = World()
        async with service.application(world) as app:
            world.faults = {"reserve": [SoldOut()], "roll back": [ConnectionError()]}
            error = await ended(asyncio.create_task(service.place_order(app, PURCHASE, None)))
        assert error is not None
        assert kinds(error) == raised

    run(main())


@pytest.mark.parametrize(
    ("service", "timeout", "raised"),
    [
        (BY_HAND, None, "ConnectionError"),
        (WITH_SDAX, None, "CancelledError"),
        (BY_HAND, 0.02, "ConnectionError"),
        (WITH_SDAX, 0.02, "TimeoutError"),
    ],
    ids=["cancelled-asyncio", "cancelled-sdax", "deadline-asyncio", "deadline-sdax"],
)
def test_a_failed_cleanup_takes_the_place_of_the_cancel_by_hand(
    service: Service, timeout: float | None, raised: str
) -> None:
    async def main() -> None:
        world = World()
        async with service.application(world) as app:
            world.faults = {"roll back": [ConnectionError()]}
            charging = gate(world, "charge")
            order = asyncio.create_task(service.place_order(app, PURCHASE, timeout))
            await charging.is_reached.wait()
            if timeout is None:
                order.cancel()
            error = await ended(order)
        assert type(error).__name__ == raised

    run(main())


@pytest.mark.parametrize(
    ("service", "at_once"), [(BY_HAND, False), (WITH_SDAX, True)], ids=["asyncio", "sdax"]
)
def test_pool_and_client_are_opened_and_closed_one_after_the_other_by_hand(
    service: Service, at_once: bool
) -> None:
    async def main() -> None:
        world = World()
        opening, closing = gate(world, "open pool"), gate(world, "close client")
        async with AsyncExitStack() as stack:
            start = asyncio.create_task(stack.enter_async_context(service.application(world)))
            await opening.is_reached.wait()
            await cycles()
            assert ("open client" in world.steps) is at_once
            opening.is_open.set()
            await start
            stop = asyncio.create_task(stack.aclose())
            await closing.is_reached.wait()
            await cycles()
            assert ("close pool" in world.steps) is at_once
            closing.is_open.set()
            await stop
        assert world.held == []

    run(main())


@pytest.mark.parametrize(
    ("service", "is_pulled_away"), [(BY_HAND, True), (WITH_SDAX, False)], ids=["asyncio", "sdax"]
)
def test_closing_the_service_pulls_the_pool_away_from_an_order_by_hand(
    service: Service, is_pulled_away: bool
) -> None:
    async def main() -> None:
        world = World()
        charging = gate(world, "charge")
        async with AsyncExitStack() as stack:
            app = await stack.enter_async_context(service.application(world))
            order = asyncio.create_task(service.place_order(app, PURCHASE, None))
            await charging.is_reached.wait()
            stop = asyncio.create_task(stack.aclose())
            await cycles()
            assert "transaction" in world.held
            assert ("pool" not in world.held) is is_pulled_away
            charging.is_open.set()
            await order
            await stop

    run(main())


@pytest.mark.parametrize(
    ("service", "step", "kind"),
    [
        (BY_HAND, "reserve", ExceptionGroup),
        (BY_HAND, "write", SoldOut),
        (WITH_SDAX, "reserve", SdaxExecutionError),
        (WITH_SDAX, "write", SdaxExecutionError),
    ],
)
def test_what_the_caller_has_to_catch_depends_on_where_it_failed_by_hand(
    service: Service, step: str, kind: type[Exception]
) -> None:
    async def main() -> None:
        world = World()
        async with service.application(world) as app:
            world.faults[step] = [SoldOut()]
            error = await ended(asyncio.create_task(service.place_order(app, PURCHASE, None)))
        assert type(error) is kind

    run(main())


def test_only_with_sdax_the_error_says_what_was_tried_and_how_often() -> None:
    async def main() -> None:
        for service in (BY_HAND, WITH_SDAX):
            world = World()
            async with service.application(world) as app:
                world.faults["charge"] = [ConnectionError("no network") for _ in range(3)]
                error = await ended(asyncio.create_task(service.place_order(app, PURCHASE, None)))
            if service is BY_HAND:
                assert type(error) is ConnectionError
                assert not hasattr(error, "__notes__")
            else:
                assert isinstance(error, SdaxExecutionError)
                [failure] = error.failures
                assert (failure.task, failure.attempts) == ("charge", 3)

    run(main())

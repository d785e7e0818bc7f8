"""The runs of the demo, each checked here against the database and the service themselves."""

import asyncio
import io
import json
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sdax import SdaxExecutionError
from sdax._demo import demo
from sdax._demo.claims import Claims
from sdax._demo.database_file import create_database
from sdax._demo.order_endpoint import Shop
from sdax._demo.placing import place
from sdax._demo.runs import deadline_hit, good_order, many_orders, price_service_down
from sdax._demo.service_process import ServiceProcess, running_service
from sdax._demo.stage import Stage
from sdax._demo.terminal import Terminal

LAMPS = 60
RUSH = 40
"""More than there are slots."""
PATIENCE = 10


@pytest.fixture
def service() -> Generator[ServiceProcess]:
    with running_service() as process:
        yield process


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def stage(service: ServiceProcess, tmp_path: Path, output: io.StringIO) -> Stage:
    database = tmp_path / "shop.db"
    create_database(database, LAMPS)
    terminal = Terminal(output)
    return Stage(service, database, LAMPS, terminal, Claims(terminal))


def rows(stage: Stage, query: str) -> list[Any]:
    with closing(sqlite3.connect(stage.database)) as connection:
        return connection.execute(query).fetchall()


def report(service: ServiceProcess) -> Any:
    """What the service says of itself, without the door that the demo uses."""
    address = service.url.removeprefix("http://")
    with closing(HTTPConnection(address, timeout=PATIENCE)) as connection:
        connection.request("GET", "/report")
        return json.loads(connection.getresponse().read())


def assert_placed(stage: Stage, numbers: list[int]) -> None:
    """Just these orders are in the database and were published, and every session is closed."""
    assert rows(stage, "SELECT * FROM orders ORDER BY number") == [
        (number, "ada", "lamp", 1, 1800) for number in numbers
    ]
    assert rows(stage, "SELECT * FROM stock") == [("lamp", LAMPS - len(numbers))]
    seen = report(stage.service)
    assert (seen["published"], seen["open_sessions"]) == (numbers, 0)
    assert stage.claims.broken == 0
    assert stage.tasks_left == []


def test_a_good_order_is_in_the_database_and_was_published(stage: Stage) -> None:
    good_order(stage)
    assert_placed(stage, [1])
    assert stage.claims.checked == 3


@pytest.mark.parametrize(
    ("run", "error", "claims"),
    [
        (
            price_service_down,
            "RetryableException: GET /prices/spring/lamp was answered with 503",
            4,
        ),
        (
            deadline_hit,
            "TimeoutError: the run was not done within its timeout of 0.5 seconds; cancelled in",
            5,
        ),
    ],
)
def test_an_order_that_fails_or_is_cancelled_leaves_no_trace(
    run: Callable[[Stage], None], error: str, claims: int, stage: Stage, output: io.StringIO
) -> None:
    good_order(stage)
    run(stage)
    assert_placed(stage, [1])
    assert stage.claims.checked == 3 + claims
    assert error in output.getvalue()


def test_an_order_whose_commit_fails_is_rolled_back_and_not_published(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: aiosqlite.Connection) -> None:
        raise sqlite3.OperationalError("disk is full")

    monkeypatch.setattr(aiosqlite.Connection, "commit", refuse)
    placed = stage.run(lambda shop: place(shop, 1))
    assert isinstance(placed.error, SdaxExecutionError)
    assert [(failure.task, failure.phase) for failure in placed.error.failures] == [
        ("transaction", "post_execute")
    ]
    assert_placed(stage, [])


def test_an_order_whose_caller_gives_up_during_the_commit_is_published_if_it_is_in_the_database(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = aiosqlite.Connection.commit

    async def place_and_give_up(shop: Shop) -> None:
        caller = asyncio.create_task(place(shop, 1))

        async def commit_and_wait_for_the_cancel(connection: aiosqlite.Connection) -> None:
            await commit(connection)
            caller.cancel()
            async with asyncio.timeout(PATIENCE):
                await asyncio.Event().wait()

        monkeypatch.setattr(aiosqlite.Connection, "commit", commit_and_wait_for_the_cancel)
        with pytest.raises(asyncio.CancelledError):
            await caller

    stage.run(place_and_give_up)
    assert_placed(stage, [1])


def test_many_orders_at_once_are_all_placed(stage: Stage, output: io.StringIO) -> None:
    good_order(stage)
    many_orders(stage, RUSH)
    assert_placed(stage, [1, *range(4, 4 + RUSH)])
    assert f"{RUSH} orders, {RUSH * 16} functions" in output.getvalue()
    assert " 41 orders for 738.00 in all, 19 lamps left in stock\n" in output.getvalue()
    assert "  ✓ at most 32 orders had a slot at the same time\n" in output.getvalue()


def test_a_lost_order_breaks_the_claim_about_the_database(
    stage: Stage, output: io.StringIO
) -> None:
    good_order(stage)
    with closing(sqlite3.connect(stage.database)) as connection:
        connection.execute("DELETE FROM orders")
        connection.commit()
    stage.claim_state(orders=[1])
    assert stage.claims.broken == 1
    assert "  ✗ the database holds 0 orders, and 59 of 60 lamps are in stock\n" in output.getvalue()


def test_an_open_session_breaks_the_claim_about_the_service(
    stage: Stage, output: io.StringIO
) -> None:
    address = stage.service.url.removeprefix("http://")
    with closing(HTTPConnection(address, timeout=PATIENCE)) as connection:
        connection.request("PUT", "/sessions/7")
        connection.getresponse().read()
    stage.claim_state(orders=[])
    assert stage.claims.broken == 1
    assert "  ✗ the service was told of 0 orders, and has 1 session open\n" in output.getvalue()


def test_a_broken_claim_makes_the_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    def find_damage(path: Path) -> str:
        return f"{path.name} damaged"

    monkeypatch.setattr(demo, "check_integrity", find_damage)
    assert demo.run_demo(1) == 1
    assert capsys.readouterr().out.endswith("\n1 of 21 claims do not hold.\n")

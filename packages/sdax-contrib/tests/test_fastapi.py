"""FastAPI on a real uvicorn: request graphs as dependencies, on a real SQLite."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

import aiosqlite
import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from sdax_contrib.fastapi import exception_handlers, lifespan, open_application, run_graph
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import Scope, resource, task, task_func
from web_serving import serving

PATIENCE = 30
WRONG: Any = 3


@dataclass
class App:
    """What the application holds, and what the tests look at."""

    database: Path
    open_connections: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    events: list[str] = field(default_factory=list[str])


@dataclass
class Order:
    """The context of a request."""

    app: App
    item: str
    connection: Any = None


@asynccontextmanager
async def connection(order: Order) -> AsyncGenerator[aiosqlite.Connection, None]:
    async with aiosqlite.connect(
        order.app.database, isolation_level=None, timeout=PATIENCE
    ) as opened:
        order.app.open_connections += 1
        try:
            await opened.execute("PRAGMA foreign_keys = ON")
            yield opened
        finally:
            order.app.open_connections -= 1


@asynccontextmanager
async def transaction(order: Order) -> AsyncGenerator[None, None]:
    await order.connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        await order.connection.rollback()
        order.app.events.append("rollback")
        raise
    await order.connection.commit()
    order.app.events.append("commit")


async def insert(order: Order) -> None:
    if order.item == "unavailable":
        raise ConnectionError("no answer from the stock")
    await order.connection.execute("INSERT INTO orders VALUES (?)", (order.item,))


@asynccontextmanager
async def database(app: App) -> AsyncGenerator[None, None]:
    async with aiosqlite.connect(app.database) as opened:
        # Checked at COMMIT: an unknown item makes the commit fail, not the INSERT.
        await opened.executescript("""
            PRAGMA journal_mode = WAL;
            CREATE TABLE items (item PRIMARY KEY);
            CREATE TABLE orders (item REFERENCES items DEFERRABLE INITIALLY DEFERRED);
            INSERT INTO items VALUES ('lamp');
        """)
        yield


APPLICATION = AsyncDagTaskProcessor[App].builder().add_task(resource("database", database)).build()
PLACE_ORDER = (
    AsyncDagTaskProcessor[Order]
    .builder(parent=APPLICATION)
    .add_task(resource("connection", connection, into="connection"), depends_on=("database",))
    .add_task(resource("transaction", transaction), depends_on=("connection",))
    .add_task(task("insert", execute=task_func(insert)), depends_on=("transaction",))
    .build()
)

Opened = Annotated[Scope[App], Depends(open_application)]


async def new_order(item: str, application: Opened) -> Order:
    return Order(application.ctx, item)


Placed = Annotated[Order, run_graph(PLACE_ORDER, new_order, timeout=PATIENCE)]
PlacedLater = Annotated[Order, run_graph(PLACE_ORDER, new_order, scope="request")]


def orders(app: App) -> list[str]:
    with closing(sqlite3.connect(app.database)) as database:
        return [item for (item,) in database.execute("SELECT item FROM orders")]


def application(app: App) -> FastAPI:
    api = FastAPI(
        lifespan=lifespan(APPLICATION, lambda: app), exception_handlers=exception_handlers()
    )
    api.include_router(ROUTER)
    return api


ROUTER = APIRouter()


@ROUTER.post("/orders")
async def place(order: Placed, again: Placed) -> dict[str, Any]:
    assert order is again  # one request, one run
    found = await order.connection.execute_fetchall("SELECT count(*) FROM orders")
    return {"seen in the transaction": found[0][0], "events": list(order.app.events)}


@ROUTER.post("/threads")
def place_in_a_thread(order: Placed) -> str:
    return order.item


@ROUTER.post("/refused")
async def refuse(order: Placed) -> None:
    raise HTTPException(422, f"no {order.item} today")


@ROUTER.post("/bug")
async def fail(order: Placed) -> None:
    raise KeyError(order.item)


@ROUTER.post("/unserializable")
async def give_nonsense(order: Placed) -> int:
    return cast("int", order.item)


@ROUTER.post("/later")
async def place_later(order: PlacedLater) -> str:
    return order.item


@ROUTER.post("/slow")
async def wait(order: Placed) -> None:
    order.app.begun.set()
    await order.app.go_on.wait()


@ROUTER.get("/stream")
async def stream(order: PlacedLater) -> StreamingResponse:
    async def rows() -> AsyncGenerator[str, None]:
        order.app.begun.set()
        await order.app.go_on.wait()
        for row in await order.connection.execute_fetchall("SELECT item FROM orders"):
            yield row[0]

    return StreamingResponse(rows())


@ROUTER.get("/in_flight")
async def in_flight(opened: Opened) -> int:
    return opened.in_flight


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path / "shop.db")


def client(address: str) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    return httpx2.AsyncClient(base_url=address, trust_env=False, timeout=PATIENCE)


def run(main: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await main

    asyncio.run(bounded())


def posting(app: App, path: str) -> tuple[int, Any]:
    """Post once, and see to it that nothing is left open."""
    answers: list[tuple[int, Any]] = []

    async def main() -> None:
        async with serving(application(app)) as address, client(address) as http:
            response = await http.post(path)
            answers.append((response.status_code, response.json()))
            async with client(address) as another:  # the server may have hung up on the first
                while (await another.get("/in_flight")).json():
                    pass
        assert app.open_connections == 0

    run(main())
    return answers[0]


def test_the_graph_runs_around_the_endpoint_and_commits_before_the_response(app: App) -> None:
    answer = posting(app, "/orders?item=lamp")
    assert answer == (200, {"seen in the transaction": 1, "events": []})
    assert (orders(app), app.events) == (["lamp"], ["commit"])


def test_an_endpoint_in_a_thread_gets_the_context_too(app: App) -> None:
    assert posting(app, "/threads?item=lamp") == (200, "lamp")
    assert orders(app) == ["lamp"]


def test_a_commit_that_fails_in_cleanup_is_a_500_and_not_a_200(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    assert posting(app, "/orders?item=unicorn") == (500, {"detail": "Internal Server Error"})
    assert orders(app) == []
    assert "IntegrityError: FOREIGN KEY constraint failed" in caplog.text


def test_with_the_scope_that_fastapi_has_by_default_the_client_has_had_its_200(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    assert posting(app, "/later?item=unicorn") == (200, "unicorn")
    assert orders(app) == []
    assert "IntegrityError: FOREIGN KEY constraint failed" in caplog.text


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/refused", (422, {"detail": "no lamp today"})),
        ("/unserializable", None),
        ("/bug", None),
    ],
)
def test_an_endpoint_that_fails_has_the_graph_rolled_back(
    app: App, path: str, answer: tuple[int, Any] | None
) -> None:
    async def main() -> None:
        async with serving(application(app)) as address, client(address) as http:
            response = await http.post(f"{path}?item=lamp")
            if answer is None:
                assert response.status_code == 500
            else:
                assert (response.status_code, response.json()) == answer
        assert (orders(app), app.events, app.open_connections) == ([], ["rollback"], 0)

    run(main())


def test_what_fails_before_the_endpoint_keeps_it_from_being_called(app: App) -> None:
    assert posting(app, "/orders?item=unavailable") == (503, {"detail": "Service Unavailable"})
    assert (orders(app), app.events) == ([], ["rollback"])


def test_the_context_is_a_dependency_with_parameters_of_the_request(app: App) -> None:
    status, body = posting(app, "/orders")
    assert (status, body["detail"][0]["loc"]) == (422, ["query", "item"])


def test_failures_of_cleanup_behind_an_http_exception_are_logged(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: Order) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    graph = (
        AsyncDagTaskProcessor[Order]
        .builder(parent=APPLICATION)
        .add_task(task("audit", post_execute=task_func(fail)), depends_on=("database",))
        .build()
    )

    async def main() -> None:
        api = application(app)

        @api.post("/audited")
        async def audited(order: Annotated[Order, run_graph(graph, new_order)]) -> None:
            raise HTTPException(409, "sold out")

        _ = audited
        async with serving(api) as address, client(address) as http:
            response = await http.post("/audited?item=lamp")
            assert (response.status_code, response.json()) == (409, {"detail": "sold out"})

    run(main())
    [record] = [record for record in caplog.records if record.name == "sdax"]
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "sdax: the run of /audited failed, too",
    )
    assert "OperationalError: disk I/O error" in caplog.text


async def hang_up_in_the_middle(address: str, app: App, request: str) -> None:
    at = urlsplit(address)
    _, writer = await asyncio.open_connection(at.hostname, at.port)
    head = f"{request} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    writer.write(head.encode())
    await app.begun.wait()
    writer.transport.abort()


@pytest.mark.parametrize("request_line", ["POST /slow?item=lamp", "GET /stream?item=lamp"])
def test_a_client_that_hangs_up_leaves_nothing_open(app: App, request_line: str) -> None:
    async def main() -> None:
        async with serving(application(app)) as address:
            await hang_up_in_the_middle(address, app, request_line)
            app.go_on.set()
            async with client(address) as http:
                while (await http.get("/in_flight")).json():
                    pass
        assert app.open_connections == 0
        assert app.events in (["commit"], ["rollback"])
        assert orders(app) == (["lamp"] if app.events == ["commit"] else [])

    run(main())


def test_many_requests_at_once_each_have_a_run_of_their_own(app: App) -> None:
    async def main() -> None:
        async with serving(application(app)) as address, client(address) as http:
            answers = await asyncio.gather(
                *(http.post(f"/orders?item={item}") for item in ["lamp", "unicorn"] * 4)
            )
        statuses = [answer.status_code for answer in answers]
        assert statuses == [200, 500] * 4
        assert (len(orders(app)), app.open_connections) == (4, 0)

    run(main())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: run_graph(WRONG, new_order), TypeError, "run_graph takes a processor"),
        (lambda: run_graph(PLACE_ORDER, WRONG), TypeError, "context must be a function"),
        (
            lambda: run_graph(PLACE_ORDER, new_order, scope=WRONG),
            ValueError,
            'scope must be "function" or "request"',
        ),
    ],
)
def test_bad_settings_are_refused_at_once(
    call: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()

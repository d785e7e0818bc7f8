"""Guarantee 40: the resources of a real service, all in one run: entered in parallel, left in order."""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import aiosqlite
import anyio
import anyio.abc
import httpx2
import pytest
import sqlalchemy
from guarantee_support import THREAD_KINDS, LoopKind, ended
from private_postgres import private_postgres
from sdax_core import (
    AsyncDagTaskProcessor,
    FunctionCall,
    Observer,
    SdaxExecutionError,
)
from sdax_helpers import resource, task, task_func
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

Ending = Literal["succeeds", "fails", "is cancelled", "runs out of time", "loses a worker"]
ENDINGS: tuple[Ending, ...] = (
    "succeeds",
    "fails",
    "is cancelled",
    "runs out of time",
    "loses a worker",
)
FAILURES: dict[Ending, tuple[str, type[Exception]]] = {
    "fails": ("work", ValueError),
    "runs out of time": ("limit", TimeoutError),
    "loses a worker": ("jobs", ConnectionError),
}
asyncpg: Any = importlib.import_module("asyncpg")  # it has no types

REQUEST: ContextVar[str] = ContextVar("request", default="none")

INDEPENDENT = ("workers", "jobs", "limit", "request", "engine", "http", "sqlite")
DEPENDENT = {"session": "engine", "sqlite transaction": "sqlite"}
IN_POSTGRES = {"transaction": "pool"}


@dataclass
class Service:
    """What the functions share. The resources are stored here by their tasks."""

    folder: Path
    ending: Ending
    postgres: str | None
    entering: asyncio.Barrier
    """Passed when all independent resources are being entered."""
    written: asyncio.Barrier
    """Passed when all databases have been written to: there is something to roll back."""
    working: asyncio.Event = field(default_factory=asyncio.Event)
    done: list[str] = field(default_factory=list[str])
    workers: anyio.abc.TaskGroup = field(init=False)
    jobs: asyncio.TaskGroup = field(init=False)
    limit: asyncio.Timeout = field(init=False)
    engine: AsyncEngine = field(init=False)
    session: AsyncSession = field(init=False)
    http: httpx2.AsyncClient = field(init=False)
    pool: Any = field(init=False)
    transaction: Any = field(init=False)
    sqlite: aiosqlite.Connection = field(init=False)


# The resources


def meeting_the_others(factory: Callable[[Service], Any]) -> Callable[[Service], Awaitable[Any]]:
    """A factory that gets through only when all independent ones have been called."""

    async def meeting(service: Service) -> Any:
        await service.entering.wait()
        return factory(service)

    return meeting


@asynccontextmanager
async def request(_: Service) -> AsyncGenerator[None]:
    token = REQUEST.set("42")
    yield
    REQUEST.reset(token)


@asynccontextmanager
async def engine(service: Service) -> AsyncGenerator[AsyncEngine]:
    made = create_async_engine(f"sqlite+aiosqlite:///{service.folder / 'orm.db'}")
    try:
        yield made
    finally:
        await made.dispose()


def session(service: Service) -> Any:
    return async_sessionmaker(service.engine).begin()


def http(_: Service) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(204)))


def sqlite(service: Service) -> Any:
    return aiosqlite.connect(service.folder / "plain.db")


@asynccontextmanager
async def sqlite_transaction(service: Service) -> AsyncGenerator[None]:
    try:
        yield
    except BaseException:
        await service.sqlite.rollback()
        raise
    await service.sqlite.commit()


def pool(service: Service) -> Any:
    return asyncpg.create_pool(
        host=service.postgres, user="sdax", database="postgres", min_size=1, max_size=2
    )


@asynccontextmanager
async def transaction(service: Service) -> AsyncGenerator[Any]:
    async with service.pool.acquire() as connection, connection.transaction():
        yield connection


# The work


async def write_with_orm(service: Service) -> None:
    await service.session.execute(sqlalchemy.text("INSERT INTO payments VALUES (1)"))
    await service.written.wait()


async def write_plain(service: Service) -> None:
    await service.sqlite.execute("INSERT INTO payments VALUES (1)")
    await service.written.wait()


async def write_to_postgres(service: Service) -> None:
    await service.transaction.execute("INSERT INTO payments VALUES (1)")
    await service.written.wait()


async def see_request(service: Service) -> None:
    service.done.append(f"request {REQUEST.get()}")


async def work(service: Service) -> None:
    async def worker(name: str) -> None:
        await asyncio.sleep(0)
        if service.ending == "loses a worker" and name == "job":
            raise ConnectionError("lost")
        service.done.append(name)

    await service.written.wait()
    response = await service.http.get("http://payments.invalid/")
    service.done.append(f"http {response.status_code}")
    service.workers.start_soon(worker, "worker")
    service.jobs.create_task(worker("job"))
    service.working.set()
    if service.ending == "fails":
        raise ValueError("refused")
    if service.ending == "runs out of time":
        service.limit.reschedule(asyncio.get_running_loop().time())
    if service.ending != "succeeds":
        await asyncio.sleep(60)


def graph(with_postgres: bool) -> AsyncDagTaskProcessor[Service]:
    writers = {"session": write_with_orm, "sqlite transaction": write_plain}
    if with_postgres:
        writers["transaction"] = write_to_postgres
    factories: dict[str, Callable[[Service], Any]] = {
        "workers": lambda _: anyio.create_task_group(),
        "jobs": lambda _: asyncio.TaskGroup(),
        "limit": lambda _: asyncio.timeout(60),
        "request": request,
        "engine": engine,
        "http": http,
        "sqlite": sqlite,
        "pool": pool,
    }
    builder = AsyncDagTaskProcessor[Service].builder()
    for name in (*INDEPENDENT, "pool")[: None if with_postgres else -1]:
        into = name if name != "request" else None
        factory = meeting_the_others(factories[name])
        execute = see_request if name == "request" else None
        builder.add_task(resource(name, factory, into=into, execute=execute))
    transactions: list[tuple[str, Any, str | None]] = [
        ("session", session, "session"),
        ("sqlite transaction", sqlite_transaction, None),
        ("transaction", transaction, "transaction"),
    ]
    for name, factory, into in transactions:
        if name in writers:
            depends_on = ((DEPENDENT | IN_POSTGRES)[name],)
            made = resource(name, factory, into=into, execute=writers[name])
            builder.add_task(made, depends_on)
    builder.add_task(task("work", execute=task_func(work)))
    return builder.build()


# The test


class Order(Observer):
    """The order in which cleanups began and ended."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def function_started(self, call: FunctionCall, /) -> None:
        if call.phase == "post_execute":
            self.events.append(("began", call.task))

    def function_ended(self, call: FunctionCall, /) -> None:
        if call.phase == "post_execute":
            self.events.append(("ended", call.task))


@pytest.fixture(scope="module")
def postgres() -> Generator[str]:
    with private_postgres() as folder:
        yield folder


@pytest.fixture(params=[False, True], ids=["without PostgreSQL", "with PostgreSQL"])
def server(request: pytest.FixtureRequest) -> str | None:
    """The folder of the socket of a PostgreSQL server, or None for a run without one."""
    return request.getfixturevalue("postgres") if request.param else None


@pytest.fixture(params=THREAD_KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> LoopKind:
    given: LoopKind = request.param
    return given


@pytest.mark.guarantee("40.1", "40.3", "40.4", "40.9", "40.10")
@pytest.mark.parametrize("ending", ENDINGS)
def test_all_in_one_run_entered_in_parallel_left_in_order_committed_only_if_it_succeeds(
    kind: LoopKind, server: str | None, ending: Ending, tmp_path: Path
) -> None:
    for file in ("orm.db", "plain.db"):
        with sqlite3.connect(tmp_path / file) as connection:
            connection.execute("CREATE TABLE payments (id INTEGER)")
        connection.close()
    order = Order()

    async def main() -> tuple[BaseException | None, Service, int]:
        more = int(server is not None)
        entering = asyncio.Barrier(len(INDEPENDENT) + more)
        written = asyncio.Barrier(len(DEPENDENT) + more + 1)
        service = Service(tmp_path, ending, server, entering, written)
        if server is not None:
            await in_postgres(server, "DROP TABLE IF EXISTS payments")
            await in_postgres(server, "CREATE TABLE payments (id INTEGER)")
        running = asyncio.create_task(ended(run(service, order)))
        if ending == "is cancelled":
            await service.working.wait()
            running.cancel()
        error = await running
        if server is None:
            return error, service, 0
        return error, service, await in_postgres(server, "SELECT count(*) FROM payments")

    error, service, rows_in_postgres = kind.run(main())

    check_error(error, ending)
    expected = 1 if ending == "succeeds" else 0
    for file in ("orm.db", "plain.db"):
        with sqlite3.connect(tmp_path / file) as connection:
            assert connection.execute("SELECT count(*) FROM payments").fetchone() == (expected,)
        connection.close()
    assert rows_in_postgres == (expected if server is not None else 0)
    assert {"http 204", "request 42"} <= set(service.done)
    assert ("job" in service.done) is (ending != "loses a worker")
    check_order(order.events, server is not None)


async def run(service: Service, order: Order) -> None:
    processor = graph(service.postgres is not None)
    await processor.process_tasks(service, observers=[order])


async def in_postgres(server: str, statement: str) -> Any:
    connection = await asyncpg.connect(host=server, user="sdax", database="postgres")
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def check_error(error: BaseException | None, ending: Ending) -> None:
    match ending:
        case "succeeds":
            assert error is None
        case "is cancelled":
            assert isinstance(error, asyncio.CancelledError)
        case _:
            assert isinstance(error, SdaxExecutionError)
            (failure,) = error.failures
            (leaf,) = error.leaf_exceptions()
            assert (failure.task, type(leaf)) == FAILURES[ending]


def check_order(events: list[tuple[str, Any]], with_postgres: bool) -> None:
    dependent = DEPENDENT | (IN_POSTGRES if with_postgres else {})
    for name, depends_on in dependent.items():
        assert events.index(("ended", name)) < events.index(("began", depends_on))
    # In parallel: all that could be left at once had begun before the first of them had ended.
    for one, other in combinations(dependent, 2):
        assert events.index(("began", one)) < events.index(("ended", other))

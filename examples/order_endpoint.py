"""The inside of an order endpoint: an order is placed, and then published, or nothing remains.

The graph is the one that `sdax demo` runs, to the letter. It needs `pip install 'sdax[demo]'`.
"""

import asyncio
import json
import sqlite3
import ssl
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosqlite
import httpx2
from sdax import (
    AsyncDagTaskProcessor,
    ExponentialBackoff,
    RetryableException,
    SdaxExecutionError,
    TaskFunction,
    resource,
    task,
    task_func,
)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What all orders share: made once, when the application starts."""

    service: str
    database: Path
    slots: asyncio.Semaphore
    """How many orders may be under way: each has a database thread and sockets of its own."""
    writer: asyncio.Lock
    """SQLite has one writer. Its own waiting is not fair; the queue of a lock is."""
    tls: ssl.SSLContext = field(default_factory=httpx2.create_ssl_context)


@dataclass(kw_only=True, repr=False)
class Order:
    """The context of one run: what was ordered, and what the tasks opened and found for it.

    What has no value yet is set by a task, and read only by tasks that depend on that task.
    """

    shop: Shop
    number: int
    customer: str
    item: str
    quantity: int

    is_writer: bool = False
    database: aiosqlite.Connection = field(init=False)
    client: httpx2.AsyncClient = field(init=False)
    flags: dict[str, Any] = field(init=False)
    user: dict[str, Any] = field(init=False)
    cents: int = field(init=False)


class SoldOut(Exception):
    """The stock holds less than was ordered."""


def connect(order: Order) -> aiosqlite.Connection:
    return aiosqlite.connect(order.shop.database, isolation_level=None)


def new_client(order: Order) -> httpx2.AsyncClient:
    # No proxy between here and the service.
    return httpx2.AsyncClient(base_url=order.shop.service, verify=order.shop.tls, trust_env=False)


async def request(order: Order, method: str, path: str, **options: Any) -> Any:
    """Send a request to the service and return the JSON of the answer, if there is any."""
    response = await order.client.request(method, path, **options)
    if response.is_server_error:
        status = f"{response.status_code} {response.reason_phrase}"
        raise RetryableException(f"{method} {path} was answered with {status}")
    response.raise_for_status()
    return response.json() if response.content else None


async def session(order: Order) -> AsyncGenerator[None]:
    """Log in under a name of our own, so that the session can be closed if the answer gets lost."""
    path = f"/sessions/{order.number}"
    try:
        answer = await request(order, "PUT", path, json={"customer": order.customer})
        order.client.headers["Authorization"] = f"Bearer {answer['token']}"
        yield
    finally:
        await request(order, "DELETE", path)


async def transaction(order: Order) -> AsyncGenerator[None]:
    """Commit if the run went well; if not, what went wrong is raised at `yield`, and rolls back."""
    await order.database.execute("BEGIN")
    try:
        yield
        await order.database.commit()
    finally:
        try:
            await order.database.rollback()  # After a commit, there is nothing to roll back.
        finally:
            if order.is_writer:
                order.shop.writer.release()


async def load_flags(order: Order) -> None:
    order.flags = await request(order, "GET", "/flags")


async def fetch_user(order: Order) -> None:
    order.user = await request(order, "GET", f"/users/{order.customer}")


async def fetch_price(order: Order) -> None:
    price_list = order.flags["price_list"]
    order.cents = await request(order, "GET", f"/prices/{price_list}/{order.item}")


async def reserve(order: Order) -> None:
    """Take the goods out of stock. This is the first write: others wait until it is decided."""
    await order.shop.writer.acquire()
    order.is_writer = True
    changed = await order.database.execute(
        "UPDATE stock SET available = available - ? WHERE item = ? AND available >= ?",
        (order.quantity, order.item, order.quantity),
    )
    if changed.rowcount == 0:
        raise SoldOut(order.item)


async def write_order(order: Order) -> None:
    percent = 100 - order.user["discount_percent"]
    await order.database.execute(
        "INSERT INTO orders (number, customer, item, quantity, cents) VALUES (?, ?, ?, ?, ?)",
        (
            order.number,
            order.customer,
            order.item,
            order.quantity,
            order.quantity * order.cents * percent // 100,
        ),
    )


async def publish_if_sold(order: Order) -> None:
    """Publish what the database holds. If that fails, the order stays, and the caller is told."""
    if await order.database.execute_fetchall(
        "SELECT 1 FROM orders WHERE number = ?", (order.number,)
    ):
        await request(order, "PUT", f"/events/{order.number}")


TRY_AGAIN = ExponentialBackoff(
    retries=2,
    initial_delay=0.05,
    retryable_exceptions=(TimeoutError, RetryableException, httpx2.TransportError),
)


def remote(function: Callable[[Order], Awaitable[None]]) -> TaskFunction[Order]:
    """A call to the service: limited, and tried again if there is hope."""
    return task_func(function, timeout=5.0, retry=TRY_AGAIN)


# Cleanup goes in reverse, whatever the deadline: first the transaction is left, and only then does
# publish, which it depends on, tell others of an order that is in the database to stay.
place_order = (
    AsyncDagTaskProcessor[Order]
    .builder()
    .add_task(resource("slot", lambda order: order.shop.slots))
    .add_task(resource("database", connect, into="database", timeout=5.0), depends_on=("slot",))
    .add_task(resource("client", new_client, into="client"), depends_on=("slot",))
    .add_task(resource("login", session, timeout=5.0, retry=TRY_AGAIN), depends_on=("client",))
    .add_task(
        task("publish", post_execute=remote(publish_if_sold)), depends_on=("database", "login")
    )
    .add_task(resource("transaction", transaction), depends_on=("publish",))
    .add_task(task("flags", pre_execute=remote(load_flags)), depends_on=("login",))
    .add_task(task("user", execute=remote(fetch_user)), depends_on=("login",))
    .add_task(task("price", execute=remote(fetch_price)), depends_on=("flags",))
    .add_task(task("reserve", execute=task_func(reserve)), depends_on=("transaction", "user"))
    .add_task(task("order", execute=task_func(write_order)), depends_on=("reserve", "price"))
    .build(execute_order="dependencies")
)


# From here on: a service to call and a database to write to, and two orders.

ANSWERS: dict[str, Any] = {
    "PUT /sessions": {"token": "secret"},
    "GET /flags": {"price_list": "spring"},
    "GET /users": {"name": "Ada", "discount_percent": 10},
    "GET /prices": 2000,
}
"""What the service answers, by method and first part of the path; to anything else, nothing."""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request; what it carries does not matter here."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    method, path, _ = head.split(maxsplit=2)
    answer = ANSWERS.get(f"{method} /{path.split('/')[1]}")
    body = b"" if answer is None else json.dumps(answer).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
    writer.write(body)
    writer.close()
    await writer.wait_closed()


def create_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            PRAGMA journal_mode = WAL;
            CREATE TABLE stock (item PRIMARY KEY, available);
            CREATE TABLE orders (number PRIMARY KEY, customer, item, quantity, cents);
            INSERT INTO stock VALUES ('lamp', 3);
        """)


def print_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for table in ("orders", "stock"):
            print(f"{table}:", connection.execute(f"SELECT * FROM {table}").fetchall())


async def place_and_print(order: Order) -> None:
    try:
        await place_order.process_tasks(order)
    except SdaxExecutionError as error:
        for failure in error.failures:
            print(f"order {order.number} failed in {failure.task}: {failure.exception!r}")
    else:
        print(f"order {order.number} is placed")


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        database = Path(directory) / "shop.db"
        create_database(database)
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            shop = Shop(
                service=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
                database=database,
                slots=asyncio.Semaphore(32),
                writer=asyncio.Lock(),
            )
            for number in (1, 2):
                order = Order(shop=shop, number=number, customer="ada", item="lamp", quantity=2)
                await place_and_print(order)
        print_database(database)


asyncio.run(main())

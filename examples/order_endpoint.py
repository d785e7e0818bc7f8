"""The inside of an order endpoint: an order is placed and published, or nothing remains of it.

The graph is the one that `sdax demo` runs, to the letter. It needs `pip install 'sdax[demo]'`.
"""

import asyncio
import json
import sqlite3
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosqlite
import httpx2
from sdax import (
    AsyncDagTaskProcessor,
    RetryableException,
    SdaxExecutionError,
    TaskFunction,
    task,
    task_func,
    task_sync_func,
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

    has_slot: bool = False
    is_writer: bool = False
    database: aiosqlite.Connection = field(init=False)
    client: httpx2.AsyncClient = field(init=False)
    flags: dict[str, Any] = field(init=False)
    user: dict[str, Any] = field(init=False)
    cents: int = field(init=False)


class SoldOut(Exception):
    """The stock holds less than was ordered."""


async def take_slot(order: Order) -> None:
    await order.shop.slots.acquire()
    order.has_slot = True


def give_back_slot(order: Order) -> None:
    if order.has_slot:
        order.shop.slots.release()


async def open_database(order: Order) -> None:
    order.database = aiosqlite.connect(order.shop.database, isolation_level=None)
    await order.database


async def close_database(order: Order) -> None:
    """Close the database if it got as far as being opened: cleanup runs after a failure, too."""
    if hasattr(order, "database"):
        await order.database.close()


async def begin(order: Order) -> None:
    await order.database.execute("BEGIN")


async def roll_back(order: Order) -> None:
    """Undo what was not committed; after a commit that is nothing."""
    try:
        await order.database.rollback()
    finally:
        stop_writing(order)


def open_client(order: Order) -> None:
    order.client = httpx2.AsyncClient(
        base_url=order.shop.service,
        verify=order.shop.tls,
        timeout=None,  # The tasks have limits of their own.
        trust_env=False,  # No proxy between here and the service.
    )


async def close_client(order: Order) -> None:
    if hasattr(order, "client"):
        await order.client.aclose()


async def request(order: Order, method: str, path: str, **options: Any) -> Any:
    """Send a request to the service and return the JSON of the answer, if there is any."""
    response = await order.client.request(method, path, **options)
    if response.is_server_error:
        status = f"{response.status_code} {response.reason_phrase}"
        raise RetryableException(f"{method} {path} was answered with {status}")
    response.raise_for_status()
    return response.json() if response.content else None


async def log_in(order: Order) -> None:
    """Open a session under a name of our own, so that it can be closed if the answer gets lost."""
    credentials = {"customer": order.customer}
    session = await request(order, "PUT", f"/sessions/{order.number}", json=credentials)
    order.client.headers["Authorization"] = f"Bearer {session['token']}"


async def log_out(order: Order) -> None:
    await request(order, "DELETE", f"/sessions/{order.number}")


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
    await order.database.commit()
    stop_writing(order)


def stop_writing(order: Order) -> None:
    if order.is_writer:
        order.is_writer = False
        order.shop.writer.release()


async def publish(order: Order) -> None:
    await request(order, "PUT", f"/events/{order.number}")


def remote(function: Callable[[Order], Awaitable[None]]) -> TaskFunction[Order]:
    """A call to the service: limited, and tried again if there is hope."""
    return task_func(
        function,
        timeout=5.0,
        retries=2,
        initial_delay=0.05,
        retryable_exceptions=(TimeoutError, RetryableException, httpx2.TransportError),
    )


place_order = (
    AsyncDagTaskProcessor[Order]
    .builder()
    .add_task(
        task("slot", pre_execute=task_func(take_slot), post_execute=task_sync_func(give_back_slot))
    )
    .add_task(
        task(
            "database",
            pre_execute=task_func(open_database, timeout=5.0),
            post_execute=task_func(close_database),
        ),
        depends_on=("slot",),
    )
    .add_task(
        task("transaction", pre_execute=task_func(begin), post_execute=task_func(roll_back)),
        depends_on=("database",),
    )
    .add_task(
        task(
            "client", pre_execute=task_sync_func(open_client), post_execute=task_func(close_client)
        ),
        depends_on=("slot",),
    )
    .add_task(
        task("login", pre_execute=remote(log_in), post_execute=remote(log_out)),
        depends_on=("client",),
    )
    .add_task(task("flags", pre_execute=remote(load_flags)), depends_on=("login",))
    .add_task(task("user", execute=remote(fetch_user)), depends_on=("login",))
    .add_task(task("price", execute=remote(fetch_price)), depends_on=("flags",))
    .add_task(task("reserve", execute=task_func(reserve)), depends_on=("transaction", "user"))
    .add_task(task("order", execute=task_func(write_order)), depends_on=("reserve", "price"))
    .add_task(task("publish", execute=remote(publish)), depends_on=("order",))
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

"""The two graphs: what the application holds, and how an order is placed.

An order is a price, a payment at another service, and a row in the database. If the row is not committed, for
whatever reason, the payment is taken back.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiosqlite
import httpx2
from fastapi import HTTPException
from sdax_contrib import transient
from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_contrib.circuit_breaker import CircuitBreaker
from sdax_contrib.limited import limited
from sdax_contrib.retry import Exponential, Retry, RetryBudget
from sdax_core import AsyncDagTaskProcessor, TaskFunction, current_run
from sdax_helpers import resource, task

from fastapi_service.pool import Pool, open_pool


@dataclass(kw_only=True)
class App:
    """The context of the application."""

    database: Path
    payment_service: str
    pool: Pool = field(init=False)
    payments: httpx2.AsyncClient = field(init=False)
    writer: asyncio.Lock = field(default_factory=asyncio.Lock)
    """SQLite has one writer. Its own waiting is not fair; the queue of a lock is."""


@dataclass(kw_only=True)
class Order:
    """The context of one request."""

    app: App
    id: str
    item: str
    cents: int = 0
    may_be_paid: bool = False
    is_writer: bool = False
    connection: aiosqlite.Connection = field(init=False)


def payment_client(app: App) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=app.payment_service,
        timeout=None,  # the tasks have limits of their own
        trust_env=False,
        limits=httpx2.Limits(max_connections=100),
    )


application = (
    AsyncDagTaskProcessor[App]
    .builder()
    .add_task(resource("pool", lambda app: open_pool(app.database, 16), into="pool", timeout=10))
    .add_task(resource("payments", payment_client, into="payments"))
    .build()
)

# One of each for the payment service, shared by all that call it.
BUDGET = RetryBudget(ratio=0.5, min_per_second=10)
LIMIT = AdaptiveLimit(target_latency=0.25, initial=30, max_waiting=200)
BREAKER = CircuitBreaker(
    "payments",
    least_calls=20,
    window=5,
    open_for=0.3,
    failures=lambda error: transient.http(error) is not False,
)
RETRY = Retry(4, Exponential(0.02, maximum=0.5), on=transient.http, budget=BUDGET)
GUARDED = (limited(payments=LIMIT), BREAKER)
TO_THE_LAST = Retry(20, Exponential(0.05, maximum=0.5), on=transient.http)


async def find_price(order: Order) -> None:
    response = await order.app.payments.get(f"/prices/{order.item}")
    response.raise_for_status()
    order.cents = response.json()


async def pay(order: Order) -> None:
    order.may_be_paid = True  # from now on: an answer that is lost is no answer
    response = await order.app.payments.put(f"/payments/{order.id}", params={"cents": order.cents})
    response.raise_for_status()


async def refund_unless_committed(order: Order) -> None:
    if order.may_be_paid and current_run().outcome != "succeeded":
        response = await order.app.payments.delete(f"/payments/{order.id}")
        response.raise_for_status()


@asynccontextmanager
async def transaction(order: Order) -> AsyncGenerator[None, None]:
    try:
        await order.connection.execute("BEGIN")  # it takes place even if we are cancelled here
        yield
        await order.connection.commit()
    except BaseException:
        await order.connection.rollback()
        raise
    finally:
        if order.is_writer:
            order.app.writer.release()


async def record(order: Order) -> None:
    """Write: the first write of a transaction locks the others out, so it comes last."""
    await order.app.writer.acquire()
    order.is_writer = True
    changed = await order.connection.execute(
        "UPDATE stock SET available = available - 1 WHERE item = ? AND available > 0", (order.item,)
    )
    if changed.rowcount == 0:
        raise HTTPException(409, f"{order.item} is sold out")
    await order.connection.execute(
        "INSERT INTO orders VALUES (?, ?, ?)", (order.id, order.item, order.cents)
    )


place_order = (
    AsyncDagTaskProcessor[Order]
    .builder(parent=application)
    .add_task(
        task("refund", post_execute=TaskFunction(refund_unless_committed, 2.0, retry=TO_THE_LAST)),
        depends_on=("payments",),
    )
    .add_task(
        resource("connection", lambda order: order.app.pool.connection(), into="connection"),
        depends_on=("pool",),
    )
    # Cleanup goes backwards: commit, then the refund if that has failed.
    .add_task(resource("transaction", transaction), depends_on=("connection", "refund"))
    .add_task(
        task("price", execute=TaskFunction(find_price, 0.5, retry=RETRY, interceptors=GUARDED)),
        depends_on=("payments",),
    )
    .add_task(
        task("payment", execute=TaskFunction(pay, 0.5, retry=RETRY, interceptors=GUARDED)),
        depends_on=("price", "refund"),
    )
    .add_task(task("record", execute=TaskFunction(record)), depends_on=("payment", "transaction"))
    .build(execute_order="dependencies")
)

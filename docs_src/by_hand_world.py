"""What is outside the service of the page "By hand, and with sdax": a database, other services, and customers.

Each step is written down, takes a moment, and can be made to fail or to wait, so that tests can look at every moment.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sdax import flatten_exceptions

App = TypeVar("App")


@dataclass(frozen=True)
class Purchase:
    number: int
    customer: str
    cents: int


class SoldOut(Exception):
    """The stock holds less than was ordered."""


class Gate:
    """A step that waits until it is let through."""

    def __init__(self) -> None:
        self.is_reached = asyncio.Event()
        self.is_open = asyncio.Event()


class World:
    """What happened outside, what is held there, and what is going to fail."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.done: list[str] = []
        self.held: list[str] = []
        self.orders: dict[int, int] = {}
        self.faults: dict[str, list[Exception]] = {}
        self.gates: dict[str, Gate] = {}

    async def do(self, step: str) -> None:
        self.steps.append(step)
        await asyncio.sleep(0)
        if gate := self.gates.get(step):
            gate.is_reached.set()
            await gate.is_open.wait()
        if errors := self.faults.get(step):
            raise errors.pop(0)
        self.done.append(step)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncGenerator[None]:
        """Hold something between two steps. If the second is cut short, it is held for ever."""
        await self.do(f"open {name}")
        self.held.append(name)
        try:
            yield
        finally:
            await self.do(f"close {name}")
            self.held.remove(name)


class Client:
    """Calls other services."""

    def __init__(self, world: World) -> None:
        self._world = world

    @classmethod
    @asynccontextmanager
    async def opened(cls, world: World) -> AsyncGenerator["Client"]:
        async with world.hold("client"):
            yield cls(world)

    async def get(self, what: str) -> int:
        await self._world.do(f"get {what}")
        return 90

    async def charge(self, purchase: Purchase) -> None:
        await self._world.do("charge")


class Connection:
    """A connection to the database, with at most one transaction."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._written: dict[int, int] = {}

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None]:
        """Commits when it is left, and rolls back when it is left with an error."""
        await self._world.do("begin")
        self._world.held.append("transaction")
        try:
            yield
        except BaseException:
            await self._world.do("roll back")
            self._world.held.remove("transaction")
            raise
        await self._world.do("commit")
        self._world.held.remove("transaction")
        self._world.orders |= self._written

    async def reserve(self, purchase: Purchase) -> None:
        await self._world.do("reserve")

    async def write(self, purchase: Purchase, cents: int) -> None:
        await self._world.do("write")
        self._written[purchase.number] = cents


class Pool:
    """Gives connections to the database."""

    def __init__(self, world: World) -> None:
        self._world = world

    @classmethod
    @asynccontextmanager
    async def opened(cls, world: World) -> AsyncGenerator["Pool"]:
        async with world.hold("pool"):
            yield cls(world)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        async with self._world.hold("connection"):
            yield Connection(self._world)


def kinds(error: BaseException) -> list[str]:
    return [type(leaf).__name__ for leaf in flatten_exceptions(error)]


async def show(
    application: Callable[[World], AbstractAsyncContextManager[App]],
    place_order: Callable[[App, Purchase, float | None], Coroutine[Any, Any, None]],
) -> None:
    """Open the service and place four orders, with what can go wrong outside."""
    world = World()
    async with application(world) as app:

        async def order(number: int, timeout: float | None = None) -> None:
            try:
                # A Task for each order, as a server has it. On early versions of 3.11 the failure of a task
                # group makes later timeouts of the same Task go wrong.
                await asyncio.create_task(place_order(app, Purchase(number, "ada", 2000), timeout))
            except Exception as error:
                print(f"order {number}: {', '.join(kinds(error))}")
            else:
                print(f"order {number}: placed")

        await order(1)
        world.faults["reserve"] = [SoldOut("lamp")]
        await order(2)
        world.faults["charge"] = [ConnectionError("try again")]
        await order(3)
        world.gates["charge"] = Gate()  # It never answers.
        await order(4, timeout=0.1)
        print("held:", *sorted(world.held))
    print("held:", *world.held or ["nothing"])
    print("orders:", world.orders)

"""A pool of SQLite connections."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiosqlite


class Pool:
    """Lends connections. SQLite has one writer, but each transaction needs a connection of its own."""

    def __init__(self, connections: list[aiosqlite.Connection]) -> None:
        self.size = len(connections)
        self._idle: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        for connection in connections:
            self._idle.put_nowait(connection)

    @property
    def in_use(self) -> int:
        return self.size - self._idle.qsize()

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[aiosqlite.Connection, None]:
        lent = await self._idle.get()
        try:
            yield lent
        finally:
            if lent.in_transaction:
                raise RuntimeError("a connection was given back inside a transaction")
            self._idle.put_nowait(lent)


@asynccontextmanager
async def open_pool(database: Path, size: int) -> AsyncGenerator[Pool, None]:
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(
                aiosqlite.connect(database, isolation_level=None, timeout=30)
            )
            for _ in range(size)
        ]
        await connections[0].executescript("""
            PRAGMA journal_mode = WAL;  -- of the database
            CREATE TABLE IF NOT EXISTS stock (item PRIMARY KEY, available INTEGER NOT NULL);
            CREATE TABLE IF NOT EXISTS orders (id PRIMARY KEY, item NOT NULL, cents NOT NULL);
        """)
        for connection in connections:
            await connection.execute(
                "PRAGMA synchronous = NORMAL"
            )  # no wait for the disk at COMMIT
        yield Pool(connections)

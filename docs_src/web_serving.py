"""Serves an application on a port of this machine, for the programs of the page and for tests."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def serving(app: Any, **options: Any) -> AsyncGenerator[str, None]:
    """Serve as long as the block lasts, and give the address."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, **options))
    # With its protocol: asyncio turns off Nagle's delay only where it sees TCP.
    kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with socket.socket(*kind) as listening:
        listening.bind(("127.0.0.1", 0))
        served = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while not (server.started or served.done()):  # noqa: ASYNC110 - it has no event for it
                await asyncio.sleep(0.005)
            if served.done():
                raise RuntimeError("the server did not start")
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await served
        if server.lifespan.should_exit:
            raise RuntimeError("the application failed when it was shut down")

"""The shop's HTTP service: sessions, flags, users, prices and events.

`python -m sdax._demo.service` runs it on its own: it prints its port, and stops when its standard
input ends. So it never outlives the program that started it, whatever becomes of that program.
"""

import asyncio
import secrets
import signal
import sys
import threading
from http import HTTPStatus
from typing import Any

from sdax._demo.http_server import Answer, Request, start_server

LATENCY = {"sessions": 0.008, "flags": 0.006, "users": 0.020, "prices": 0.012, "events": 0.008}
"""Seconds each resource takes to answer, as if a network and a database lay behind it."""

STALLED = 60.0
"""Seconds a stalled resource takes to answer: longer than anybody waits."""


class ShopService:
    """Answers requests, and remembers what the demo asks about afterwards."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self._published: set[int] = set()
        self._requests = 0
        self._trouble = "none"

    async def handle(self, request: Request) -> Answer:
        """Answer one request: either the demo's own (report, trouble) or one to the shop."""
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["report"]:
                return Answer(HTTPStatus.OK, self._report())
            case "PUT", ["trouble", what]:
                self._trouble = what
                return Answer(HTTPStatus.NO_CONTENT)
            case _, [resource, *rest] if resource in LATENCY:
                self._requests += 1
                await asyncio.sleep(LATENCY[resource])
                return await self._answer(request, resource, "/".join(rest))
            case _:
                return Answer(HTTPStatus.NOT_FOUND)

    def _report(self) -> dict[str, Any]:
        return {
            "requests": self._requests,
            "open_sessions": len(self._tokens),
            "published": sorted(self._published),
        }

    async def _answer(self, request: Request, resource: str, name: str) -> Answer:
        if resource == "sessions":
            return self._session(request.method, name)
        if request.headers.get("authorization") not in self._tokens.values():
            return Answer(HTTPStatus.UNAUTHORIZED)
        match request.method, resource:
            case "GET", "flags":
                return Answer(HTTPStatus.OK, {"price_list": "spring"})
            case "GET", "users":
                return Answer(HTTPStatus.OK, {"name": name, "discount_percent": 10})
            case "GET", "prices":
                return await self._price()
            case "PUT", "events":
                self._published.add(int(name))
                return Answer(HTTPStatus.ACCEPTED)
            case _:
                return Answer(HTTPStatus.METHOD_NOT_ALLOWED)

    def _session(self, method: str, name: str) -> Answer:
        if method == "DELETE":
            self._tokens.pop(name, None)
            return Answer(HTTPStatus.NO_CONTENT)
        token = secrets.token_hex(16)
        self._tokens[name] = f"Bearer {token}"
        return Answer(HTTPStatus.CREATED, {"token": token})

    async def _price(self) -> Answer:
        if self._trouble == "prices-stall":
            await asyncio.sleep(STALLED)
        if self._trouble == "prices-fail":
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE)
        return Answer(HTTPStatus.OK, 2000)


async def serve_until_input_ends() -> None:
    """Serve on a free port, print the port, and return when standard input is at its end."""
    server = await start_server(ShopService().handle)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    # A thread, because no event loop on Windows can wait for a pipe that is standard input.
    threading.Thread(target=wait_for_end, daemon=True).start()
    await ended.wait()
    server.close()


if __name__ == "__main__":
    # Ctrl-C reaches every process of the terminal; it is the demo's business, not the service's.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve_until_input_ends())

"""A small HTTP/1.1 server on asyncio streams: requests with a length, answers in JSON, connections kept alive."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

BACKLOG = 1024
"""Connections the operating system holds until the server takes them up: enough for a rush."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as far as the service needs it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and a body that JSON can carry; `None` is no body."""

    status: HTTPStatus
    body: Any = None


Handler = Callable[[Request], Awaitable[Answer]]


async def start_server(handler: Handler) -> asyncio.Server:
    """Listen on the loopback interface, on a port that the operating system picks."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read_request(reader):
                writer.write(_encoded(await handler(request)))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The client hung up, as it may: a cancelled request does just that.
        except asyncio.CancelledError:
            pass  # The server stops. Passed on, Python 3.11 and 3.12 would log it as an error.
        finally:
            writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0, backlog=BACKLOG)


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection, or `None` where the client has closed it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _version = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    url = urlsplit(target)
    return Request(method, url.path, parse_qs(url.query), headers, body)


def _encoded(answer: Answer) -> bytes:
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body

"""Starlette on a real uvicorn: an application graph as lifespan, and what clients are told."""

import asyncio
import logging
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
import uvicorn
from sdax_contrib import transient
from sdax_contrib.circuit_breaker import CircuitOpen
from sdax_contrib.starlette import exception_handlers, lifespan, open_application
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import join, resource, task, task_func
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from web_serving import serving

PATIENCE = 30
WRONG: Any = 3


@dataclass
class App:
    """What the application's graph opens, and what the tests look at."""

    events: list[str] = field(default_factory=list[str])
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    held: int = 0


@dataclass
class Work:
    """The context of a request."""

    app: App
    fails_with: BaseException | None = None
    waits: bool = False


@asynccontextmanager
async def pool(app: App) -> AsyncGenerator[None, None]:
    app.events.append("pool opened")
    try:
        yield
    finally:
        app.events.append("pool closed")


@asynccontextmanager
async def transaction(work: Work) -> AsyncGenerator[None, None]:
    work.app.held += 1
    try:
        yield
    except BaseException:
        await asyncio.sleep(0.01)  # a rollback takes a moment, also when it is hurried
        work.app.events.append("rollback")
        raise
    else:
        work.app.events.append("commit")
    finally:
        work.app.held -= 1


async def do(work: Work) -> None:
    work.app.begun.set()
    if work.waits:
        await work.app.go_on.wait()
    if work.fails_with is not None:
        raise work.fails_with


APPLICATION = AsyncDagTaskProcessor[App].builder().add_task(resource("pool", pool)).build()
WORK = (
    AsyncDagTaskProcessor[Work]
    .builder(parent=APPLICATION)
    .add_task(resource("transaction", transaction), depends_on=("pool",))
    .add_task(task("do", execute=task_func(do)), depends_on=("transaction",))
    .build()
)


async def endpoint(request: Request, *, fails_with: BaseException | None = None) -> Response:
    application = open_application(request)
    app: App = application.ctx
    waits = request.query_params.get("waits") == "yes"
    timeout = request.query_params.get("timeout")
    work = Work(app, fails_with, waits)
    await application.run(WORK, work, timeout=None if timeout is None else float(timeout))
    return JSONResponse({"held": app.held})


def application(app: App, *, fails_with: BaseException | None = None, **options: Any) -> Starlette:
    return Starlette(
        routes=[Route("/", partial(endpoint, fails_with=fails_with))],
        lifespan=lifespan(APPLICATION, lambda: app),
        exception_handlers=options.pop("handlers", exception_handlers()),
        **options,
    )


def client(address: str) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    return httpx2.AsyncClient(base_url=address, trust_env=False, timeout=PATIENCE)


def run(main: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await main

    asyncio.run(bounded())


async def hang_up_in_the_middle(address: str, app: App, path: str = "/?waits=yes") -> None:
    """Send a request and close the connection while it is being worked on."""
    at = urlsplit(address)
    _, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await app.begun.wait()
    writer.transport.abort()


def test_the_application_is_open_as_long_as_the_server_runs() -> None:
    async def main() -> None:
        app = App()
        async with serving(application(app)) as address, client(address) as http:
            assert app.events == ["pool opened"]
            for _ in range(2):
                response = await http.get("/")
                assert (response.status_code, response.json()) == (200, {"held": 0})
        assert app.events == ["pool opened", "commit", "commit", "pool closed"]

    run(main())


def test_each_start_of_the_server_has_a_context_of_its_own() -> None:
    async def main() -> None:
        made: list[App] = []

        def make() -> App:
            made.append(App())
            return made[-1]

        starlette = Starlette(lifespan=lifespan(APPLICATION, make))
        for _ in range(2):
            async with serving(starlette):
                pass
        assert [app.events for app in made] == [["pool opened", "pool closed"]] * 2

    run(main())


def test_what_fails_at_startup_ends_the_server_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: App) -> Any:
        raise ConnectionError("no database")

    graph = AsyncDagTaskProcessor[App].builder().add_task(resource("pool", broken)).build()
    starlette = Starlette(lifespan=lifespan(graph, App))
    server = uvicorn.Server(uvicorn.Config(starlette, port=0, lifespan="on", log_config=None))
    with suppress(SystemExit):  # newer versions of uvicorn end the process, older ones return
        run(server.serve())
    assert not server.started
    assert "ConnectionError: no database" in caplog.text
    assert "Application startup failed" in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (KeyError("secret"), 500, None),
        (ConnectionError("secret"), 503, None),
        (sqlite3.OperationalError("secret"), 500, None),
        (CircuitOpen("payments", 2.5), 503, "3"),
        (ExceptionGroup("secret", [ConnectionError(), ConnectionError()]), 503, None),
        (ExceptionGroup("secret", [ConnectionError(), KeyError("secret")]), 500, None),
        (HTTPException(409, "sold out"), 409, None),
    ],
    ids=repr,
)
def test_a_run_that_fails_is_answered_by_what_has_failed(
    error: Exception, status: int, retry_after: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        app = App()
        starlette = application(app, fails_with=error)
        async with serving(starlette) as address, client(address) as http:
            response = await http.get("/")
        assert response.status_code == status
        detail = {500: "Internal Server Error", 503: "Service Unavailable", 409: "sold out"}
        assert response.json() == {"detail": detail[status]}
        asked = response.headers.get("Retry-After")
        assert asked == retry_after
        assert app.events == ["pool opened", "rollback", "pool closed"]

    run(main())
    records = [record for record in caplog.records if record.name == "sdax"]
    levels = {500: [logging.ERROR], 503: [logging.WARNING], 409: []}
    assert [record.levelno for record in records] == levels[status]
    for record in records:
        assert record.getMessage() == f"sdax: GET / is answered with {status}"
        assert record.exc_info is not None
        assert type(error).__name__ in caplog.text  # nothing that failed is lost
    assert "Exception in ASGI application" not in caplog.text


def test_what_is_transient_and_what_the_answer_holds_can_be_chosen() -> None:
    async def main() -> None:
        app = App()
        handlers = exception_handlers(
            transient.http | KeyError, body=lambda status: {"status": status}
        )
        starlette = application(app, fails_with=KeyError("secret"), handlers=handlers)
        async with serving(starlette) as address, client(address) as http:
            response = await http.get("/")
            assert (response.status_code, response.json()) == (503, {"status": 503})

    run(main())


def test_a_deadline_is_a_503_and_everything_is_rolled_back() -> None:
    async def main() -> None:
        app = App()
        async with serving(application(app)) as address, client(address) as http:
            response = await http.get("/?waits=yes&timeout=0.05")
            assert (response.status_code, app.held) == (503, 0)
        assert app.events == ["pool opened", "rollback", "pool closed"]

    run(main())


def test_a_client_that_hangs_up_does_not_stop_the_run() -> None:
    async def main() -> None:
        app = App()
        async with serving(application(app)) as address:
            await hang_up_in_the_middle(address, app)
            app.go_on.set()
        assert app.events == ["pool opened", "commit", "pool closed"]
        assert app.held == 0

    run(main())


Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class CancelOnHangUp:
    """A middleware on anyio: it cancels the request when the client has gone."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            await self._app(scope, receive, send)
            group.cancel_scope.cancel()


class PassOn(BaseHTTPMiddleware):
    """Starlette's own kind of middleware, which runs the application in a task group of anyio."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers["passed-on"] = "yes"
        return response


class GiveUp(BaseHTTPMiddleware):
    """Starlette's own kind of middleware, with a time limit of anyio."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        app: App = open_application(request).ctx
        with anyio.CancelScope() as limit:
            async with anyio.create_task_group() as group:

                async def stop() -> None:
                    await app.begun.wait()
                    limit.cancel()

                group.start_soon(stop)
                response: Response = await call_next(request)
                return response
        return JSONResponse({"detail": "too slow"}, 504)


@pytest.mark.parametrize("between", [(), (PassOn,), (PassOn, PassOn)], ids=len)
def test_a_request_that_is_cancelled_when_the_client_has_gone_is_rolled_back_in_full(
    between: tuple[Any, ...],
) -> None:
    async def main() -> None:
        app = App()
        around = [Middleware(CancelOnHangUp), *map(Middleware, between)]
        async with serving(application(app, middleware=around)) as address:
            await hang_up_in_the_middle(address, app)
        assert app.events == ["pool opened", "rollback", "pool closed"]
        assert app.held == 0

    run(main())


def test_failures_come_through_middleware_that_runs_on_anyio() -> None:
    async def main() -> None:
        app = App()
        around = [Middleware(PassOn), Middleware(PassOn)]
        starlette = application(app, fails_with=ConnectionError(), middleware=around)
        async with serving(starlette) as address, client(address) as http:
            response = await http.get("/")
            assert (response.status_code, response.headers["passed-on"]) == (503, "yes")

    run(main())


def test_a_time_limit_of_anyio_around_the_application_leaves_nothing_behind() -> None:
    async def main() -> None:
        app = App()
        starlette = application(app, middleware=[Middleware(GiveUp)])
        async with serving(starlette) as address, client(address) as http:
            response = await http.get("/?waits=yes")
            assert response.status_code == 504
            app.go_on.set()
        assert app.events[0] == "pool opened"
        assert app.events[-1] == "pool closed"
        assert app.events[1] in {"commit", "rollback"}
        assert (len(app.events), app.held) == (3, 0)

    run(main())


def test_when_the_server_stops_a_run_in_flight_is_cancelled_after_the_drain_timeout() -> None:
    async def main() -> None:
        app = App()
        starlette = Starlette(
            routes=[Route("/", endpoint)],
            lifespan=lifespan(APPLICATION, lambda: app, drain_timeout=0.05),
            exception_handlers=exception_handlers(),
        )
        async with client("http://127.0.0.1") as http:
            # The server waits for its own connections first, for a bounded time.
            async with serving(starlette, timeout_graceful_shutdown=1) as address:
                answer = asyncio.create_task(http.get(f"{address}/?waits=yes"))
                await app.begun.wait()
            with suppress(httpx2.HTTPError):
                assert (await answer).status_code in {500, 503}
        assert app.events == ["pool opened", "rollback", "pool closed"]

    run(main())


def test_a_resource_that_dies_is_logged_and_answered_with_503(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        death = asyncio.Event()

        @asynccontextmanager
        async def mortal(app: App) -> AsyncGenerator[None, None]:
            async def die() -> None:
                await death.wait()
                raise ConnectionResetError("the consumer was thrown out")

            async with asyncio.TaskGroup() as group:
                group.create_task(die())
                yield
            app.events.append("never")

        graph = AsyncDagTaskProcessor[App].builder().add_task(resource("pool", mortal)).build()

        async def index(request: Request) -> Response:
            empty = AsyncDagTaskProcessor[None].builder().add_task(join("nothing")).build()
            await open_application(request).run(empty, None)
            return JSONResponse("well")

        starlette = Starlette(
            routes=[Route("/", index)],
            lifespan=lifespan(graph, App),
            exception_handlers=exception_handlers(),
        )
        async with serving(starlette) as address, client(address) as http:
            assert (await http.get("/")).status_code == 200
            death.set()
            while (await http.get("/")).status_code != 503:
                pass

    run(main())
    assert "ConnectionResetError: the consumer was thrown out" in caplog.text


def test_websockets_are_closed_with_the_code_that_fits() -> None:
    async def main() -> None:
        app = App()
        told: list[MutableMapping[str, Any]] = []

        async def failing(websocket: WebSocket) -> None:
            await websocket.accept()
            work = Work(app, ConnectionError() if "again" in websocket.url.path else KeyError())
            await open_application(websocket).run(WORK, work)

        starlette = Starlette(
            routes=[WebSocketRoute("/again", failing), WebSocketRoute("/bug", failing)],
            lifespan=lifespan(APPLICATION, lambda: app),
            exception_handlers=exception_handlers(),
        )
        async with starlette.router.lifespan_context(starlette) as state:

            async def receive() -> MutableMapping[str, Any]:
                return {"type": "websocket.connect"}

            async def send(message: MutableMapping[str, Any]) -> None:
                told.append(message)

            for path in ("/again", "/bug"):
                scope = {
                    "type": "websocket",
                    "path": path,
                    "headers": [(b"host", b"localhost")],
                    "query_string": b"",
                    "state": dict(state or {}),
                }
                await starlette(scope, receive, send)
        assert [message.get("code") for message in told] == [None, 1013, None, 1011]

    run(main())


def test_without_the_lifespan_an_endpoint_is_told_what_is_missing() -> None:
    request = Request({"type": "http", "headers": []})
    with pytest.raises(RuntimeError, match=r"no application is open: give lifespan=lifespan\("):
        open_application(request)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: lifespan(APPLICATION, WRONG), TypeError, "context must be a function"),
        (lambda: exception_handlers(()), ValueError, "on must name at least one"),
        (lambda: exception_handlers(WRONG), TypeError, "on must be"),
        (lambda: exception_handlers(body=WRONG), TypeError, "body must be a function"),
    ],
)
def test_bad_settings_are_refused_at_once(
    call: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


MISSING = """
import sys
sys.modules[sys.argv[2]] = None
try:
    __import__(sys.argv[1])
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [
        ("sdax_contrib.starlette", "starlette", "starlette"),
        ("sdax_contrib.fastapi", "fastapi", "fastapi"),
        ("sdax_contrib.anyio", "anyio", "anyio"),
        ("sdax_contrib.dask", "distributed", "dask"),
    ],
)
def test_a_missing_library_says_what_to_install(module: str, library: str, extra: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", MISSING, module, library],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert f"pip install 'sdax-contrib[{extra}]'" in finished.stdout

"""An application graph that is open as long as a Starlette application runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from sdax_core import AsyncDagTaskProcessor, AsyncTask, Clock, Interceptor, Observer, T
from sdax_helpers import Scope, scope

try:
    from starlette.requests import HTTPConnection
except ImportError as missing:
    raise ImportError(
        "sdax_contrib.starlette needs Starlette: pip install 'sdax-contrib[starlette]'",
        name="starlette",
    ) from missing

if TYPE_CHECKING:
    from random import Random

    from starlette.applications import Starlette

_STATE = "sdax_application"


def lifespan(
    processor: AsyncDagTaskProcessor[T, Any],
    context: Callable[[], T],
    *,
    timeout: float | None = None,
    drain_timeout: float | None = 10.0,
    override: Mapping[Any, AsyncTask[Any, Any]] | None = None,
    observers: Iterable[Observer] = (),
    interceptors: Iterable[Interceptor] = (),
    clock: Clock | None = None,
    rng: Random | None = None,
) -> Callable[[Starlette], AbstractAsyncContextManager[Mapping[str, Any]]]:
    """Make a lifespan that opens an application's graph: `Starlette(lifespan=lifespan(processor, App))`.

    It is `sdax_helpers.scope` (guarantee 43): the server takes no request before `pre_execute` is through, and what
    the application holds is released when the requests' runs have ended, or were cancelled after `drain_timeout`.
    Endpoints get at it with `open_application(request)`. What fails at startup ends the server.

    If a resource of the application dies while the server runs, the lifespan ends: the server logs the failure, and
    every run that is begun from then on raises `ScopeClosedError`, which is answered with 503.

    An application that has a lifespan of its own enters this one in it: `async with opened(app) as state: yield
    {**state, ...}`.

    Args:
        processor: The application's graph.
        context: Makes its context, each time that the application starts: a class or a function without
            parameters.
        timeout: Seconds that starting may take, `None` for no limit.
        drain_timeout: Seconds that runs in flight are given when the server stops, `None` for no limit.
        override: Tasks that stand in for those of the application, in tests.
        observers: See what the application's run does.
        interceptors: Run around each attempt of the application's functions.
        clock: As for `process_tasks`.
        rng: As for `process_tasks`.

    Raises:
        TypeError: `context` cannot be called. Whatever else `scope` does not like it says when the server starts.
    """
    if not callable(context):
        raise TypeError(
            f"context must be a function that makes the application's context; got {context!r} "
            f"({type(context).__name__})"
        )

    @asynccontextmanager
    async def opened(_: Starlette) -> AsyncGenerator[Mapping[str, Any], None]:
        async with scope(
            processor,
            context(),
            timeout=timeout,
            drain_timeout=drain_timeout,
            override=override,
            observers=observers,
            interceptors=interceptors,
            clock=clock,
            rng=rng,
        ) as application:
            yield {_STATE: application}

    return opened


def open_application(connection: HTTPConnection) -> Scope[Any]:
    """Give the open application that serves a request or a websocket.

    Its `run(graph, ctx)` runs a request's graph, its `ctx` is the application's context.

    Raises:
        RuntimeError: The server did not run `lifespan`.
    """
    application: Scope[Any] | None = connection.scope.get("state", {}).get(_STATE)
    if application is None:
        raise RuntimeError(
            "no application is open: give lifespan=lifespan(processor, context) to the outermost application, and "
            "have the server run it; a test client runs it in a `with` block"
        )
    return application

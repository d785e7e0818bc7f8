"""A request graph as a dependency of FastAPI."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncPhaseRunner,
    Interceptor,
    Observer,
    PhaseId,
    SdaxExecutionError,
    T,
    flatten_exceptions,
)
from sdax_helpers import Scope

try:
    from fastapi import Depends
    from fastapi.requests import HTTPConnection
except ImportError as missing:
    raise ImportError(
        "sdax_contrib.fastapi needs FastAPI: pip install 'sdax-contrib[fastapi]'",
        name="fastapi",
    ) from missing

from sdax_contrib import _starlette

if TYPE_CHECKING:
    from fastapi.params import Depends as Dependency

ExitScope = Literal["function", "request"]


async def open_application(connection: HTTPConnection) -> Scope[Any]:
    """Give the open application: `opened: Annotated[Scope[App], Depends(open_application)]`.

    Its `run(graph, ctx)` runs a request's graph, its `ctx` is the application's context. It is asynchronous because
    FastAPI calls plain functions in threads.

    Raises:
        RuntimeError: The server did not run `lifespan`.
    """
    return _starlette.open_application(connection)


def run_graph(
    processor: AsyncDagTaskProcessor[T, Any],
    context: Callable[..., T] | Callable[..., Awaitable[T]],
    *,
    scope: ExitScope = "function",
    timeout: float | None = None,
    observers: Iterable[Observer] = (),
    interceptors: Iterable[Interceptor] = (),
) -> Dependency:
    """Make a dependency that runs a request's graph around the endpoint.

    A parameter `order: Annotated[Order, run_graph(place_order, new_order)]` is the context of the run.
    `pre_execute` and `execute` run before the endpoint, which gets the context with what they have found and
    acquired. If they fail, the endpoint is not called. `post_execute` runs when the endpoint has returned or raised:
    cleanup sees how it went, so that a transaction commits or rolls back. What fails there is raised, and with
    `scope="function"` that is before the response begins: the client gets a 500.

    With `scope="request"`, FastAPI's own default for dependencies, cleanup comes after the response: for endpoints that
    stream from what the graph holds. **The client has had its 200 when a commit in cleanup fails.**

    The run is one of the application's: it may name the application's tasks, and is waited for, or cancelled, when the
    server stops. If the endpoint raises and cleanup fails as well, the endpoint's exception comes out, and the
    failures of the run are logged (logger `sdax`).

    Args:
        processor: A graph whose parent is the application, or that has none.
        context: Makes the context of the run. It is a dependency itself: its parameters are those of the request.
            FastAPI calls a plain function or a class in a thread; `async def` is faster.
        scope: When cleanup runs: `"function"`, before the response, or `"request"`, after it.
        timeout: Limit in seconds of what comes before the endpoint, `None` for no limit.
        observers: See what the run does.
        interceptors: Run around each attempt.

    Raises:
        TypeError: `processor` is no processor, or `context` cannot be called.
        ValueError: `scope` is something else.
    """
    if not isinstance(cast("object", processor), AsyncDagTaskProcessor):
        raise TypeError(
            f"run_graph takes a processor, as build() makes it; got {processor!r} ({type(processor).__name__})"
        )
    if not callable(context):
        raise TypeError(
            f"context must be a function that makes the context of the run; got {context!r} ({type(context).__name__})"
        )
    if scope not in get_args(ExitScope):
        raise ValueError(f'scope must be "function" or "request"; got {scope!r}')
    seen_by, around = tuple(observers), tuple(interceptors)
    made_context: Any = Depends(context)

    async def graph(
        connection: HTTPConnection, ctx: Any = made_context
    ) -> AsyncGenerator[Any, None]:
        runner: AsyncPhaseRunner[Any, Any] | None = None
        try:
            async with _starlette.open_application(connection).open(
                processor, ctx, timeout=timeout, observers=seen_by, interceptors=around
            ) as runner:
                await _work(runner)
                yield ctx
        except BaseException as error:
            if runner is not None:
                _log_failures(connection, runner, error)
            raise

    return cast("Dependency", Depends(graph, scope=scope))


async def _work(runner: AsyncPhaseRunner[Any, Any]) -> None:
    while runner.next_phase_id() is not PhaseId.POST_EXEC and await runner.run_next():
        pass
    runner.raise_failures()


def _log_failures(
    connection: HTTPConnection, runner: AsyncPhaseRunner[Any, Any], error: BaseException
) -> None:
    """Log what has failed and is not in the exception that comes out, which an answer may be made of."""
    known = {id(leaf) for leaf in flatten_exceptions(error)}
    try:
        runner.raise_failures()
    except SdaxExecutionError as failed:
        if not known.issuperset(map(id, failed.leaf_exceptions())):
            logging.getLogger("sdax").error(
                "sdax: the run of %s failed, too", connection.url.path, exc_info=failed
            )

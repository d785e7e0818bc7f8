"""What clients are told when a run fails: 503 if it may go well another time, else 500."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, TypeAlias, cast

from sdax_core import SdaxExecutionError, flatten_exceptions
from sdax_helpers import ScopeClosedError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketState

from sdax_contrib import transient
from sdax_contrib._classifier import On, check_on, classifier_of
from sdax_contrib._retry_after import asked_seconds

Handler: TypeAlias = Callable[[Request, Any], Coroutine[Any, Any, Response]]

_TRY_AGAIN_LATER, _INTERNAL_ERROR = 1013, 1011
"""What websockets are closed with (RFC 6455)."""

_LONGEST_WAIT = 3600.0
"""Seconds: what a backend asks for is passed on up to this."""

ANY_CLIENT = (
    transient.http | transient.postgres | transient.redis | transient.sqlalchemy | transient.grpc
)


def exception_handlers(
    on: On = ANY_CLIENT, *, body: Callable[[int], Any] | None = None
) -> dict[int | type[Exception], Handler]:
    """Make the handlers for runs that fail: `Starlette(exception_handlers=exception_handlers())`.

    They answer `SdaxExecutionError`, the `TimeoutError` of a run's deadline, and `ScopeClosedError`:

    - one failure that is an `HTTPException`, with its own status, detail and headers;
    - failures that are transient, all of them, and a scope that is closing, with 503, and with a `Retry-After`
      header if one of the errors has asked for a time, at most an hour;
    - everything else with 500.

    The answer is JSON, `{"detail": "Service Unavailable"}`, and says nothing about what has failed. That is logged
    with its tracebacks (logger `sdax`; 503 is a warning, 500 an error). A websocket is closed, with 1013 or 1011.

    Args:
        on: What is transient: exception classes, a classifier of `sdax_contrib.transient`, or a function; by default
            all of `sdax_contrib.transient`.
        body: Makes the JSON of the answer from the status, in the place of `{"detail": ...}`.

    Raises:
        TypeError: `on` names something else, or `body` cannot be called.
        ValueError: `on` is empty.
    """
    check_on("on", on)
    if body is not None and not callable(body):
        raise TypeError(f"body must be a function that takes the status; got {body!r}")
    answers = _Answers(on, body or _detail)
    return {
        SdaxExecutionError: answers.answer,
        ScopeClosedError: answers.answer,
        TimeoutError: answers.answer,
    }


class _Answers:
    """The settings of the handlers, which share them."""

    def __init__(self, on: On, body: Callable[[int], Any]) -> None:
        self._classifier = classifier_of(on)
        self._body = body

    async def answer(self, connection: HTTPConnection, error: Exception) -> Response:
        """Log what has failed and answer the client."""
        leaves = flatten_exceptions(error)
        own = leaves[0] if len(leaves) == 1 else None
        if isinstance(own, HTTPException) and isinstance(connection, Request):
            if own.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                _log(connection, own.status_code, error)
            return JSONResponse({"detail": own.detail}, own.status_code, own.headers)
        status = 503 if self._is_transient(error) else 500
        _log(connection, status, error)
        if isinstance(connection, WebSocket):
            await _close(connection, _TRY_AGAIN_LATER if status == 503 else _INTERNAL_ERROR)
            return cast("Response", None)  # Starlette looks at it only after a request
        headers = _retry_after_header(leaves) if status == 503 else None
        return JSONResponse(self._body(status), status, headers)

    def _is_transient(self, error: Exception) -> bool:
        return isinstance(error, ScopeClosedError) or self._classifier(error) is not False


def _detail(status: int) -> dict[str, str]:
    return {"detail": HTTPStatus(status).phrase}


def _retry_after_header(leaves: list[BaseException]) -> dict[str, str] | None:
    waits = [wait for leaf in leaves if (wait := asked_seconds(leaf)) is not None]
    return {"Retry-After": str(math.ceil(min(max(waits), _LONGEST_WAIT)))} if waits else None


def _log(connection: HTTPConnection, status: int, error: Exception) -> None:
    level = logging.WARNING if status == 503 else logging.ERROR
    what = connection.scope.get("method", "websocket")
    path = connection.url.path
    logging.getLogger("sdax").log(
        level, "sdax: %s %s is answered with %d", what, path, status, exc_info=error
    )


async def _close(websocket: WebSocket, code: int) -> None:
    states = (websocket.client_state, websocket.application_state)
    if WebSocketState.DISCONNECTED not in states:
        await websocket.close(code)

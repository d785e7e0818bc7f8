"""A plain function that runs somewhere else, as the function of a phase."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from functools import wraps
from typing import Any, Protocol, cast

from sdax_core import Attempt, Interceptor, RetryPolicy, T, TaskFunction

_LEFT: ContextVar[list[tuple[str, str]]] = ContextVar("sdax_contrib_left_calls")
"""What the attempt that runs in the current context has to tell: the name of the report, and the note."""


class Engine(Protocol):
    """Runs plain functions somewhere else: in processes, on a cluster."""

    async def run(self, function: Callable[..., Any], args: tuple[Any, ...], /) -> Any:
        """Call `function(*args)` there and give its result, or raise what it raised.

        When this is cancelled, the call has to be stopped, or asked to, before the `CancelledError` goes on. What
        runs on all the same is told with `call_was_left`.
        """
        ...


def on_engine(
    function: Callable[..., Any],
    *,
    engine: Callable[[T], Engine],
    args: Callable[[T], tuple[Any, ...]],
    into: str | Callable[[T, Any], Any] | None,
    timeout: float | None = None,
    retry: RetryPolicy | None = None,
    interceptors: Iterable[Interceptor] = (),
) -> TaskFunction[T]:
    """Make the function of a phase from a plain function that an engine runs.

    The context stays here: `args` says what the function is called with, `into` where its result goes.

    Args:
        function: A plain function that can be sent to where the engine runs it.
        engine: Finds the engine for a context.
        args: Takes the context and returns the tuple of arguments.
        into: The attribute of the context that the result is stored in, or a function that takes the context and
            the result and stores it; `None` if there is nothing to store.
        timeout: Limit in seconds of each attempt, with the way there and back.
        retry: Decides about further attempts.
        interceptors: Run around each attempt, here.

    Raises:
        TypeError: A setting is of the wrong type.
        ValueError: `into` is empty, or `timeout` is out of its range.
    """
    for name, value in (("function", function), ("engine", engine), ("args", args)):
        if not callable(value):
            raise TypeError(f"{name} must be a function; got {value!r} ({type(value).__name__})")
    if into == "":
        raise ValueError("into must be the name of an attribute; got ''")
    if into is not None and not isinstance(cast("object", into), str) and not callable(into):
        raise TypeError(f"into must be the name of an attribute, a function, or None; got {into!r}")

    @wraps(function, updated=())
    async def call(context: T) -> None:
        arguments = args(context)
        if not isinstance(cast("object", arguments), tuple):
            raise TypeError(
                f"the function given as args= must return a tuple; it returned {arguments!r}"
            )
        result = await engine(context).run(function, arguments)
        if callable(into):
            into(context, result)
        elif into is not None:
            setattr(context, into, result)

    return TaskFunction(
        call, timeout=timeout, retry=retry, interceptors=(*interceptors, _tell_of_left_calls)
    )


def call_was_left(report: str, note: str) -> None:
    """Tell what became of a call that was cancelled: for engines.

    It becomes a note on the error of the attempt, be it a `TimeoutError` or a `CancelledError`, and is reported
    to observers as `report`, with the detail `note`.
    """
    left = _LEFT.get(None)
    if left is not None:
        left.append((report, note))


async def _tell_of_left_calls(attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
    left: list[tuple[str, str]] = []
    token = _LEFT.set(left)
    try:
        return await proceed()
    except BaseException as error:
        for name, note in left:
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)
            attempt.report(name, note=note)
        raise
    finally:
        _LEFT.reset(token)

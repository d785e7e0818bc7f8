"""`limited`: a permit around each attempt of a function.

Any async context manager that can be entered again and again is a permit: an `asyncio.Semaphore`
or `asyncio.Lock`, an `anyio.CapacityLimiter`, an `aiolimiter.AsyncLimiter`, and of this package
`AdaptiveLimit` and `RateLimit`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias, cast, overload

from sdax_contrib._one_loop import OneLoop

if TYPE_CHECKING:
    from sdax_core import Attempt, Interceptor

Permit: TypeAlias = AbstractAsyncContextManager[Any, bool | None]
"""What `limited` takes: an async context manager that can be entered again and again."""


@overload
def limited(permit: Permit, /) -> Interceptor: ...
@overload
def limited(**permits: Permit) -> Interceptor: ...
def limited(permit: Permit | None = None, /, **permits: Permit) -> Interceptor:
    """An interceptor that takes a permit for each attempt of a function.

    The permit is around one attempt: waiting for it counts towards the deadline of the run and not
    towards the timeout of the attempt, and it is given back before the function waits to be tried
    again. Where something had to be waited for, the run's observers are told
    `"sdax.limit.waited"` with the details `limit` (its name), `since` (by `loop.time()`), `seconds`
    and `obtained` (false if the wait was cancelled or failed).

    Several permits are given by name, and taken in the order of their names whatever order they are
    written in. So two functions that need the same two permits never wait for each other, as long
    as both name them alike.

    Args:
        permit: One permit; its class is its name in reports.
        permits: Permits by name.

    Raises:
        TypeError: What is given is no async context manager, or one that can be entered only once.

    An attempt raises a `RuntimeError` if another event loop, not closed yet, took the permits
    through this interceptor before.
    """
    if permit is not None:
        if permits:
            raise TypeError("limited() takes one permit, or several by name, not both")
        return _Limit(type(permit).__name__, permit)
    if not permits:
        raise TypeError("limited() needs a permit, or several by name")
    limits = [_Limit(name, permits[name]) for name in sorted(permits)]
    return limits[0] if len(limits) == 1 else _Limits(limits)


class _Limit:
    """One permit around each attempt."""

    __slots__ = ("_home", "_name", "_permit")

    def __init__(self, name: str, permit: Permit) -> None:
        _check_permit(name, permit)
        self._name = name
        self._permit = permit
        self._home = OneLoop(f"the limit {name}")

    async def __call__(self, attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
        self._home.is_new()
        async with _Entry(attempt, self._name, self._permit):
            return await proceed()

    def __repr__(self) -> str:
        return f"limited({self._name}={self._permit!r})"


class _Limits:
    """Several permits, the first of them outermost."""

    __slots__ = ("_limits",)

    def __init__(self, limits: list[_Limit]) -> None:
        self._limits = limits

    async def __call__(self, attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
        for limit in reversed(self._limits):
            proceed = partial(limit, attempt, proceed)
        return await proceed()

    def __repr__(self) -> str:
        return " + ".join(map(repr, self._limits))


class _Entry:
    """Enters and leaves a permit for one attempt, and reports the wait if there was one."""

    __slots__ = ("_attempt", "_name", "_permit")

    def __init__(self, attempt: Attempt, name: str, permit: Permit) -> None:
        self._attempt = attempt
        self._name = name
        self._permit = permit

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        since = loop.time()
        entering = _Watched(self._permit.__aenter__())
        obtained = False
        try:
            await entering
            obtained = True
        finally:
            if entering.has_suspended:
                self._attempt.report(
                    "sdax.limit.waited",
                    limit=self._name,
                    since=since,
                    seconds=loop.time() - since,
                    obtained=obtained,
                )

    def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> Awaitable[bool | None]:
        return self._permit.__aexit__(kind, error, traceback)


class _Watched:
    """An awaitable that knows whether awaiting it has suspended the caller.

    No clock could tell: on a real one, even a permit that is free takes a moment.
    """

    __slots__ = ("_steps", "has_suspended")

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self._steps: Any = awaitable.__await__()
        self.has_suspended = False

    def __await__(self) -> Generator[Any, Any, Any]:
        return cast("Generator[Any, Any, Any]", self)

    def __iter__(self) -> _Watched:
        return self

    def __next__(self) -> Any:
        step = next(self._steps)
        self.has_suspended = True
        return step

    def send(self, value: Any) -> Any:
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        return self._steps.throw(*error)

    def close(self) -> None:
        self._steps.close()


@asynccontextmanager
async def _entered_once() -> AsyncGenerator[None]:  # only the class of its result is looked at
    yield


_ENTERED_ONCE = type(_entered_once())


def _check_permit(name: str, permit: object) -> None:
    kind = type(permit)
    if not (hasattr(kind, "__aenter__") and hasattr(kind, "__aexit__")):
        raise TypeError(
            f"the limit {name} must be an async context manager, like asyncio.Semaphore(10); "
            f"got {permit!r} ({kind.__name__})"
        )
    if isinstance(permit, _ENTERED_ONCE):
        raise TypeError(
            f"the limit {name} must be an async context manager that can be entered again and "
            f"again; got {permit!r}, which is made by @asynccontextmanager and entered once"
        )

"""Interceptors: code around each attempt of a function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sdax_core._notes import add_note

if TYPE_CHECKING:
    from sdax_core._reports import Attempt


class Interceptor(Protocol):
    """Runs around each attempt of a function: for spans, permits, breakers, injected faults (guarantee 35).

    Give it to one function, `TaskFunction(..., interceptors=[...])`, to one run or to all runs of a processor
    (`process_tasks(ctx, interceptors=[...])`, `build(interceptors=[...])`); the run's are outside the
    function's, and the first of several is the outermost.
    """

    async def __call__(self, attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
        """Await `proceed()`, at most once, for the attempt to take place.

        It runs in the asyncio Task and the context of the function, outside its timeout. What it raises is what the
        attempt raises; if it returns, the attempt has succeeded, whether it took place or not. Its time before
        `proceed()` is bounded by the deadline of the run alone.
        """


async def run_intercepted(
    attempt: Attempt,
    interceptors: Sequence[Interceptor],
    innermost: Callable[[], Awaitable[Any]],
) -> Any:
    """Run `innermost` inside the interceptors, the first of which is the outermost."""
    proceed = innermost
    for interceptor in reversed(interceptors):
        proceed = _Step(interceptor, attempt, proceed)
    return await proceed()


class _Step:
    """One interceptor with what it is around; called by the one outside it."""

    __slots__ = ("_attempt", "_has_proceeded", "_inner", "_inner_error", "_interceptor")

    def __init__(
        self, interceptor: Interceptor, attempt: Attempt, inner: Callable[[], Awaitable[Any]]
    ) -> None:
        self._interceptor = interceptor
        self._attempt = attempt
        self._inner = inner
        self._has_proceeded = False
        self._inner_error: BaseException | None = None

    async def __call__(self) -> Any:
        try:
            return await self._interceptor(self._attempt, self._proceed)
        except Exception as error:
            if error is not self._inner_error:
                add_note(error, f"sdax: raised by the interceptor {self._interceptor!r}")
            raise

    async def _proceed(self) -> Any:
        if self._has_proceeded:
            raise RuntimeError(
                f"interceptor {self._interceptor!r} called proceed() twice: an attempt takes place at most once"
            )
        self._has_proceeded = True
        try:
            return await self._inner()
        except BaseException as error:
            self._inner_error = error
            raise

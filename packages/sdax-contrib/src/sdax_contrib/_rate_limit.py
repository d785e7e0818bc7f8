"""Rate limits shared between processes, by the library `limits`: `pip install 'sdax-contrib[limits]'`.

The library keeps the counts in Redis, Valkey, memcached, MongoDB, or in memory; `RateLimit` makes a
permit of them, for `limited`.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

from sdax_contrib._durations import in_seconds
from sdax_contrib._one_loop import OneLoop
from sdax_contrib._setting_checks import check_count, check_number, given

try:
    from limits import RateLimitItem
    from limits.aio.strategies import RateLimiter
except ImportError as error:
    raise ImportError(
        "sdax_contrib.limits needs the library limits: pip install 'sdax-contrib[limits]'",
        name="limits",
    ) from error

# Seconds between two looks at a limit at least: what the storage says about the next free place is
# an estimate, and with some strategies it says "now".
_SHORTEST_WAIT = 0.01


class RateLimitReached(ConnectionError):
    """The call was turned away: it would have waited longer than `max_wait` for its rate limit.

    A `ConnectionError`, so that it is retried wherever a lost connection is.
    """

    def __init__(self, limit: str, retry_after: float) -> None:
        super().__init__(f"rate limit {limit} is reached: try again in {in_seconds(retry_after)}")
        self.limit: str = limit
        """The limit, as the library writes it."""
        self.retry_after: float = retry_after
        """Seconds after which there is a place, as far as the storage knows."""

    def __reduce__(self) -> tuple[type[RateLimitReached], tuple[str, float]]:
        return type(self), (self.limit, self.retry_after)


class RateLimit:
    """So many calls per time, counted by a strategy of the library `limits`.

    An async context manager for `limited(RateLimit(...))`: entering it waits until the call may take
    place, leaving it does nothing, as a call that was begun stays counted. The callers of one
    process wait in line: one of them looks at the storage, and those behind it do not. Between
    processes it is luck.

    What the storage raises, because Redis cannot be reached for example, is what the attempt
    raises: a call that cannot be counted does not take place.

    Args:
        limiter: A strategy of `limits.aio.strategies` on an asynchronous storage.
        item: The limit, for example `limits.parse("100/minute")`.
        identifiers: What is counted together; each different choice has counts of its own.
        cost: What one call counts, at least 1 and at most the amount of `item`. The library's fixed
            window counts calls that it refuses as well, so with different costs take another.
        max_wait: The longest to wait in seconds, `None` for as long as it takes. A call that knows
            that it would have to wait longer raises `RateLimitReached` at once.

    Raises:
        ValueError: A number is out of range.
        TypeError: A setting is of the wrong type, or `limiter` is a synchronous one.
    """

    def __init__(
        self,
        limiter: RateLimiter,
        item: RateLimitItem,
        *identifiers: str,
        cost: int = 1,
        max_wait: float | None = None,
    ) -> None:
        _check_type("limiter", limiter, RateLimiter, "a strategy of limits.aio.strategies")
        _check_type("item", item, RateLimitItem, "a RateLimitItem, like limits.parse('5/second')")
        for identifier in identifiers:
            _check_type("an identifier", identifier, str, "a str")
        check_count("cost", cost, least=1)
        if cost > item.amount:
            raise ValueError(f"cost must be at most {item.amount}, all of {item}; {given(cost)}")
        if max_wait is not None:
            check_number("max_wait", max_wait, above=0)
        self._limiter = limiter
        self._item = item
        self._identifiers = identifiers
        self._cost = cost
        self._max_wait = max_wait
        self._home = OneLoop(f"the rate limit {item}")
        self._front = asyncio.Lock()

    def __repr__(self) -> str:
        return f"RateLimit({self._item}, identifiers={self._identifiers!r})"

    async def __aenter__(self) -> None:
        """Wait until the call may take place, and count it.

        Raises:
            RateLimitReached: That would take longer than `max_wait`.
            RuntimeError: The limit belongs to another event loop, which is not closed.
        """
        if self._home.is_new():
            self._front = asyncio.Lock()  # one that was waited for belongs to its loop for ever
        # The lock is for waiting: while there is room, callers ask the storage side by side.
        if not self._front.locked() and await self._is_counted():
            return
        patience = asyncio.timeout(self._max_wait)
        try:
            async with patience, self._front:
                while not await self._is_counted():
                    await self._wait_for_place(patience.when())
        except TimeoutError as error:
            if not patience.expired():  # the storage's own
                raise
            raise RateLimitReached(str(self._item), await self._seconds_to_place()) from error

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Do nothing: a call that was begun stays counted."""

    async def _is_counted(self) -> bool:
        return await self._limiter.hit(self._item, *self._identifiers, cost=self._cost)

    async def _wait_for_place(self, give_up: float | None) -> None:
        seconds = await self._seconds_to_place()
        if give_up is not None and asyncio.get_running_loop().time() + seconds > give_up:
            raise RateLimitReached(str(self._item), seconds)
        await asyncio.sleep(seconds)

    async def _seconds_to_place(self) -> float:
        window = await self._limiter.get_window_stats(self._item, *self._identifiers)
        # The library tells the time of day.
        return max(_SHORTEST_WAIT, window.reset_time - time.time())


def _check_type(field: str, value: object, kind: type, right: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{field} must be {right}; {given(value)}")

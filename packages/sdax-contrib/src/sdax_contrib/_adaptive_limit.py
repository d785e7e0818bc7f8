"""`AdaptiveLimit`: as many calls at once as a backend answers in good time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import Any

from sdax_contrib._adaptive_height import AdaptiveHeight
from sdax_contrib._one_loop import OneLoop
from sdax_contrib._setting_checks import (
    are_exception_classes,
    check_clock,
    check_count,
    check_number,
    given,
)


class TooManyWaiting(ConnectionError):
    """The call was turned away: as many as may wait for an `AdaptiveLimit` wait already.

    A `ConnectionError`, so that it is retried wherever a lost connection is.
    """


class AdaptiveLimit:
    """A limit on concurrent calls that finds its own height from how long the calls take.

    Additive increase, multiplicative decrease, as TCP does it: while calls take up to
    `target_latency` on average, one more is let through at once; when they take longer, the limit
    is multiplied by `decrease`. The limit moves once a round. A round is as many samples as the
    limit is high, at least 10, of calls that began in it, so that the limit is judged by what it
    brought about.

    What is a sample: a call that succeeded, or that raised one of `timeouts`, and at whose begin or
    end more than half of the permits were in use; with fewer, the limit is not what its latency
    shows. Calls that failed otherwise feed nothing: a backend that turns calls away does so quickly,
    which is no sign of health. Cancelled calls feed nothing either.

    It is an async context manager, for `limited(limit)` or `async with limit:`. Permits are handed
    over in the order in which they were asked for, and none is lost when a caller is cancelled, at
    whatever moment.

    Args:
        target_latency: Seconds that a call may take on average.
        initial: Calls at once to begin with.
        minimum: The lowest the limit goes, at least 1.
        maximum: The highest it goes.
        decrease: What it is multiplied by when calls take too long, above 0 and below 1.
        max_waiting: How many calls may wait for a permit; the next one raises `TooManyWaiting`.
            `None` for no bound.
        timeouts: Exceptions that say that a call took too long; they feed the time that it took.
        clock: A function that returns seconds, `None` for the time of the event loop.

    Raises:
        ValueError: A number is out of range, or `initial` is not between `minimum` and `maximum`.
        TypeError: A setting is of the wrong type.
    """

    def __init__(
        self,
        *,
        target_latency: float,
        initial: int = 10,
        minimum: int = 1,
        maximum: int = 1000,
        decrease: float = 0.9,
        max_waiting: int | None = None,
        timeouts: tuple[type[Exception], ...] = (TimeoutError,),
        clock: Callable[[], float] | None = None,
    ) -> None:
        check_number("target_latency", target_latency, above=0)
        check_count("minimum", minimum, least=1)
        check_count("maximum", maximum, least=minimum)
        check_count("initial", initial, least=minimum)
        if initial > maximum:
            raise ValueError(f"initial must be at most maximum, {maximum}; {given(initial)}")
        check_number("decrease", decrease, above=0)
        if decrease >= 1:
            raise ValueError(f"decrease must be a number above 0 and below 1; {given(decrease)}")
        if max_waiting is not None:
            check_count("max_waiting", max_waiting, least=0)
        if not are_exception_classes(timeouts):
            raise TypeError(f"timeouts must be a tuple of exception classes; {given(timeouts)}")
        check_clock("clock", clock)
        self._max_waiting = max_waiting
        self._timeouts = timeouts
        self._clock = clock
        self._home = OneLoop("this AdaptiveLimit")
        self._height = AdaptiveHeight(
            target_latency=target_latency,
            initial=initial,
            minimum=minimum,
            maximum=maximum,
            decrease=decrease,
        )
        self._in_use = 0
        self._queue: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._held: dict[asyncio.Task[Any] | None, tuple[float, bool]] = {}

    @property
    def limit(self) -> int:
        """Calls that may be under way at once."""
        return self._height.calls

    @property
    def in_use(self) -> int:
        """Permits in use. Above `limit` for a while after the limit went down."""
        return self._in_use

    @property
    def waiting(self) -> int:
        """Callers that wait for a permit."""
        return len(self._queue)

    @property
    def latency(self) -> float | None:
        """Seconds that the calls of the last full round took on average, `None` before it."""
        return self._height.latency

    def __repr__(self) -> str:
        return f"AdaptiveLimit(limit={self.limit}, in_use={self.in_use}, waiting={self.waiting})"

    async def __aenter__(self) -> None:
        """Take a permit, in the order of asking.

        Raises:
            TooManyWaiting: `max_waiting` callers wait already.
            RuntimeError: The current Task holds a permit of this limit already, or the limit
                belongs to another event loop, which is not closed.
        """
        if self._home.is_new():
            self._start_afresh()
        task = asyncio.current_task()
        if task in self._held:
            raise RuntimeError(
                f"{task!r} holds a permit of {self!r} already: it could wait for itself for ever"
            )
        if self._in_use < self.limit:  # then nobody waits: what is free is handed over at once
            self._in_use += 1
        else:
            await self._wait()
        try:
            self._held[task] = (self._now(), self._is_in_demand())
        except BaseException:  # the clock is the user's
            self._give_back()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Give the permit back, and learn from the time it was held."""
        begun, was_in_demand = self._held.pop(asyncio.current_task())
        has_answer = kind is None or issubclass(kind, self._timeouts)
        try:
            if has_answer and (was_in_demand or self._is_in_demand()):
                self._height.learn(begun, self._now())
        finally:
            self._give_back()

    async def _wait(self) -> None:
        if self._max_waiting is not None and len(self._queue) >= self._max_waiting:
            raise TooManyWaiting(f"no call more may wait for {self!r}")
        turn = asyncio.get_running_loop().create_future()
        self._queue[turn] = None
        try:
            await turn
        except BaseException:
            self._queue.pop(turn, None)
            if turn.done() and not turn.cancelled():
                self._give_back()  # handed over to us, and then we were cancelled before we ran
            raise

    def _give_back(self) -> None:
        self._in_use -= 1
        self._hand_over()

    def _hand_over(self) -> None:
        """Give free permits to those who have waited longest.

        The permit counts as in use from here on: whoever asks before the waiter runs cannot
        overtake it.
        """
        while self._queue and self._in_use < self.limit:
            turn, _ = self._queue.popitem(last=False)
            if not turn.done():  # cancelled, and has not run since
                turn.set_result(None)
                self._in_use += 1

    def _is_in_demand(self) -> bool:
        return self._in_use * 2 > self.limit

    def _start_afresh(self) -> None:
        self._height.start_afresh()
        self._in_use = 0
        self._queue.clear()
        self._held.clear()

    def _now(self) -> float:
        return asyncio.get_running_loop().time() if self._clock is None else self._clock()

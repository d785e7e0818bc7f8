"""An outage: what retries do to a backend that has to come back under load.

The clients send a steady load that the backend can bear. Then it stands still for a while: calls wait
in its queue, and time out at the client. The backend does not know that, and works off what nobody
waits for any more. Each policy is one row: no retries, plain retries, retries with a budget, with a breaker.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_contrib.circuit_breaker import CircuitBreaker, CircuitOpen
from sdax_contrib.limited import limited
from sdax_contrib.retry import Exponential, Retry, RetryBudget
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxExecutionError,
    TaskFunction,
)

from benchmarks.simulations.virtual_time import run_virtually

ARRIVALS = 100
"""Calls per second that the clients make."""
CAPACITY = 150
"""Calls per second that the backend works off."""
OUTAGE = (10.0, 20.0)
"""From when to when it stands still."""
END = 60.0
TIMEOUT = 1.0
QUEUE = 1000
"""What waits at the backend at most; it turns away what comes on top."""
RETRIES = Retry(4, Exponential(0.1, maximum=1.0))
WELL_AGAIN = 0.99


class Backend:
    """A queue that is worked off at a steady pace, except in the outage."""

    def __init__(self) -> None:
        self.load: Counter[int] = Counter()
        self._queue: deque[asyncio.Future[None]] = deque()

    async def call(self, _: object) -> None:
        """Wait for the answer to one request."""
        loop = asyncio.get_running_loop()
        self.load[int(loop.time())] += 1
        if len(self._queue) >= QUEUE:
            raise ConnectionError("the backend turns calls away")
        answer = loop.create_future()
        self._queue.append(answer)
        await answer

    async def work(self) -> None:
        """Work off the queue; a request whose client has gone costs as much as any other."""
        loop = asyncio.get_running_loop()
        while loop.time() < END:
            await asyncio.sleep(1 / CAPACITY)
            if OUTAGE[0] <= loop.time() < OUTAGE[1] or not self._queue:
                continue
            answer = self._queue.popleft()
            if not answer.done():
                answer.set_result(None)


@dataclass
class Outcome:
    """What one policy came to."""

    policy: str
    load: list[tuple[float, float]]
    """Calls that reached the backend, per second."""
    succeeded: list[tuple[float, float]]
    """The share of the calls begun in that second that succeeded in the end."""

    @property
    def highest_load(self) -> float:
        """The highest load, in multiples of the usual."""
        return max(load for _, load in self.load) / ARRIVALS

    @property
    def recovery(self) -> float | None:
        """Seconds after the outage from which on calls succeeded for good, `None` if they never did."""
        failing = [second for second, share in self.succeeded if share < WELL_AGAIN]
        last = max(failing, default=0.0)
        # A few good seconds between two waves of retries at the end are no recovery.
        return None if last >= self.succeeded[-1][0] - 5 else max(0.0, last + 1 - OUTAGE[1])


def no_retries() -> dict[str, Any]:
    return {"retry": Retry(1)}


def plain_retries() -> dict[str, Any]:
    return {"retry": RETRIES}


def retries_with_budget() -> dict[str, Any]:
    clock = asyncio.get_running_loop().time
    budget = RetryBudget(ratio=0.1, min_per_second=1, clock=clock)
    return {"retry": Retry(RETRIES.attempts, RETRIES.backoff, budget=budget)}


def retries_with_breaker() -> dict[str, Any]:
    retry = Retry(RETRIES.attempts, RETRIES.backoff, on=_is_worth_another)
    return {"retry": retry, "interceptors": (_breaker(),)}


def refused_calls_wait() -> dict[str, Any]:
    return {"retry": RETRIES, "interceptors": (_breaker(),)}


def breaker_and_limit() -> dict[str, Any]:
    limit = AdaptiveLimit(target_latency=TIMEOUT / 4, initial=40, maximum=100)
    return {"retry": RETRIES, "interceptors": (limited(limit), _breaker())}


def _breaker() -> CircuitBreaker:
    return CircuitBreaker("backend", window=5, open_for=2)


def _is_worth_another(error: Exception) -> bool:
    """Whether the backend was called and did not answer; who is refused fails at once."""
    return isinstance(error, (TimeoutError, ConnectionError)) and not isinstance(error, CircuitOpen)


POLICIES: dict[str, Callable[[], dict[str, Any]]] = {
    "no retries": no_retries,
    "plain retries": plain_retries,
    "with budget": retries_with_budget,
    "with breaker": retries_with_breaker,
    "refused calls wait": refused_calls_wait,
    "breaker and limit": breaker_and_limit,
}


async def _simulate(policy: str) -> Outcome:
    backend, rng = Backend(), Random(1)
    made: Counter[int] = Counter()
    succeeded: Counter[int] = Counter()
    function: Any = TaskFunction(backend.call, timeout=TIMEOUT, **POLICIES[policy]())
    builder = AsyncDagTaskProcessor[None, str].builder()
    processor = builder.add_task(AsyncTask("call", execute=function), depends_on=()).build()

    async def client(second: int) -> None:
        with suppress(SdaxExecutionError):
            await processor.process_tasks(None, rng=rng)
            succeeded[second] += 1

    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        group.create_task(backend.work())
        while loop.time() < END - 5:  # the last calls get the time that they need
            await asyncio.sleep(rng.expovariate(ARRIVALS))
            second = int(loop.time())
            made[second] += 1
            group.create_task(client(second))
    seconds = range(int(END) - 5)
    return Outcome(
        policy,
        [(second, backend.load[second]) for second in seconds],
        [(second, succeeded[second] / made[second]) for second in seconds if made[second]],
    )


def simulated(policy: str) -> Outcome:
    """One policy in the outage."""
    return run_virtually(_simulate(policy))


def simulate_outage() -> list[Outcome]:
    """Each policy in the same outage."""
    return [simulated(policy) for policy in POLICIES]

"""Everything in front of one backend: limit, breaker, timeout, call, and the retries outside."""

import asyncio
from collections.abc import Mapping

from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_contrib.circuit_breaker import CircuitBreaker, CircuitOpen, CircuitState
from sdax_contrib.limited import limited
from sdax_contrib.retry import Constant, Retry
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    Attempt,
    Observer,
    SdaxExecutionError,
    TaskFunction,
)


def tell(breaker: CircuitBreaker, before: CircuitState, after: CircuitState) -> None:
    print(f"{breaker.name}: {before} -> {after}")


class Reports(Observer):
    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object]) -> None:
        print(f"{attempt.call.task}, attempt {attempt.number}: {name}")


async def charge(_: None) -> None:
    raise ConnectionError("the payment service is down")


# One limit and one breaker for each backend, shared by all functions that call it.
limit = AdaptiveLimit(target_latency=0.2, max_waiting=100)
breaker = CircuitBreaker("payments", least_calls=2, open_for=30.0, listeners=[tell])
payments = (limited(payments=limit), breaker)


async def main() -> None:
    retry = Retry(3, Constant(0.01), max_elapsed=5.0)
    function = TaskFunction(charge, timeout=1.0, retry=retry, interceptors=payments)
    builder = AsyncDagTaskProcessor[None, str].builder()
    task = AsyncTask("charge", execute=function)
    processor = builder.add_task(task, depends_on=()).build()
    for _ in range(2):
        try:
            await processor.process_tasks(None, observers=[Reports()])
        except SdaxExecutionError as error:
            [leaf] = error.leaf_exceptions()
            print(f"failed: {type(leaf).__name__}")
            if isinstance(leaf, CircuitOpen):
                print(f"try again in about {round(leaf.retry_after, -1):.0f} seconds")
    print(limit)


if __name__ == "__main__":
    asyncio.run(main())

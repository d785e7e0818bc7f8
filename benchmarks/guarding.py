"""What policies, limits and breakers cost a function that succeeds: `python -m benchmarks.guarding`.

How it is measured: `benchmarks/per_function.py`. Nothing is tried again and nobody waits, as on a good day. For
comparison a loop of tenacity's around the function, as one would write it without sdax.
"""

import asyncio
from functools import partial
from typing import Any

import tenacity
from sdax_contrib import transient
from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_contrib.circuit_breaker import CircuitBreaker
from sdax_contrib.hedge import hedge
from sdax_contrib.limited import limited
from sdax_contrib.retry import Retry, RetryBudget, RetryThrottle
from sdax_contrib.tenacity import TenacityPolicy
from sdax_core import Attempt, TaskFunction

from benchmarks.per_function import FUNCTIONS, graph_of, nothing, print_costs


async def pass_on(_: Attempt, proceed: Any, /) -> Any:
    """An interceptor that does nothing."""
    return await proceed()


@tenacity.retry(stop=tenacity.stop_after_attempt(3))
async def retried_by_tenacity(_: object) -> None:
    pass


def guarded() -> dict[str, TaskFunction[Any]]:
    limit = AdaptiveLimit(target_latency=1.0, initial=FUNCTIONS)
    stop = tenacity.stop_after_attempt(3)
    breaker = CircuitBreaker("backend")
    return {
        "as it is": TaskFunction(nothing),
        "retries=2": TaskFunction(nothing, retries=2),
        "Retry": TaskFunction(nothing, retry=Retry(on=transient.http)),
        "TenacityPolicy": TaskFunction(nothing, retry=TenacityPolicy(stop=stop)),
        "tenacity's own loop, in the place of a policy": TaskFunction(retried_by_tenacity),
        "hedge": TaskFunction(hedge(nothing, after=1.0)),
        "an interceptor that does nothing": TaskFunction(nothing, interceptors=[pass_on]),
        "Retry with a RetryBudget": TaskFunction(nothing, retry=Retry(budget=RetryBudget())),
        "Retry with a RetryThrottle": TaskFunction(nothing, retry=Retry(budget=RetryThrottle())),
        "limited, a Semaphore": TaskFunction(
            nothing, interceptors=[limited(asyncio.Semaphore(FUNCTIONS))]
        ),
        "limited, an AdaptiveLimit": TaskFunction(nothing, interceptors=[limited(limit)]),
        "CircuitBreaker": TaskFunction(nothing, interceptors=[breaker]),
        "limit, breaker, timeout and Retry with a RetryBudget": TaskFunction(
            nothing,
            1.0,
            retry=Retry(budget=RetryBudget()),
            interceptors=[limited(limit), breaker],
        ),
    }


def main() -> None:
    print_costs(
        {
            name: partial(graph_of(function).process_tasks, None)
            for name, function in guarded().items()
        }
    )


if __name__ == "__main__":
    main()

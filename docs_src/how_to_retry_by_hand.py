"""The code of docs/how-to/retry.md: an answer of your own, and a policy of your own."""

import asyncio
import random
from datetime import timedelta

from sdax_contrib import transient
from sdax_contrib.retry import Constant, Decorrelated, Retry
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction


class QuotaExceeded(Exception):
    """The partner's daily quota is used up; more at `minutes` from now."""

    def __init__(self, minutes: float) -> None:
        self.minutes = minutes


# --8<-- [start:answer]
def after_the_quota(error: Exception) -> bool | timedelta:
    if isinstance(error, QuotaExceeded):
        return timedelta(minutes=error.minutes)
    return transient.http(error) is not False


# --8<-- [end:answer]


PATIENT = Retry(attempts=None, max_elapsed=3600, on=after_the_quota)
# --8<-- [start:combined]
LAZY = Retry(10, Decorrelated(1, 60), on=transient.postgres | transient.redis | KeyError)
# --8<-- [end:combined]


class OnlyOnce:
    """Any object with `decide` is a policy."""

    def decide(
        self,
        attempt: int,
        error: Exception,
        elapsed: float,
        previous_delay: float | None,
        rng: random.Random,
        /,
    ) -> float | None:
        return 0.0 if attempt == 1 else None


async def main() -> list[int]:
    calls: list[int] = []

    async def flaky(ctx: None) -> None:
        calls.append(len(calls) + 1)
        if len(calls) == 1:
            raise KeyError("not replicated yet")

    for policy in (OnlyOnce(), Retry(2, Constant(0.01), on=KeyError)):
        function = TaskFunction(flaky, retry=policy)
        builder = AsyncDagTaskProcessor[None].builder()
        await builder.add_task(AsyncTask("flaky", execute=function)).build().process_tasks(None)
    return calls


if __name__ == "__main__":
    print(asyncio.run(main()))

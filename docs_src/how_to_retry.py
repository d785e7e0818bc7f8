"""The code of docs/how-to/retry.md: a policy for an HTTP call, and what it does when the server is busy."""

import asyncio
from dataclasses import dataclass, field

import httpx2
from sdax_contrib import transient
from sdax_contrib.retry import Exponential, Retry, RetryBudget
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

# --8<-- [start:policy]
PAYMENTS = RetryBudget(ratio=0.2, min_per_second=1)
POLITE = Retry(
    attempts=5,
    backoff=Exponential(initial=0.1, maximum=5),
    max_elapsed=20,
    on=transient.http,
    budget=PAYMENTS,
)
# --8<-- [end:policy]


@dataclass
class Checkout:
    client: httpx2.AsyncClient
    statuses: list[int] = field(default_factory=list[int])


async def charge(ctx: Checkout) -> None:
    response = await ctx.client.post("/charges", headers={"Idempotency-Key": "order 7"})
    ctx.statuses.append(response.status_code)
    response.raise_for_status()


checkout = (
    AsyncDagTaskProcessor[Checkout]
    .builder()
    .add_task(
        AsyncTask(
            "charge",
            # --8<-- [start:use]
            execute=TaskFunction(charge, timeout=2, retry=POLITE),
            # --8<-- [end:use]
        )
    )
    .build()
)


def busy_at_first() -> httpx2.MockTransport:
    """A server that is busy twice, and then takes the charge."""
    answers = [
        httpx2.Response(503),
        httpx2.Response(429, headers={"Retry-After": "0"}),
        httpx2.Response(201),
    ]
    return httpx2.MockTransport(lambda request: answers.pop(0))


async def main() -> list[int]:
    async with httpx2.AsyncClient(base_url="http://payments", transport=busy_at_first()) as client:
        ctx = Checkout(client)
        await checkout.process_tasks(ctx)
    return ctx.statuses


if __name__ == "__main__":
    print(asyncio.run(main()))

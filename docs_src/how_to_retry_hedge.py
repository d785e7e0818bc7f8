"""The code of docs/how-to/retry.md: the slow answer of one replica is overtaken by another's."""

import asyncio
from dataclasses import dataclass

from sdax_contrib.hedge import hedge
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

seconds_to_answer = [10.0, 0.01]


async def ask_a_replica(user: int) -> str:
    await asyncio.sleep(seconds_to_answer.pop(0))
    return f"profile of user {user}"


# --8<-- [start:hedge]
ask = hedge(ask_a_replica, after=0.05, extra=1)
# --8<-- [end:hedge]


@dataclass
class Request:
    user: int
    profile: str = ""


# --8<-- [start:load]
async def load(ctx: Request) -> None:
    ctx.profile = await ask(ctx.user)


# --8<-- [end:load]


processor = (
    AsyncDagTaskProcessor[Request]
    .builder()
    .add_task(AsyncTask("load", execute=TaskFunction(load, timeout=30)))
    .build()
)


async def main() -> str:
    request = Request(user=7)
    await processor.process_tasks(request)
    return request.profile


if __name__ == "__main__":
    print(asyncio.run(main()))

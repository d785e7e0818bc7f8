"""Litestar: the scope is one of its lifespans."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from litestar import Litestar, get
from litestar.datastructures import State
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import Scope, scope, task, task_func
from web_serving import serving


@dataclass
class App:
    greeting: str = ""


@dataclass
class Visit:
    app: App
    text: str = ""


async def load_greeting(app: App) -> None:
    app.greeting = "hello"


async def greet(visit: Visit) -> None:
    visit.text = f"{visit.app.greeting} from Litestar"


application = (
    AsyncDagTaskProcessor[App]
    .builder()
    .add_task(task("greeting", pre_execute=task_func(load_greeting)))
    .build()
)
answer = (
    AsyncDagTaskProcessor[Visit]
    .builder(parent=application)
    .add_task(task("greet", execute=task_func(greet)), depends_on=("greeting",))
    .build()
)


@asynccontextmanager
async def open_application(app: Litestar) -> AsyncGenerator[None, None]:
    async with scope(application, App()) as opened:
        app.state.opened = opened
        yield


@get("/")
async def hello(state: State) -> str:
    opened: Scope[App] = state.opened
    visit = Visit(opened.ctx)
    await opened.run(answer, visit, timeout=5.0)
    return visit.text


app = Litestar([hello], lifespan=[open_application], logging_config=None)


async def main() -> None:
    async with serving(app) as address, httpx2.AsyncClient(trust_env=False) as client:
        print((await client.get(address)).text)


if __name__ == "__main__":
    asyncio.run(main())

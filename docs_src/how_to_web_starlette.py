"""Starlette: the endpoint runs its graph on top of the application."""

import asyncio
from dataclasses import dataclass

import httpx2
from sdax_contrib.starlette import exception_handlers, lifespan, open_application
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import task, task_func
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from web_serving import serving


@dataclass
class App:
    greeting: str = ""


@dataclass
class Visit:
    app: App
    name: str
    text: str = ""


async def load_greeting(app: App) -> None:
    app.greeting = "hello"


async def greet(visit: Visit) -> None:
    visit.text = f"{visit.app.greeting}, {visit.name}"


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


async def hello(request: Request) -> Response:
    opened = open_application(request)
    visit = Visit(opened.ctx, request.path_params["name"])
    await opened.run(answer, visit, timeout=5.0)
    return PlainTextResponse(visit.text)


app = Starlette(
    routes=[Route("/{name}", hello)],
    lifespan=lifespan(application, App),
    exception_handlers=exception_handlers(),
)


async def main() -> None:
    async with serving(app) as address, httpx2.AsyncClient(trust_env=False) as client:
        print((await client.get(f"{address}/ada")).text)


if __name__ == "__main__":
    asyncio.run(main())

"""aiohttp: the scope is a `cleanup_ctx`."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import ClientSession, web
from sdax_core import AsyncDagTaskProcessor
from sdax_helpers import Scope, scope, task, task_func


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
    visit.text = f"{visit.app.greeting} from aiohttp"


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
OPENED: web.AppKey[Scope[App]] = web.AppKey("opened", Scope)


async def open_application(app: web.Application) -> AsyncIterator[None]:
    async with scope(application, App()) as opened:
        app[OPENED] = opened
        yield


async def hello(request: web.Request) -> web.Response:
    opened = request.app[OPENED]
    visit = Visit(opened.ctx)
    await opened.run(answer, visit, timeout=5.0)
    return web.Response(text=visit.text)


app = web.Application()
app.cleanup_ctx.append(open_application)
app.router.add_get("/", hello)


async def main() -> None:
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        _, port = runner.addresses[0][:2]
        async with ClientSession() as client, client.get(f"http://127.0.0.1:{port}/") as response:
            print(response.status, await response.text())
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())

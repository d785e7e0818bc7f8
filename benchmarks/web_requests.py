"""What a request that runs a graph costs: `python -m benchmarks.web_requests`.

Requests of FastAPI without a network: the application is called as a server calls it. The graph has five tasks that
return at once. Rounds alternate, the shortest counts; processor time in microseconds.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from sdax_contrib.fastapi import lifespan, open_application, run_graph
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction
from sdax_helpers import Scope

REQUESTS = 50
ROUNDS = 40


async def nothing(_: object) -> None:
    pass


def graph_of(*tasks: AsyncTask[Any, Any]) -> AsyncDagTaskProcessor[Any, Any]:
    builder = AsyncDagTaskProcessor[Any].builder()
    for task in tasks:
        builder.add_task(task)
    return builder.build()


application = graph_of(AsyncTask("open", pre_execute=TaskFunction(nothing)))
graph = graph_of(*(AsyncTask(str(number), execute=TaskFunction(nothing)) for number in range(5)))


async def new_context() -> dict[str, int]:
    return {}


async def yielded() -> AsyncGenerator[dict[str, int], None]:
    yield {}


Ran = Annotated[dict[str, int], run_graph(graph, new_context)]
Yielded = Annotated[dict[str, int], Depends(yielded, scope="function")]
Opened = Annotated[Scope[Any], Depends(open_application)]
api = FastAPI(lifespan=lifespan(application, dict[str, int]))


@api.get("/nothing")
async def answer() -> dict[str, int]:
    return {}


@api.get("/a dependency that yields")
async def answer_what_is_yielded(ctx: Yielded) -> dict[str, int]:
    return ctx


@api.get("/opened.run")
async def answer_after_a_run(opened: Opened) -> dict[str, int]:
    ctx: dict[str, int] = {}
    await opened.run(graph, ctx)
    return ctx


@api.get("/run_graph")
async def answer_inside_a_run(ctx: Ran) -> dict[str, int]:
    return ctx


PATHS = ("/nothing", "/a dependency that yields", "/opened.run", "/run_graph")


async def request(path: str, state: dict[str, Any]) -> None:
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [],
        "state": dict(state),
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await api(scope, receive, send)
    assert statuses == [200]


async def main() -> None:
    best = dict.fromkeys(PATHS, float("inf"))
    async with api.router.lifespan_context(api) as state:
        for _ in range(ROUNDS):
            for path in PATHS:
                started = time.process_time()
                for _ in range(REQUESTS):
                    await request(path, dict(state or {}))
                best[path] = min(best[path], (time.process_time() - started) / REQUESTS)
    for path in PATHS:
        print(f"{best[path] * 1e6:8.0f} µs  {path[1:]}")


if __name__ == "__main__":
    asyncio.run(main())

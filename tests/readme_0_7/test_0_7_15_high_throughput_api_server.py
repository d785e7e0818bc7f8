"""One processor, built once, for many requests at the same time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from readme_blocks import Block, block_name, read_block
from sdax import AsyncTask, AsyncTaskProcessor, task_func
from sdax_proof import run

BLOCKS = [
    read_block("readme_0_7/15_high_throughput_api_server"),
    read_block("readme_0_3/06_high_throughput_api_server"),
]
# `...` stands for the functions of the tasks.
AUTH = ('AsyncTask("Auth", ...)', 'AsyncTask("Auth", pre_execute=task_func(authenticate))')
FETCH = ('AsyncTask("FetchData", ...)', 'AsyncTask("FetchData", execute=task_func(fetch_data))')


@dataclass
class RequestContext:
    user_id: int
    authenticated: bool = False
    results: dict[str, int] = field(default_factory=dict[str, int])


class App:
    """Stands for a web framework: it remembers who handles which path."""

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {}

    def post(self, path: str) -> Callable[[Any], Any]:
        def remember(handler: Any) -> Any:
            self.handlers[path] = handler
            return handler

        return remember


@pytest.mark.parametrize("block", BLOCKS, ids=block_name)
def test_a_thousand_requests_at_once_each_get_their_own_results(block: Block) -> None:
    app = App()

    async def authenticate(ctx: RequestContext) -> None:
        await asyncio.sleep(1)
        ctx.authenticated = True

    async def fetch_data(ctx: RequestContext) -> None:
        assert ctx.authenticated
        await asyncio.sleep(1)
        ctx.results["user"] = ctx.user_id

    block.replace(*AUTH).replace(*FETCH).run(
        AsyncTask=AsyncTask,
        AsyncTaskProcessor=AsyncTaskProcessor,
        RequestContext=RequestContext,
        app=app,
        task_func=task_func,
        authenticate=authenticate,
        fetch_data=fetch_data,
    )
    handle_request = app.handlers["/api/endpoint"]

    async def main() -> tuple[list[dict[str, int]], float]:
        results = await asyncio.gather(*(handle_request(user_id) for user_id in range(1_000)))
        return results, asyncio.get_running_loop().time()

    results, seconds = run(main())

    assert results == [{"user": user_id} for user_id in range(1_000)]
    assert seconds == 2

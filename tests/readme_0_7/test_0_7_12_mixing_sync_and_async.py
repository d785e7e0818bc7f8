"""A plain function and an async one in the same level."""

from typing import Any

from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor
from sdax_proof import run

BLOCK = read_block("readme_0_7/12_mixing_sync_and_async")


class Response:
    def json(self) -> list[int]:
        return [1, 2, 3]


class HttpClient:
    """Stands for the HTTP library that the block calls `httpx`."""

    def __init__(self) -> None:
        self.requested: list[str] = []

    async def get(self, url: str) -> Response:
        self.requested.append(url)
        return Response()


def test_both_kinds_of_functions_run_in_one_level() -> None:
    client = HttpClient()
    names = BLOCK.run(AsyncTask=AsyncTask, AsyncTaskProcessor=AsyncTaskProcessor, httpx=client)
    context: dict[str, Any] = {"raw_data": [21]}

    run(names.processor.process_tasks(context))

    assert context["processed_data"] == [42]
    assert context["processing_complete"] is True
    assert context["api_data"] == [1, 2, 3]
    assert client.requested == ["https://api.example.com/data"]

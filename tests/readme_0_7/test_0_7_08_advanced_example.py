"""The advanced example, whose execute functions need each other's results."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from readme_blocks import Block, read_block
from sdax import SdaxExecutionError
from sdax_proof import run

AS_PRINTED = read_block("readme_0_7/08_advanced_example")
# The one change: each execute waits for those of the tasks that it depends on.
IN_ORDER = AS_PRINTED.replace("    .build()\n", '    .build(execute_order="dependencies")\n')


class Services:
    """The database, the cache and the notifications; they write down what is asked of them."""

    def __init__(self) -> None:
        self.events: list[object] = []

    async def _answer(self, event: object) -> None:
        await asyncio.sleep(1)
        self.events.append(event)

    async def create_connection(self) -> "Services":
        await self._answer("connect")
        return self

    async def fetch_user(self) -> dict[str, int]:
        await self._answer("fetch user")
        return {"user_id": 123}

    async def get_cache(self) -> dict[str, str]:
        await self._answer("get cache")
        return {"theme": "dark"}

    def process_user_data(self, user_data: dict[str, int], cache: dict[str, str]) -> None:
        self.events.append(("process", dict(user_data), dict(cache)))

    async def save(self, user_data: dict[str, int]) -> None:
        await self._answer(("save", dict(user_data)))

    async def send(self, user_id: int) -> None:
        await self._answer(("notify", user_id))

    async def close(self) -> None:
        await self._answer("close")


def run_block(block: Block, services: Services) -> SimpleNamespace:
    return block.run(
        dataclass=dataclass,
        field=field,
        Any=Any,
        create_connection=services.create_connection,
        redis_client=services,
        notification_service=services,
        process_user_data=services.process_user_data,
    )


def test_with_execute_in_the_order_of_the_dependencies_every_result_is_there_when_needed() -> None:
    services = Services()
    names = run_block(IN_ORDER, services)

    async def main() -> float:
        await names.processor.process_tasks(names.DatabaseContext())
        return asyncio.get_running_loop().time()

    seconds = run(main())

    assert services.events == [
        "connect",
        "fetch user",
        "get cache",
        ("process", {"user_id": 123}, {"theme": "dark"}),
        ("save", {"user_id": 123}),
        ("notify", 123),
        "close",
    ]
    # Connect, then both loads side by side, then save and notify side by side, then close.
    assert seconds == 4


def test_with_execute_all_together_the_results_are_not_there_yet() -> None:
    services = Services()
    names = run_block(AS_PRINTED, services)

    with pytest.raises(SdaxExecutionError) as raised:
        run(names.processor.process_tasks(names.DatabaseContext()))

    assert ("process", {}, {}) in services.events
    assert [repr(error) for error in raised.value.leaf_exceptions()] == ["KeyError('user_id')"]
    assert services.events[-1] == "close"

"""Guarantee 38 in levels: the next level waits for the optional tasks of a level, however they end."""

import asyncio
from typing import Any

import pytest
from sdax_core import AsyncTask, TaskFunction
from sdax_levels import AsyncTaskProcessor
from sdax_proof import run


@pytest.mark.guarantee("38.10")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
@pytest.mark.parametrize("error", [None, OSError("no")], ids=["well", "badly"])
def test_the_next_level_begins_when_an_optional_task_has_ended_well_or_badly(
    phase: str, error: Exception | None
) -> None:
    begun: list[tuple[float, str]] = []

    def takes(name: str, seconds: float, error: Exception | None = None) -> TaskFunction[None]:
        async def function(_: None) -> None:
            begun.append((asyncio.get_running_loop().time(), name))
            await asyncio.sleep(seconds)
            if error is not None:
                raise error

        return TaskFunction(function)

    def one(name: str, seconds: float, **settings: Any) -> AsyncTask[None, str]:
        failure: Exception | None = settings.pop("error", None)
        functions: dict[str, Any] = {phase: takes(name, seconds, failure)}
        return AsyncTask(name, **functions, **settings)

    processor = (
        AsyncTaskProcessor[None]
        .builder()
        .add_task(one("required", 1), level=1)
        .add_task(one("weak", 2, error=error, optional=True), level=1)
        .add_task(one("next", 1), level=2)
        .build(execute_order="dependencies")
    )

    run(processor.process_tasks(None))

    assert begun == [(0, "required"), (0, "weak"), (2, "next")]

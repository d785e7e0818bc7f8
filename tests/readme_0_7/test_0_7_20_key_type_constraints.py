"""What may be the name of a task, and what may not."""

from collections.abc import Hashable
from typing import Any, TypeVar

import pytest
from readme_blocks import read_block
from sdax import AsyncDagTaskProcessor, AsyncTask, task_func
from sdax_proof import run

NAMES = read_block("readme_0_7/20_key_type_constraints").run(Hashable=Hashable, TypeVar=TypeVar)


def test_every_hashable_key_names_a_task() -> None:
    started: list[Any] = []
    builder = AsyncDagTaskProcessor[None, Any].builder()

    def note(key: Any) -> Any:
        async def start(ctx: Any) -> None:
            started.append(key)

        return task_func(start)

    for key in NAMES.valid_keys:
        builder.add_task(AsyncTask(key, execute=note(key)))
    run(builder.build().process_tasks(None))

    assert started == NAMES.valid_keys


@pytest.mark.parametrize("key", NAMES.invalid_keys, ids=lambda key: type(key).__name__)
def test_a_key_that_is_not_hashable_is_refused_by_name(key: Any) -> None:
    builder = AsyncDagTaskProcessor[None, Any].builder()

    with pytest.raises(TypeError) as raised:
        builder.add_task(AsyncTask(key))

    assert repr(key) in str(raised.value)

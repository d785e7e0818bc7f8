"""Quick plain functions, which the README recommends."""

from typing import Any

import pytest
from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor, SdaxExecutionError, task_sync_func
from sdax_proof import run


def build_processor() -> AsyncTaskProcessor[dict[str, Any]]:
    names = read_block("readme_0_7/13_good_sync_functions").run()
    validate = AsyncTask("Validate", pre_execute=task_sync_func(names.validate_user_input))
    format_data = AsyncTask("Format", execute=task_sync_func(names.format_response_data))
    builder = AsyncTaskProcessor[dict[str, Any]].builder()
    return builder.add_task(validate, 1).add_task(format_data, 2).build()


def test_valid_input_is_formatted() -> None:
    context: dict[str, Any] = {"user_id": 7}

    run(build_processor().process_tasks(context))

    assert context["validated"] is True
    assert context["formatted_data"] == {"user_id": 7, "timestamp": "unknown"}


def test_invalid_input_stops_the_run_before_execute() -> None:
    context: dict[str, Any] = {"user_id": -1}

    with pytest.raises(SdaxExecutionError) as raised:
        run(build_processor().process_tasks(context))

    assert [repr(e) for e in raised.value.leaf_exceptions()] == ["ValueError('Invalid user ID')"]
    assert context == {"user_id": -1}

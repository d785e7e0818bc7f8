"""The phases of a run, one by one."""

from typing import Any

import pytest
from readme_blocks import read_block
from sdax import AsyncTask, SdaxExecutionError, task_func
from sdax_proof import run

# `...` stands for the tasks.
BLOCK = read_block("readme_0_7/24_phase_by_phase").replace(
    "AsyncTaskProcessor.builder() ... .build()",
    "add_tasks(AsyncTaskProcessor.builder()).build()",
)


def run_block(events: list[str], *, execute_fails: bool) -> None:
    async def acquire(ctx: Any) -> None:
        events.append("acquire")

    async def work(ctx: Any) -> None:
        events.append("work")
        if execute_fails:
            raise ValueError("broken")

    async def release(ctx: Any) -> None:
        events.append("release")

    def audit_pre_phase(ctx: Any) -> None:
        events.append("audited")

    def emit_metrics(ctx: Any) -> None:
        events.append("measured")

    def log_failure(failure: BaseException) -> None:
        events.append(f"logged {failure!r}")

    def add_tasks(builder: Any) -> Any:
        resource = AsyncTask(
            "Resource", pre_execute=task_func(acquire), post_execute=task_func(release)
        )
        return builder.add_task(resource, 1).add_task(AsyncTask("Work", None, task_func(work)), 2)

    run(
        BLOCK.run_in_loop(
            add_tasks=add_tasks,
            ctx=None,
            audit_pre_phase=audit_pre_phase,
            emit_metrics=emit_metrics,
            log_failure=log_failure,
        )
    )


def test_work_between_the_phases_runs_when_its_phase_has_ended() -> None:
    events: list[str] = []

    run_block(events, execute_fails=False)

    assert events == ["acquire", "audited", "work", "measured", "release"]


def test_failures_are_looked_at_inside_the_block_and_raised_again_when_it_is_left() -> None:
    events: list[str] = []

    with pytest.raises(SdaxExecutionError) as raised:
        run_block(events, execute_fails=True)

    assert events == [
        "acquire",
        "audited",
        "work",
        "measured",
        "release",
        "logged ValueError('broken')",
    ]
    assert [repr(error) for error in raised.value.leaf_exceptions()] == ["ValueError('broken')"]

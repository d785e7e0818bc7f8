"""Looking into the error that a run raises."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor, SdaxExecutionError, task_func
from sdax_proof import run

BLOCK = read_block("readme_0_7/16_error_handling")


class CriticalError(Exception):
    """A failure that the caller must hear of."""


def failing(error: Exception) -> Any:
    async def fail(ctx: Any) -> None:
        raise error

    return task_func(fail)


def build_processor(critical: bool) -> AsyncTaskProcessor[None]:
    async def sleep(ctx: Any) -> None:
        await asyncio.sleep(60)

    execute_error = CriticalError("critical") if critical else OSError("plain")
    return (
        AsyncTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("Invalid", execute=failing(ValueError("invalid"))), 1)
        .add_task(AsyncTask("Other", execute=failing(execute_error)), 1)
        .add_task(AsyncTask("Slow", execute=task_func(sleep, timeout=1)), 1)
        .add_task(AsyncTask("Cleanup", post_execute=failing(ValueError("cleanup"))), 1)
        .build()
    )


def run_block(critical: bool) -> list[tuple[str, str]]:
    """What the block handled: (handler, text of the error)."""
    handled: list[tuple[str, str]] = []

    def handler(name: str) -> Callable[[Exception], None]:
        def handle(error: Exception) -> None:
            handled.append((name, f"{type(error).__name__}: {error}"))

        return handle

    main = BLOCK.run_in_loop(
        asyncio=asyncio,
        processor=build_processor(critical),
        ctx=None,
        handle_validation_error=handler("validation"),
        handle_timeout=handler("timeout"),
        log_exception=handler("log"),
        CriticalError=CriticalError,
    )
    if not critical:
        run(main)
    else:
        with pytest.raises(SdaxExecutionError) as raised:
            run(main)
        assert [type(error) for error in raised.value.leaf_exceptions()].count(CriticalError) == 1
    return handled


@pytest.mark.parametrize(
    ("critical", "logged"), [(False, "OSError: plain"), (True, "CriticalError: critical")]
)
def test_every_failure_of_every_phase_reaches_its_handler_once(critical: bool, logged: str) -> None:
    handled = run_block(critical)

    timeouts = [text for name, text in handled if name == "timeout"]
    assert [text.partition(":")[0] for text in timeouts] == ["TimeoutError"]
    assert [item for item in handled if item[0] != "timeout"] == [
        ("validation", "ValueError: invalid"),
        ("log", logged),
        ("validation", "ValueError: cleanup"),
    ]


def test_the_error_may_be_taken_apart_with_except_star_instead() -> None:
    taken: list[str] = []

    async def main() -> None:
        try:
            await build_processor(critical=False).process_tasks(None)
        except* ValueError as group:
            taken.extend(str(error) for error in group.exceptions)
        except* OSError as group:
            taken.append(type(group).__name__)

    run(main())

    assert taken == ["invalid", "cleanup", "SdaxExecutionError"]

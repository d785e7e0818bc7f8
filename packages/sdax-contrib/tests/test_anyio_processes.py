"""Functions in worker processes of anyio, which are killed on cancel."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from remote_work import die_the_first_time, fail, process_id, square, wait_in_vain
from sdax_contrib.anyio import on_process
from sdax_core import AsyncDagTaskProcessor, Attempt, Observer, SdaxExecutionError
from sdax_helpers import task

PATIENCE = 60
WRONG: Any = 3


@dataclass
class Work:
    file: str = ""
    result: Any = None
    reports: list[str] = field(default_factory=list[str])


class Reports(Observer):
    def __init__(self, work: Work) -> None:
        self._work = work

    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object]) -> None:
        self._work.reports.append(name)


def processor(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    def arguments(work: Work) -> tuple[Any, ...]:
        return args or ((work.file,) if work.file else ())

    made = on_process(function, args=arguments, into="result", **options)
    return AsyncDagTaskProcessor[Work].builder().add_task(task("call", execute=made)).build()


async def process_of(file: Path) -> int:
    """The process that has written its number into a file."""
    while not file.exists() or not file.read_text():  # noqa: ASYNC110, ASYNC240 - another process writes it
        await asyncio.sleep(0.01)
    return int(file.read_text())  # noqa: ASYNC240


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def run(main: Any) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await main

    asyncio.run(bounded())


def test_the_result_comes_into_the_context_and_the_process_is_kept() -> None:
    async def main() -> None:
        work = Work()
        await processor(square, 7).process_tasks(work)
        assert work.result == 49
        await processor(process_id).process_tasks(work)
        first = work.result
        await processor(process_id).process_tasks(work)
        assert work.result == first != os.getpid()

    run(main())


@pytest.mark.skipif(os.name == "nt", reason="signal 0 asks for a process on POSIX only")
@pytest.mark.parametrize("ends", ["cancel", "timeout"])
def test_a_process_is_killed_when_its_call_is_cancelled_or_times_out(
    ends: str, tmp_path: Path
) -> None:
    async def main() -> None:
        await processor(square, 7).process_tasks(Work())  # starts the worker, however long it takes
        work = Work(str(tmp_path / "pid"))
        graph = processor(wait_in_vain, timeout=3.0 if ends == "timeout" else None)
        running = asyncio.create_task(graph.process_tasks(work, observers=[Reports(work)]))
        process = await process_of(Path(work.file))
        if ends == "cancel":
            running.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await running
            error: BaseException = cancelled.value
        else:
            with pytest.raises(SdaxExecutionError) as failed:
                await running
            [error] = failed.value.leaf_exceptions()
        assert not is_alive(process)
        assert any("wait_in_vain was killed" in note for note in error.__notes__)
        assert work.reports == ["sdax.process.killed"]

    run(main())


def test_what_fails_in_the_process_is_the_failure_of_the_task(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(SdaxExecutionError) as caught:
            await processor(fail, 7).process_tasks(Work())
        [error] = caught.value.leaf_exceptions()
        assert repr(error) == "ValueError('no 7')"
        with pytest.raises(SdaxExecutionError) as caught:
            await processor(die_the_first_time).process_tasks(Work(str(tmp_path / "died")))
        [error] = caught.value.leaf_exceptions()
        assert type(error).__name__ == "BrokenWorkerProcess"

    run(main())


def test_bad_settings_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="function must be a function"):
        processor(WRONG)
    with pytest.raises(TypeError, match="into must be the name"):
        on_process(square, args=lambda _: (), into=WRONG)
    with pytest.raises(ValueError, match="into must be the name"):
        on_process(square, args=lambda _: (), into="")

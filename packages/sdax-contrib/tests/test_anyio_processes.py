"""Functions in worker processes of anyio, which are killed on cancel."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from anyio import CapacityLimiter
from remote_work import die_the_first_time, fail, process_id, square, wait_in_vain
from sdax_contrib.anyio import on_process
from sdax_core import AsyncDagTaskProcessor, Attempt, Observer, SdaxExecutionError
from sdax_helpers import task

PATIENCE = 60
WRONG: Any = 3

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(),
    reason="Linux lists the processes of a process in /proc",
)


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


def worker_processes() -> set[str]:
    """anyio's workers of this process, by their numbers."""
    found: set[str] = set()
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            with suppress(OSError):  # it has ended meanwhile
                if b"anyio.to_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.add(child)
    return found


@needs_proc
def test_a_process_that_is_only_starting_is_killed_as_well() -> None:
    async def main() -> None:
        work, before = Work(), worker_processes()
        running = asyncio.create_task(
            processor(square, 7).process_tasks(work, observers=[Reports(work)])
        )
        while not worker_processes() - before:  # noqa: ASYNC110 - it takes far longer to be ready
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        while worker_processes() - before:  # noqa: ASYNC110 - the killed process is yet to be reaped
            await asyncio.sleep(0)
        await processor(square, 7).process_tasks(work)
        assert work.result == 49

    run(main())


def test_a_call_that_waited_for_the_limiter_has_no_process_to_be_killed() -> None:
    async def main() -> None:
        work, limiter = Work(), CapacityLimiter(1)
        async with limiter:
            graph = processor(square, 7, limiter=limiter)
            running = asyncio.create_task(graph.process_tasks(work, observers=[Reports(work)]))
            while not limiter.statistics().tasks_waiting:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await running
        assert not any("was killed" in note for note in getattr(cancelled.value, "__notes__", ()))
        assert work.reports == []
        await graph.process_tasks(work)
        assert work.result == 49

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

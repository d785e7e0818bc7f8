"""Functions on a real Dask cluster with worker processes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dask.config
import pytest
from distributed import Client, LocalCluster
from remote_work import die_the_first_time, fail, square, wait_until_told_to_stop
from sdax_contrib.dask import LostWorkerError, on_dask, stop_requested
from sdax_core import AsyncDagTaskProcessor, Attempt, Observer, SdaxExecutionError, TaskFunction
from sdax_helpers import resource, task

PATIENCE = 300
WRONG: Any = 3
new_client: Any = Client  # these have no types
new_cluster: Any = LocalCluster
dask_config: Any = dask.config


@pytest.fixture(scope="module")
def cluster() -> Generator[Any, None, None]:
    """One worker process with one thread, so that a second call is queued."""
    # A busy machine takes longer to start a worker anew than the 15 seconds after which the cluster gives it up.
    with (
        dask_config.set({"distributed.deploy.lost-worker-timeout": f"{PATIENCE}s"}),
        new_cluster(
            n_workers=1,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
            resources={"GPU": 1},
        ) as made,
    ):
        yield made


@dataclass
class Work:
    address: str
    number: int = 7
    file: str = ""
    result: Any = None
    dask: Any = None
    reports: list[str] = field(default_factory=list[str])


class Reports(Observer):
    def __init__(self, work: Work) -> None:
        self._work = work

    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object]) -> None:
        self._work.reports.append(f"{attempt.call.task}: {name}")


async def client(work: Work) -> Any:
    return new_client(work.address, asynchronous=True, set_as_default=False)


def dask_of(work: Work) -> Any:
    return work.dask


def arguments(work: Work) -> tuple[Any, ...]:
    return (work.file or work.number,)


def finding(client: Any) -> Callable[[Work], Any]:
    return lambda _: client


def giving(*args: Any) -> Callable[[Work], tuple[Any, ...]]:
    return lambda _: args


def call(function: Callable[..., Any], **options: Any) -> TaskFunction[Work]:
    settings: dict[str, Any] = {"client": dask_of, "args": arguments, "into": "result"}
    return on_dask(function, **(settings | options))


def processor(**functions: TaskFunction[Work]) -> AsyncDagTaskProcessor[Work, str]:
    builder = AsyncDagTaskProcessor[Work, str].builder()
    builder = builder.add_task(resource("dask", client, into="dask"), depends_on=())
    for name, function in functions.items():
        builder = builder.add_task(task(name, execute=function), depends_on=("dask",))
    return builder.build()


def run(main: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await main

    asyncio.run(bounded())


async def content(file: Path, expected: str) -> None:
    while not file.exists() or file.read_text() != expected:  # noqa: ASYNC110, ASYNC240 - another process writes it
        await asyncio.sleep(0.01)


def test_a_function_runs_on_the_cluster_and_its_result_comes_into_the_context(cluster: Any) -> None:
    async def main() -> None:
        work = Work(cluster.scheduler_address)
        await processor(square=call(square, resources={"GPU": 1})).process_tasks(work)
        assert work.result == 49

    run(main())


def test_what_the_function_raises_is_the_failure_of_the_task(cluster: Any) -> None:
    async def main() -> None:
        with pytest.raises(SdaxExecutionError) as caught:
            await processor(fail=call(fail)).process_tasks(Work(cluster.scheduler_address))
        [failure] = caught.value.failures
        assert (failure.task, repr(failure.exception)) == ("fail", "ValueError('no 7')")

    run(main())


def test_a_call_that_runs_is_abandoned_and_asked_to_stop_and_one_that_is_queued_is_removed(
    cluster: Any, tmp_path: Path
) -> None:
    running, queued = tmp_path / "running", tmp_path / "queued"

    async def main() -> None:
        work = Work(cluster.scheduler_address)
        graph = processor(
            running=call(wait_until_told_to_stop, args=giving(str(running))),
            queued=call(wait_until_told_to_stop, args=giving(str(queued))),
        )
        begun = asyncio.create_task(graph.process_tasks(work, observers=[Reports(work)]))
        while not (running.exists() or queued.exists()):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        begun.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await begun
        ran = running if running.exists() else queued
        assert work.reports == [f"{ran.name}: sdax.dask.abandoned"]
        assert any("was abandoned" in note for note in caught.value.__notes__)
        await content(ran, "stopped")
        # The worker is free: the other one never came.
        await processor(square=call(square)).process_tasks(work)
        assert running.exists() != queued.exists()

    run(main())


def test_a_timeout_says_that_the_call_was_abandoned(cluster: Any, tmp_path: Path) -> None:
    file = tmp_path / "slow"

    async def failure_after(seconds: float) -> BaseException:
        work = Work(cluster.scheduler_address, file=str(file))
        graph = processor(slow=call(wait_until_told_to_stop, timeout=seconds))
        with pytest.raises(SdaxExecutionError) as caught:
            await graph.process_tasks(work)
        [error] = caught.value.leaf_exceptions()
        return error

    async def main() -> None:
        seconds = 0.5
        error = await failure_after(seconds)
        while not file.exists():  # a busy machine did not come to begin the call in that time
            seconds *= 2
            error = await failure_after(seconds)
        assert isinstance(error, TimeoutError)
        assert any("was abandoned" in note for note in error.__notes__)
        await content(file, "stopped")

    run(main())


def test_a_lost_worker_is_a_failure_unless_the_function_may_run_twice(
    cluster: Any, tmp_path: Path
) -> None:
    async def main() -> None:
        work = Work(cluster.scheduler_address, file=str(tmp_path / "once"))
        with pytest.raises(SdaxExecutionError) as caught:
            await processor(die=call(die_the_first_time)).process_tasks(work)
        [error] = caught.value.leaf_exceptions()
        assert isinstance(error, LostWorkerError)

        work.file = str(tmp_path / "twice")
        await processor(die=call(die_the_first_time, idempotent=True)).process_tasks(work)
        assert work.result == "second time"

    run(main())


def test_a_client_that_would_block_the_event_loop_is_refused(cluster: Any) -> None:
    async def main(blocking: Any) -> None:
        work = Work(cluster.scheduler_address)
        for wrong in (blocking, None):
            with pytest.raises(SdaxExecutionError) as caught:
                await processor(square=call(square, client=finding(wrong))).process_tasks(work)
            [failure] = caught.value.failures
            assert failure.task == "square"
            assert "client must be an asynchronous one" in str(failure.exception)

    with new_client(cluster.scheduler_address, set_as_default=False) as blocking:
        run(main(blocking))


def test_outside_a_call_nobody_asks_to_stop() -> None:
    assert stop_requested() is False


def test_bad_settings_are_refused_at_once() -> None:
    with pytest.raises(TypeError, match="client must be a function"):
        call(square, client=WRONG)
    with pytest.raises(TypeError, match="args must be a function"):
        call(square, args=WRONG)
    with pytest.raises(ValueError, match="into must be the name"):
        call(square, into="")

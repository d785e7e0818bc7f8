"""Guarantee 31: the run as its own functions see it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from guarantee_support import KINDS, Run, ended
from guarantee_support.graphs import calls, processor_of, task
from sdax_core import (
    AsyncPhaseRunner,
    Attempt,
    PhaseId,
    RunHandle,
    SdaxExecutionError,
    SdaxTaskGroup,
    TaskFunction,
    current_run,
)

PHASES = ("pre_execute", "execute", "post_execute")
WITH_THREADS = {"asyncio": asyncio.run, "uvloop": KINDS[-1].run}
"""The virtual clock does not wait for threads."""


async def ask_directly(found: list[RunHandle]) -> None:
    found.append(current_run())


async def ask_after_waiting(found: list[RunHandle]) -> None:
    await asyncio.sleep(0)
    found.append(current_run())


async def ask_in_a_task(found: list[RunHandle]) -> None:
    await asyncio.create_task(ask_directly(found))


async def ask_in_a_task_group(found: list[RunHandle]) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(ask_after_waiting(found))


async def ask_in_a_callback(found: list[RunHandle]) -> None:
    asyncio.get_running_loop().call_soon(lambda: found.append(current_run()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@pytest.mark.guarantee("31.1")
@pytest.mark.parametrize(
    "ask", [ask_directly, ask_after_waiting, ask_in_a_task, ask_in_a_task_group, ask_in_a_callback]
)
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, {"retries": 1}], ids=str)
def test_it_is_found_in_every_phase_and_in_what_a_function_starts(
    run_anywhere: Run,
    ask: Callable[[list[RunHandle]], Awaitable[None]],
    settings: dict[str, Any],
) -> None:
    found: list[RunHandle] = []
    seen: list[PhaseId] = []

    async def function(_: object) -> None:
        await ask(found)
        seen.append(found[-1].phase)

    tasks = (
        task(key, settings, pre_execute=function, execute=function, post_execute=function)
        for key in ("a", "b")
    )
    run_anywhere(processor_of(*tasks).process_tasks(None))

    assert seen == [PhaseId(phase) for phase in PHASES for _ in "ab"]
    assert all(handle is found[0] for handle in found)


@pytest.mark.guarantee("31.1")
def test_it_is_found_in_the_subtasks_of_the_task_group(run_anywhere: Run) -> None:
    found: list[RunHandle] = []

    async def function(_: object, group: SdaxTaskGroup) -> None:
        group.create_task(ask_after_waiting(found))
        group.create_task(ask_directly(found))

    grouped = TaskFunction(function, has_task_group_argument=True)
    run_anywhere(processor_of(task("a", execute=grouped)).process_tasks(None))

    assert len(found) == 2
    assert found[0] is found[1]


@pytest.mark.guarantee("31.1")
@pytest.mark.parametrize("loop", WITH_THREADS)
def test_it_is_found_in_a_thread_that_is_given_the_context(loop: str) -> None:
    found: list[RunHandle] = []

    async def function(_: object) -> None:
        found.append(await asyncio.to_thread(current_run))
        found.append(current_run())

    run_with_threads: Run = WITH_THREADS[loop]
    run_with_threads(processor_of(task("a", execute=function)).process_tasks(None))

    assert found[0] is found[1]


@pytest.mark.guarantee("31.1")
def test_it_is_found_in_predicates_and_interceptors(run_anywhere: Run) -> None:
    found: list[RunHandle] = []

    def when(_: object) -> bool:
        found.append(current_run())
        return True

    async def interceptor(attempt: Attempt, proceed: Callable[[], Awaitable[Any]]) -> None:
        found.append(current_run())
        await proceed()
        found.append(current_run())
        assert attempt.call.run is found[0]

    one = task("a", {"interceptors": [interceptor]}, execute=ask_of(found), when=when)
    run_anywhere(processor_of(one).process_tasks(None))

    assert len(found) == 4
    assert all(handle is found[0] for handle in found)


def ask_of(found: list[RunHandle]) -> Callable[[object], Any]:
    return calls(lambda: found.append(current_run()))


OUTSIDE = r"^current_run\(\) was called outside a run: only functions of tasks have one$"


@pytest.mark.guarantee("31.2")
def test_outside_a_run_it_is_a_lookup_error(run_anywhere: Run) -> None:
    async def main() -> None:
        with pytest.raises(LookupError, match=OUTSIDE):
            current_run()
        await processor_of(task("a", execute=ask_of([]))).process_tasks(None)
        with pytest.raises(LookupError, match=OUTSIDE):
            current_run()

    run_anywhere(main())
    with pytest.raises(LookupError, match=OUTSIDE):
        current_run()


@pytest.mark.guarantee("31.2")
def test_the_body_of_an_open_block_is_outside(run_anywhere: Run) -> None:
    async def main() -> None:
        one = task("a", pre_execute=ask_of([]), execute=ask_of([]))
        async with processor_of(one).open(None) as runner:
            while await runner.run_next():
                with pytest.raises(LookupError, match=OUTSIDE):
                    current_run()

    run_anywhere(main())


@pytest.mark.guarantee("31.2")
def test_in_the_body_of_an_open_block_within_a_function_it_is_the_run_of_that_function(
    run_anywhere: Run,
) -> None:
    inner: list[RunHandle] = []
    outer: list[RunHandle] = []

    async def open_another(_: object) -> None:
        outer.append(current_run())
        async with processor_of(task("b", pre_execute=ask_of(inner), execute=ask_of(inner))).open(
            None
        ) as runner:
            outer.append(current_run())
            while await runner.run_next():
                outer.append(current_run())
        outer.append(current_run())

    run_anywhere(processor_of(task("a", execute=open_another)).process_tasks(None))

    assert len(set(map(id, outer))) == len(set(map(id, inner))) == 1
    assert inner[0] is not outer[0]
    assert inner[0].parent is None


@pytest.mark.guarantee("31.3")
def test_inside_a_nested_run_it_is_the_inner_one_which_knows_what_it_is_nested_in(
    run_anywhere: Run,
) -> None:
    inner: list[RunHandle] = []
    outer: list[RunHandle] = []
    nested = processor_of(
        task("b", pre_execute=ask_of(inner), execute=ask_of(inner), post_execute=ask_of(inner))
    )
    runners: list[AsyncPhaseRunner[Any, Any]] = []

    async def pre_execute(_: object) -> None:
        outer.append(current_run())
        runners.append(current_run().nest("a", nested, None))
        await runners[0].run_next()
        outer.append(current_run())

    async def go_on(_: object) -> None:
        outer.append(current_run())
        await runners[0].run_next()
        outer.append(current_run())

    run_anywhere(
        processor_of(
            task("a", pre_execute=pre_execute, execute=go_on, post_execute=go_on)
        ).process_tasks(None)
    )

    assert len(outer) == 6
    assert all(handle is outer[0] for handle in outer)
    assert len(inner) == 3
    assert all(handle is inner[0] for handle in inner)
    assert inner[0].parent is outer[0]
    assert inner[0].path == ("a",)
    assert outer[0].parent is None
    assert outer[0].path == ()


@pytest.mark.guarantee("31.4")
def test_runs_at_once_each_have_their_own(run_anywhere: Run) -> None:
    found: dict[str, list[RunHandle]] = {"one": [], "two": []}

    async def function(ctx: str) -> None:
        found[ctx].append(current_run())
        await asyncio.sleep(0)
        found[ctx].append(current_run())

    async def fail(ctx: str) -> None:
        if ctx == "one":
            raise OSError("one fails")

    processor = processor_of(task("a", pre_execute=function, execute=fail, post_execute=function))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for ctx in found:
                group.create_task(ended(processor.process_tasks(ctx)))

    run_anywhere(main())

    (one, *ones), (two, *twos) = found.values()
    assert len(ones) == len(twos) == 3
    assert all(handle is one for handle in ones)
    assert all(handle is two for handle in twos)
    assert one is not two
    assert one.id != two.id
    assert (one.outcome, two.outcome) == ("failed", "succeeded")


@pytest.mark.guarantee("31.5")
def test_the_id_is_a_text_that_stays_and_that_no_other_run_has(run_anywhere: Run) -> None:
    found: list[RunHandle] = []
    processor = processor_of(
        task("a", pre_execute=ask_of(found), execute=calls(lambda: ids.append(current_run().id)))
    )
    ids: list[str] = []

    async def main() -> None:
        for _ in range(100):
            await processor.process_tasks(None)

    run_anywhere(main())

    assert ids == [handle.id for handle in found]
    assert all(ids)
    assert len(set(ids)) == 100


@pytest.mark.guarantee("31.6")
def test_the_phase_is_the_one_that_was_begun_most_recently(run_anywhere: Run) -> None:
    found: list[RunHandle] = []
    function = ask_of(found)

    async def main() -> None:
        everything = task("a", pre_execute=function, execute=function, post_execute=function)
        async with processor_of(everything).open(None) as runner:
            phases: list[str] = []
            while True:
                remains = await runner.run_next()
                phases.append(found[0].phase)
                if not remains:
                    break
            assert phases == list(PHASES)
        assert found[0].phase is PhaseId.POST_EXEC

    run_anywhere(main())


@pytest.mark.guarantee("31.11")
def test_it_can_be_kept_and_read_when_the_run_has_ended(run_anywhere: Run) -> None:
    found: list[RunHandle] = []
    error = OSError("no")

    async def fail(_: object) -> None:
        found.append(current_run())
        raise error

    async def main() -> None:
        with suppress(Exception):
            await processor_of(task("a", execute=fail)).process_tasks(None, timeout=5)
        handle = found[0]
        assert handle.outcome == "failed"
        assert [failure.exception for failure in handle.failures] == [error]
        ending = handle.exception()
        assert isinstance(ending, SdaxExecutionError)
        assert ending.exceptions == (error,)
        assert handle.phase is PhaseId.POST_EXEC
        assert handle.cancel_cause is None
        assert handle.id
        assert repr(handle) == "RunHandle(post_execute, failed, 1 failures)"

    run_anywhere(main())

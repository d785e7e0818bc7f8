"""Guarantee 39: why a function was cancelled."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import processor_of, task
from sdax_core import (
    AsyncDagTaskProcessor,
    CancelCause,
    SdaxExecutionError,
    TaskFunction,
    current_run,
)

Processor = AsyncDagTaskProcessor[Any, Any]
KEY = ("db", 1)
ERROR = OSError("no")
INTERRUPT = KeyboardInterrupt()


async def fail_at_5(_: object) -> None:
    await asyncio.sleep(5)
    raise ERROR


async def interrupt_at_5(_: object) -> None:
    await asyncio.sleep(5)
    raise INTERRUPT


async def die_at_5(_: object) -> None:
    await asyncio.sleep(5)
    current_run().fail(KEY, ERROR)


async def wait(_: object) -> None:
    await asyncio.sleep(60)


@dataclass(frozen=True)
class Case:
    """A way for functions of a phase to be cancelled after 5 s."""

    kind: str
    message: str
    phases: tuple[str, ...] = ("pre_execute", "execute", "post_execute")
    function: Callable[[object], Any] = wait
    """What `KEY` does in that phase."""
    task: object = None
    error: BaseException | None = None
    cancelled_at: tuple[float, ...] = ()
    timeout: float | None = None
    cleanup_timeout: float | None = None


FAILED = "sdax: task ('db', 1) failed"
BEFORE_CLEANUP = ("pre_execute", "execute")
CASES = {
    "caller": Case("caller", "sdax: the caller of the run was cancelled", cancelled_at=(5,)),
    "deadline": Case("deadline", "sdax: the run reached its deadline", BEFORE_CLEANUP, timeout=5),
    "failure": Case("failure", FAILED, BEFORE_CLEANUP, fail_at_5, KEY, ERROR),
    "interrupt": Case("failure", FAILED, function=interrupt_at_5, task=KEY, error=INTERRUPT),
    "cleanup timeout": Case(
        "cleanup timeout",
        "sdax: the run reached its cleanup_timeout",
        ("post_execute",),
        cleanup_timeout=5,
    ),
    "resource": Case(
        "resource", "sdax: the resource ('db', 1) died", BEFORE_CLEANUP, die_at_5, KEY, ERROR
    ),
}
EVERY_CASE = pytest.mark.parametrize(
    ("name", "phase"), [(name, phase) for name, case in CASES.items() for phase in case.phases]
)


def graph(case: Case, phase: str, victim: Any) -> Processor:
    culprit: dict[str, Any] = {phase: case.function}
    functions: dict[str, Any] = {phase: victim}
    return processor_of(
        task(KEY, **culprit),
        task("victim", **functions),
        on_execute_error="cancel",
        cleanup_timeout=case.cleanup_timeout,
    )


def coroutine(case: Case, processor: Processor, log: EventLog | None = None) -> Any:
    return ended_after_cancels(
        processor.process_tasks(None, timeout=case.timeout, observers=[log] if log else []),
        *case.cancelled_at,
    )


def shown(cause: CancelCause | None) -> tuple[object, ...]:
    assert cause is not None
    return (cause.kind, cause.task, cause.error)


@pytest.mark.guarantee("39.1", "39.2", "39.4")
@EVERY_CASE
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, {"retries": 3}], ids=str)
def test_the_cancelled_error_says_it_and_the_run_knows_it(
    run: Run, name: str, phase: str, settings: dict[str, Any]
) -> None:
    case = CASES[name]
    seen: list[tuple[object, ...]] = []

    async def victim(_: object) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            seen.append(error.args)
            seen.append(shown(current_run().cancel_cause))
            raise

    run(coroutine(case, graph(case, phase, TaskFunction(victim, **settings))))

    assert seen == [(case.message,), (case.kind, case.task, case.error)]


@pytest.mark.guarantee("39.3")
@EVERY_CASE
def test_the_report_of_the_function_says_it(run: Run, name: str, phase: str) -> None:
    case, log = CASES[name], EventLog()

    run(coroutine(case, graph(case, phase, wait), log))

    call = log.call("victim", phase)
    assert call.outcome == "cancelled"
    assert shown(call.cancel_cause) == (case.kind, case.task, case.error)
    assert str(call.cancel_cause) == case.message
    assert repr(call.cancel_cause) == f"CancelCause({case.kind!r}, {case.task!r}, {case.error!r})"


@pytest.mark.guarantee("39.3")
@pytest.mark.parametrize(
    ("name", "phase"),
    [
        (name, phase)
        for name, case in CASES.items()
        if name != "deadline"  # nobody waits past it
        for phase in case.phases
    ],
)
def test_so_it_is_with_a_function_that_waits_to_be_retried(run: Run, name: str, phase: str) -> None:
    class Late:
        def decide(self, *_: object) -> float:
            return 60

    async def flaky(_: object) -> None:
        raise TimeoutError

    case, log = CASES[name], EventLog()
    victim = TaskFunction(flaky, retry=Late())

    run(coroutine(case, graph(case, phase, victim), log))

    assert shown(log.call("victim", phase).cancel_cause) == (case.kind, case.task, case.error)


@pytest.mark.guarantee("39.3", "39.4")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
def test_what_was_not_cancelled_has_no_cause(run: Run, phase: str) -> None:
    log = EventLog()

    async def quick(_: object) -> None: ...

    async def fail(_: object) -> None:
        raise ERROR

    for function in (quick, fail):
        functions: dict[str, Any] = {phase: function}
        run(ended(processor_of(task("a", **functions)).process_tasks(None, observers=[log])))

    assert [call.outcome for call in log.calls] == ["succeeded", "failed"]
    assert [call.cancel_cause for call in log.calls] == [None, None]
    succeeded, failed = log.runs
    assert succeeded.cancel_cause is None
    if phase == "pre_execute":  # that stops the phase, whether there is anything to cancel or not
        assert shown(failed.cancel_cause) == ("failure", "a", ERROR)
    else:
        assert failed.cancel_cause is None


@pytest.mark.guarantee("39.4")
@pytest.mark.parametrize("name", ["deadline", "failure", "resource", "interrupt"])
def test_the_first_cause_of_a_run_stays(run: Run, name: str) -> None:
    case, log = CASES[name], EventLog()
    seen: list[tuple[object, ...]] = []

    async def stop_slowly(_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(4)

    async def look(_: object) -> None:
        seen.append(shown(current_run().cancel_cause))

    culprit: dict[str, Any] = {"execute": case.function}
    processor = processor_of(
        task(KEY, **culprit),
        task("victim", execute=stop_slowly, post_execute=look),
        on_execute_error="cancel",
    )
    run(
        ended_after_cancels(processor.process_tasks(None, timeout=case.timeout, observers=[log]), 7)
    )

    assert seen == [(case.kind, case.task, case.error)]
    assert shown(log.call("victim").cancel_cause) == seen[0]


@pytest.mark.guarantee("39.3", "39.4")
def test_a_cleanup_that_is_cancelled_has_the_cause_of_its_own(run: Run) -> None:
    log = EventLog()
    seen: list[tuple[object, ...]] = []

    async def clean_up(_: object) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            seen.append(error.args)
            seen.append(shown(current_run().cancel_cause))
            raise

    processor = processor_of(
        task("a", pre_execute=fail_at_5, post_execute=clean_up), task("b", pre_execute=wait)
    )
    run(ended_after_cancels(processor.process_tasks(None, observers=[log]), 9))

    assert seen == [("sdax: the caller of the run was cancelled",), ("failure", "a", ERROR)]
    assert shown(log.call("b", "pre_execute").cancel_cause) == ("failure", "a", ERROR)
    assert shown(log.call("a", "post_execute").cancel_cause) == ("caller", None, None)


@pytest.mark.guarantee("39.3")
def test_past_cleanup_timeout_one_that_was_cancelled_before_was_cancelled_last_for_that(
    run: Run, journal: Journal
) -> None:
    log = EventLog()

    async def stop_slowly() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(60)

    processor = processor_of(
        task("a", post_execute=journal.does("a", stop_slowly)), cleanup_timeout=5
    )
    run(ended_after_cancels(processor.process_tasks(None, observers=[log]), 3))

    assert journal.timed == [(0, "a"), (5, "a cancelled")]
    assert shown(log.call("a", "post_execute").cancel_cause) == ("cleanup timeout", None, None)


@pytest.mark.guarantee("39.5")
@pytest.mark.parametrize("name", ["caller", "deadline", "failure", "resource", "interrupt"])
def test_inside_a_nested_run_it_is_the_cause_of_the_run_around_it(run: Run, name: str) -> None:
    case, log = CASES[name], EventLog()
    seen: list[tuple[object, ...]] = []

    async def victim(_: object) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            seen.append(error.args)
            raise

    async def nest(_: object) -> None:
        inner = current_run().nest("outer", processor_of(task("inner", pre_execute=victim)), None)
        await inner.run_next()

    run(coroutine(case, graph(case, "execute", nest), log))

    assert seen == [(case.message,)]
    (call,) = (call for call in log.calls if call.path == ("outer", "inner"))
    assert shown(call.cancel_cause) == (case.kind, case.task, case.error)


@pytest.mark.guarantee("39.1")
def test_a_failure_beside_which_nothing_is_cancelled_has_no_cause(run: Run) -> None:
    seen: list[CancelCause | None] = []

    async def look(_: object) -> None:
        await asyncio.sleep(9)
        seen.append(current_run().cancel_cause)

    processor = processor_of(task("a", execute=fail_at_5), task("b", execute=look))

    assert isinstance(run(ended(processor.process_tasks(None))), SdaxExecutionError)
    assert seen == [None]

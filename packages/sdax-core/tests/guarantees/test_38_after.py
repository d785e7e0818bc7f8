"""Guarantee 38: `after(key)` only orders."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import processor_of, task
from sdax_core import SdaxExecutionError, after

ERROR = OSError("no")
BEFORE_CLEANUP = ("pre_execute", "execute")
OBSERVED = pytest.mark.parametrize("observed", [False, True], ids=["", "observed"])


def begun(journal: Journal) -> list[tuple[float, str]]:
    return [(time, event) for time, event in journal.timed if " " not in event]


@pytest.mark.guarantee("38.8")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
@pytest.mark.parametrize("error", [None, ERROR], ids=["well", "badly"])
@pytest.mark.parametrize("on_execute_error", ["continue", "cancel"])
@OBSERVED
def test_what_comes_after_an_optional_task_waits_until_that_has_ended_and_runs(
    run: Run,
    journal: Journal,
    phase: str,
    error: Exception | None,
    on_execute_error: str,
    observed: bool,
) -> None:
    def one(name: str, seconds: float, error: Exception | None = None, **settings: Any) -> Any:
        functions: dict[str, Any] = {phase: journal.takes(name, seconds, error)}
        return task(name, **functions, **settings)

    processor = processor_of(
        one("weak", 2, error, optional=True),
        (one("a", 1), after("weak")),
        (one("b", 1), "a"),
        (task("join"), after("weak")),
        (one("c", 1), "join"),
        execute_order="dependencies",
        on_execute_error=on_execute_error,
    )

    run(processor.process_tasks(None, observers=[EventLog()] if observed else []))

    assert begun(journal) == [(0, "weak"), (2, "a"), (2, "c"), (3, "b")]


@pytest.mark.guarantee("38.8")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
def test_it_waits_for_its_other_dependencies_too(run: Run, journal: Journal, phase: str) -> None:
    def one(name: str, seconds: float, error: Exception | None = None, **settings: Any) -> Any:
        functions: dict[str, Any] = {phase: journal.takes(name, seconds, error)}
        return task(name, **functions, **settings)

    processor = processor_of(
        one("weak", 1, ERROR, optional=True),
        one("slow", 3),
        (one("a", 1), after("weak"), "slow"),
        (one("b", 1), after("weak"), after("slow")),
        execute_order="dependencies",
    )

    run(processor.process_tasks(None))

    assert begun(journal) == [(0, "weak"), (0, "slow"), (3, "a"), (3, "b")]


@pytest.mark.guarantee("38.8")
@pytest.mark.parametrize("phase", BEFORE_CLEANUP)
@OBSERVED
def test_it_runs_after_one_that_was_skipped(
    run: Run, journal: Journal, phase: str, observed: bool
) -> None:
    def one(name: str, seconds: float, error: Exception | None = None, **settings: Any) -> Any:
        functions: dict[str, Any] = {phase: journal.takes(name, seconds, error)}
        return task(name, **functions, **settings)

    processor = processor_of(
        (one("after both", 1), after("near"), after("far")),
        one("weak", 2, ERROR, optional=True),
        (one("near", 1, optional=True), "weak"),
        (one("far", 1, optional=True), "near"),
        (one("after near", 1), after("near")),
        (one("after far", 1), after("far")),
        (one("next", 1), "after far"),
        execute_order="dependencies",
    )

    run(processor.process_tasks(None, observers=[EventLog()] if observed else []))

    starts = [(time, event) for time, event in journal.timed if "ended" not in event]
    assert [start for start in starts if "raised" not in start[1]] == [
        (0, "weak"),
        (2, "after both"),
        (2, "after near"),
        (2, "after far"),
        (3, "next"),
    ]


@pytest.mark.guarantee("38.8")
@pytest.mark.parametrize("order", ["together", "dependencies"])
def test_after_one_that_failed_in_pre_execute_all_phases_run(
    run: Run, journal: Journal, order: str
) -> None:
    processor = processor_of(
        task(
            "weak",
            pre_execute=journal.takes("weak", 1, ERROR),
            execute=journal.quick("weak-works"),
            optional=True,
        ),
        (
            task(
                "a",
                pre_execute=journal.quick("a"),
                execute=journal.quick("a-works"),
                post_execute=journal.quick("~a"),
            ),
            after("weak"),
        ),
        execute_order=order,
    )

    run(processor.process_tasks(None))

    assert begun(journal) == [(0, "weak"), (1, "a"), (1, "a-works"), (1, "~a")]


@pytest.mark.guarantee("38.8")
def test_it_is_begun_within_max_concurrency(run: Run, journal: Journal) -> None:
    processor = processor_of(
        task("weak", pre_execute=journal.takes("weak", 1, ERROR), optional=True),
        *(
            (task(name, pre_execute=journal.takes(name, 2)), after("weak"))
            for name in ("a", "b", "c")
        ),
        max_concurrency=2,
    )

    run(processor.process_tasks(None))

    assert begun(journal) == [(0, "weak"), (1, "a"), (1, "b"), (3, "c")]


@pytest.mark.guarantee("38.9")
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
def test_after_a_required_task_it_orders(run: Run, journal: Journal, phase: str) -> None:
    def one(name: str) -> Any:
        functions: dict[str, Any] = {phase: journal.takes(name, 2)}
        return task(name, **functions)

    processor = processor_of((one("a"), after("b")), one("b"), execute_order="dependencies")

    run(processor.process_tasks(None))

    first, second = ("a", "b") if phase == "post_execute" else ("b", "a")
    assert begun(journal) == [(0, first), (2, second)]


@pytest.mark.guarantee("38.9")
def test_after_a_required_task_that_fails_in_pre_execute_nothing_begins(
    run: Run, journal: Journal
) -> None:
    processor = processor_of(
        task("b", pre_execute=journal.takes("b", 1, ERROR)),
        (task("a", pre_execute=journal.quick("a"), post_execute=journal.quick("~a")), after("b")),
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.skipped == ()
    assert begun(journal) == [(0, "b")]


@pytest.mark.guarantee("38.9")
@OBSERVED
def test_after_a_required_task_that_fails_in_execute_it_runs(
    run: Run, journal: Journal, observed: bool
) -> None:
    processor = processor_of(
        task("b", execute=journal.takes("b", 1, ERROR)),
        (task("ordinary", execute=journal.quick("ordinary")), "b"),
        (task("a", execute=journal.quick("a")), after("b")),
        (task("c", execute=journal.quick("c")), after("ordinary")),
        execute_order="dependencies",
    )

    ending = run(ended(processor.process_tasks(None, observers=[EventLog()] if observed else [])))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (ERROR,)
    assert ending.skipped == ("ordinary",)
    assert begun(journal) == [(0, "b"), (1, "a"), (1, "c")]


@pytest.mark.guarantee("38.9")
def test_if_that_failure_is_to_cancel_it_does_not_run(run: Run, journal: Journal) -> None:
    processor = processor_of(
        task("b", execute=journal.takes("b", 1, ERROR)),
        (task("a", execute=journal.quick("a"), post_execute=journal.quick("~a")), after("b")),
        execute_order="dependencies",
        on_execute_error="cancel",
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert begun(journal) == [(0, "b"), (1, "~a")]


@pytest.mark.guarantee("38.8")
def test_a_cancel_keeps_it_from_beginning(run: Run, journal: Journal) -> None:
    processor = processor_of(
        task("weak", pre_execute=journal.takes("weak", 60, ERROR), optional=True),
        (
            task("a", pre_execute=journal.quick("a"), post_execute=journal.quick("~a")),
            after("weak"),
        ),
    )

    run(ended_after_cancels(processor.process_tasks(None), 5))

    assert begun(journal) == [(0, "weak")]


@pytest.mark.guarantee("38.6", "38.8")
def test_a_failing_stop_of_an_optional_task_does_not_let_it_begin(
    run: Run, journal: Journal
) -> None:
    async def fail_in_stopping() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise ERROR

    processor = processor_of(
        task(
            "weak",
            pre_execute=journal.does("weak", fail_in_stopping),
            post_execute=journal.quick("~weak"),
            optional=True,
        ),
        (
            task("a", pre_execute=journal.quick("a"), post_execute=journal.quick("~a")),
            after("weak"),
        ),
        task("b", pre_execute=journal.takes("b", 2, ValueError())),
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert [failure.task for failure in ending.failures] == ["b"]
    assert begun(journal) == [(0, "weak"), (0, "b"), (2, "~weak")]

"""Guarantee 37: tasks that take part only if their `when` says so."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from guarantee_support.event_log import EventLog
from guarantee_support.graphs import no, processor_of, task, yes
from sdax_core import PhaseId, SdaxExecutionError, TaskFunction, after, current_run

PHASES = ("pre_execute", "execute", "post_execute")


def asking(journal: Journal, answer: object) -> Callable[[Any], Any]:
    def when(ctx: object) -> object:
        journal.write(f"asked in {current_run().phase} about {ctx}")
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return when


def with_phases(journal: Journal, phases: tuple[str, ...], **settings: Any) -> Any:
    functions: dict[str, Any] = {phase: journal.quick(phase) for phase in phases}
    return task("a", **functions, **settings)


COMBINATIONS = [
    ("pre_execute",),
    ("execute",),
    ("post_execute",),
    ("pre_execute", "execute"),
    ("pre_execute", "post_execute"),
    ("execute", "post_execute"),
    PHASES,
]


@pytest.mark.guarantee("37.2")
@pytest.mark.parametrize("phases", COMBINATIONS, ids="-".join)
@pytest.mark.parametrize("observed", [False, True])
def test_it_is_asked_once_with_the_context_when_the_first_function_would_start(
    run_anywhere: Run, journal: Journal, phases: tuple[str, ...], observed: bool
) -> None:
    one = with_phases(journal, phases, when=asking(journal, True))

    observers = [EventLog()] if observed else []
    run_anywhere(processor_of(one).process_tasks("ctx", observers=observers))

    assert journal.events == [f"asked in {phases[0]} about ctx", *phases]


@pytest.mark.guarantee("37.2")
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
def test_it_is_asked_when_what_it_depends_on_is_done(
    run: Run, journal: Journal, phase: str
) -> None:
    first: dict[str, Any] = {phase: journal.takes("first", 3)}
    second: dict[str, Any] = {phase: journal.quick("second")}
    processor = processor_of(
        task("first", **first),
        (task("second", **second, when=asking(journal, True)), "first"),
        execute_order="dependencies",
    )

    run(processor.process_tasks("it"))

    assert journal.timed == [
        (0, "first"),
        (3, "first ended"),
        (3, f"asked in {phase} about it"),
        (3, "second"),
    ]


@pytest.mark.guarantee("37.2")
def test_a_task_that_is_never_reached_is_not_asked(run_anywhere: Run, journal: Journal) -> None:
    processor = processor_of(
        task("a", pre_execute=journal.fails("fails", OSError())),
        (task("b", pre_execute=journal.quick("b"), when=asking(journal, True)), "a"),
        task("c", execute=journal.quick("c"), when=asking(journal, True)),
    )

    run_anywhere(ended(processor.process_tasks("it")))

    assert journal.events == ["fails"]


@pytest.mark.guarantee("37.2")
def test_each_run_asks_anew(run_anywhere: Run, journal: Journal) -> None:
    processor = processor_of(task("a", execute=journal.quick("a"), when=bool))

    async def main() -> None:
        for wanted in (1, 0, 1):
            await processor.process_tasks(wanted)

    run_anywhere(main())

    assert journal.events == ["a", "a"]


@pytest.mark.guarantee("37.2")
def test_it_is_asked_once_however_often_the_function_is_tried(
    run_anywhere: Run, journal: Journal
) -> None:
    errors = [TimeoutError(), TimeoutError()]

    async def flaky(_: object) -> None:
        journal.write("attempt")
        if errors:
            raise errors.pop()

    function = TaskFunction(flaky, retries=2, initial_delay=0.0)
    run_anywhere(
        processor_of(task("a", execute=function, when=asking(journal, True))).process_tasks("it")
    )

    assert journal.events == ["asked in execute about it", "attempt", "attempt", "attempt"]


@pytest.mark.guarantee("37.3", "37.5")
@pytest.mark.parametrize("phases", COMBINATIONS, ids="-".join)
@pytest.mark.parametrize("answer", [False, 0, None, ""], ids=repr)
def test_if_it_says_no_nothing_of_the_task_runs_and_the_run_ends_well(
    run_anywhere: Run, journal: Journal, phases: tuple[str, ...], answer: object
) -> None:
    log = EventLog()
    one = with_phases(journal, phases, when=asking(journal, answer))

    async def main() -> None:
        async with processor_of(one).open("ctx", observers=[log]) as runner:
            while await runner.run_next():
                pass
            assert runner.skipped() == ("a",)
            assert not runner.has_failures()

    run_anywhere(main())

    assert journal.events == [f"asked in {phases[0]} about ctx"]
    assert log.named("task_skipped") == [("task_skipped", "a", phases[0], "when")]
    assert log.calls == []
    assert log.events[-1] == ("run_ended", "succeeded")


@pytest.mark.guarantee("37.5")
def test_an_error_lists_it(run_anywhere: Run, journal: Journal) -> None:
    processor = processor_of(
        task("off 2", pre_execute=journal.quick("off"), when=no),
        task("fails", execute=journal.fails("fails", OSError())),
        (task("on fails", execute=journal.quick("on fails")), "fails"),
        task("off 1", execute=journal.quick("off"), when=no),
        task("on", execute=journal.quick("on"), when=yes),
        execute_order="dependencies",
    )

    ending = run_anywhere(ended(processor.process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.skipped == ("off 2", "on fails", "off 1")
    assert journal.events == ["fails", "on"]


@pytest.mark.guarantee("37.4")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("observed", [False, True])
def test_it_counts_as_passed(run: Run, journal: Journal, phase: str, observed: bool) -> None:
    def one(name: str, **settings: Any) -> Any:
        functions: dict[str, Any] = {phase: journal.takes(name, 2)}
        return task(name, **functions, **settings)

    processor = processor_of(
        one("a"),
        (one("off", when=no), "a"),
        (one("b"), "off"),
        (one("c"), after("off")),
        execute_order="dependencies",
    )
    run(processor.process_tasks(None, observers=[EventLog()] if observed else []))

    first, then = (["b", "c"], ["a"]) if phase == "post_execute" else (["a"], ["b", "c"])
    assert [entry for entry in journal.timed if not entry[1].endswith("ended")] == [
        *((0, name) for name in first),
        *((2, name) for name in then),
    ]


@pytest.mark.guarantee("37.6")
@pytest.mark.parametrize("phases", COMBINATIONS, ids="-".join)
@pytest.mark.parametrize("observed", [False, True])
def test_one_that_raises_is_the_failure_of_the_task_and_nothing_of_it_runs(
    run_anywhere: Run, journal: Journal, phases: tuple[str, ...], observed: bool
) -> None:
    error = TimeoutError("which would be retried")
    functions: dict[str, Any] = {
        phase: journal.quick(phase, retries=2, initial_delay=0.0) for phase in phases
    }
    processor = processor_of(
        task("a", **functions, when=asking(journal, error)),
        task("b", post_execute=journal.quick("clean up")),
    )

    ending = run_anywhere(
        ended(processor.process_tasks("it", observers=[EventLog()] if observed else []))
    )

    assert isinstance(ending, SdaxExecutionError)
    (failure,) = ending.failures
    assert failure.exception is error
    assert (failure.task, failure.phase, failure.attempts) == ("a", phases[0], 1)
    assert ending.skipped == ()
    assert journal.events == [f"asked in {phases[0]} about it", "clean up"]


@pytest.mark.guarantee("37.6")
def test_one_that_raises_in_pre_execute_stops_the_phase(run: Run, journal: Journal) -> None:
    processor = processor_of(
        task("slow", pre_execute=journal.takes("slow", 60), post_execute=journal.quick("~slow")),
        task("first", pre_execute=journal.takes("first", 2)),
        (task("a", pre_execute=journal.quick("a"), when=asking(journal, OSError())), "first"),
        (task("b", pre_execute=journal.quick("b")), "a"),
        task("c", execute=journal.quick("c")),
    )

    run(ended(processor.process_tasks("it")))

    assert journal.timed == [
        (0, "slow"),
        (0, "first"),
        (2, "first ended"),
        (2, "asked in pre_execute about it"),
        (2, "slow cancelled"),
        (2, "~slow"),
    ]


class Undecided:
    """An answer that is neither yes nor no."""

    def __bool__(self) -> bool:
        raise ArithmeticError("neither")


def undecided(_: object) -> Any:
    return Undecided()


async def later() -> bool:
    return True


def coroutine(_: object) -> Any:
    return later()


def future(_: object) -> Any:
    return asyncio.get_running_loop().create_future()


@pytest.mark.guarantee("37.6")
@pytest.mark.parametrize(
    ("when", "kind", "message"),
    [
        (
            coroutine,
            TypeError,
            "task 'a': when returned coroutine, which nobody would await; make it a plain function",
        ),
        (
            future,
            TypeError,
            "task 'a': when returned Future, which nobody would await; make it a plain function",
        ),
        (undecided, ArithmeticError, "neither"),
    ],
    ids=["coroutine", "future", "undecided"],
)
@pytest.mark.parametrize("phase", PHASES)
def test_an_answer_that_is_none_is_the_failure_of_the_task(
    run: Run, journal: Journal, phase: str, when: Any, kind: type[Exception], message: str
) -> None:
    one = with_phases(journal, (phase,), when=when)

    ending = run(ended(processor_of(one).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    (failure,) = ending.failures
    assert type(failure.exception) is kind
    assert str(failure.exception) == message
    assert (failure.task, failure.phase) == ("a", phase)
    assert journal.events == []


@pytest.mark.guarantee("37.6")
def test_a_keyboard_interrupt_in_one_is_one(run: Run, journal: Journal) -> None:
    error = KeyboardInterrupt()
    processor = processor_of(
        task("a", pre_execute=journal.quick("a"), when=asking(journal, error)),
        task("b", pre_execute=journal.takes("b", 60), post_execute=journal.quick("clean up")),
    )

    assert run(ended(processor.process_tasks("it"))) is error
    assert journal.events[0] == "asked in pre_execute about it"


@pytest.mark.guarantee("37.6")
def test_of_an_optional_task_it_is_a_failure_that_stops_nothing(
    run_anywhere: Run, journal: Journal
) -> None:
    error = OSError("no")
    weak = task(
        "weak", pre_execute=journal.quick("weak"), when=asking(journal, error), optional=True
    )
    processor = processor_of(
        weak,
        (task("on weak", pre_execute=journal.quick("on weak"), optional=True), "weak"),
        (task("a", pre_execute=journal.quick("a")), after("weak")),
    )

    async def main() -> None:
        async with processor.open("it") as runner:
            while await runner.run_next():
                pass
            assert runner.failures() == [error]
            assert runner.skipped() == ("on weak",)

    run_anywhere(main())

    assert journal.events == ["asked in pre_execute about it", "a"]


@pytest.mark.guarantee("37.2")
def test_a_cancel_in_the_middle_leaves_what_was_skipped_skipped(run: Run, journal: Journal) -> None:
    processor = processor_of(
        with_phases(journal, PHASES, when=asking(journal, False)),
        task("b", pre_execute=journal.takes("b", 60)),
    )

    ending = run(ended_after_cancels(processor.process_tasks("it"), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert journal.events == ["asked in pre_execute about it", "b", "b cancelled"]


@pytest.mark.guarantee("37.2")
def test_a_task_that_pre_execute_did_not_keep_from_being_passed_is_asked_in_cleanup(
    run_anywhere: Run, journal: Journal
) -> None:
    """Its `execute` never came, so cleanup is the first thing that it would start."""
    processor = processor_of(
        task(
            "a",
            execute=journal.quick("a"),
            post_execute=journal.quick("~a"),
            when=asking(journal, True),
        ),
        task("b", pre_execute=journal.fails("b", OSError())),
    )

    run_anywhere(ended(processor.process_tasks("it")))

    assert journal.events == ["b", f"asked in {PhaseId.POST_EXEC} about it", "~a"]

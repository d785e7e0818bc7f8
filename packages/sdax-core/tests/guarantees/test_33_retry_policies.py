"""Guarantee 33: retry policies."""

import asyncio
import math
from random import Random
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels, notes
from guarantee_support.graphs import processor_of, task
from sdax_core import RetryPolicy, SdaxExecutionError, TaskFunction
from sdax_proof import running_loop

PHASES = ("pre_execute", "execute", "post_execute")


class Scripted:
    """A policy that decides what it was told to, one after the other, and writes down what it is asked."""

    def __init__(self, *decisions: Any) -> None:
        self.decisions = list(decisions)
        self.asked: list[tuple[Any, ...]] = []

    def decide(self, *arguments: Any) -> Any:
        self.asked.append(arguments)
        decision = self.decisions.pop(0) if self.decisions else None
        if isinstance(decision, BaseException):
            raise decision
        return decision

    def __repr__(self) -> str:
        return "Scripted()"


class Flaky:
    """A function whose attempts take a second each and fail with these errors, one after the other."""

    def __init__(self, *errors: BaseException, seconds: float = 1) -> None:
        self.errors = list(errors)
        self.seconds = seconds
        self.begun: list[float] = []

    async def __call__(self, _: object) -> None:
        self.begun.append(running_loop().time())
        await asyncio.sleep(self.seconds)
        if self.errors:
            raise self.errors.pop(0)


def failing_in(phase: str, flaky: Any, policy: RetryPolicy, **settings: Any) -> Any:
    functions: dict[str, Any] = {phase: TaskFunction(flaky, retry=policy, **settings)}
    return processor_of(task("a", **functions))


@pytest.mark.guarantee("33.1", "33.2")
@pytest.mark.parametrize("phase", PHASES)
def test_it_is_asked_after_each_failed_attempt_and_its_answer_is_waited_for(
    run: Run, phase: str
) -> None:
    errors = [OSError("first"), ValueError("second"), KeyError("third")]
    policy, flaky = Scripted(4, 0, 2.5), Flaky(*errors)
    rng = Random(1)

    run(failing_in(phase, flaky, policy).process_tasks(None, rng=rng))

    assert flaky.begun == [0, 5, 6, 9.5]
    assert policy.asked == [
        (1, errors[0], 1, None, rng),
        (2, errors[1], 6, 4, rng),
        (3, errors[2], 7, 0, rng),
    ]


@pytest.mark.guarantee("33.2")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("before", [0, 1, 2])
def test_none_gives_up_and_the_last_error_is_the_failure(run: Run, phase: str, before: int) -> None:
    errors = [OSError("first"), OSError("second"), OSError("third")]
    flaky = Flaky(*errors)

    ending = run(ended(failing_in(phase, flaky, Scripted(*[1] * before, None)).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    (failure,) = ending.failures
    assert failure.exception is errors[before]
    assert failure.attempts == before + 1
    assert len(flaky.begun) == before + 1


@pytest.mark.guarantee("33.3")
@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(1),
        GeneratorExit(),
        asyncio.CancelledError(),
        BaseExceptionGroup("both", [OSError(), KeyboardInterrupt()]),
    ],
    ids=repr,
)
def test_it_is_shown_nothing_that_is_no_exception(run: Run, error: BaseException) -> None:
    policy = Scripted(1)

    ending = run(ended(failing_in("execute", Flaky(error), policy).process_tasks(None)))

    assert ending is not None
    assert policy.asked == []


@pytest.mark.guarantee("33.3")
@pytest.mark.parametrize("phase", PHASES)
def test_it_is_not_asked_about_a_cancelled_attempt(run: Run, phase: str) -> None:
    policy = Scripted(1)
    flaky = Flaky(seconds=60)

    ending = run(ended_after_cancels(failing_in(phase, flaky, policy).process_tasks(None), 5))

    assert isinstance(ending, asyncio.CancelledError)
    assert policy.asked == []
    assert flaky.begun == [0]


@pytest.mark.guarantee("33.3")
@pytest.mark.parametrize("phase", PHASES)
def test_it_is_not_asked_about_what_a_cancelled_attempt_raised(run: Run, phase: str) -> None:
    policy = Scripted(1)

    async def fail_in_stopping(_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise OSError("could not stop")

    ending = run(
        ended_after_cancels(failing_in(phase, fail_in_stopping, policy).process_tasks(None), 5)
    )

    assert isinstance(ending, asyncio.CancelledError)
    assert "OSError: could not stop" in notes(ending)
    assert policy.asked == []


@pytest.mark.guarantee("33.3")
def test_a_timeout_of_an_attempt_and_a_group_are_errors_like_any_other(run: Run) -> None:
    group = ExceptionGroup("several", [OSError(), ValueError()])
    policy = Scripted(1, 1)
    begun: list[float] = []

    async def first_slow_then_a_group(_: object) -> None:
        begun.append(running_loop().time())
        if len(begun) == 1:
            await asyncio.sleep(60)
        if len(begun) == 2:
            raise group

    run(failing_in("execute", first_slow_then_a_group, policy, timeout=3).process_tasks(None))

    (_, timeout, elapsed, *_), (_, shown, *_) = policy.asked
    assert isinstance(timeout, TimeoutError)
    assert elapsed == 3
    assert shown is group


RIGHT = "it must be a finite number of seconds, 0 or more, or None to give up"


@pytest.mark.guarantee("33.4")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(
    ("decision", "kind"),
    [
        (-1, ValueError),
        (-0.001, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        ("1", TypeError),
        (True, TypeError),
        (False, TypeError),
        ([1], TypeError),
    ],
    ids=repr,
)
def test_a_decision_that_makes_no_sense_is_the_failure(
    run: Run, phase: str, decision: Any, kind: type[Exception]
) -> None:
    error = OSError("no")
    flaky = Flaky(error)

    ending = run(ended(failing_in(phase, flaky, Scripted(decision)).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    (leaf,) = ending.exceptions
    assert type(leaf) is kind
    assert str(leaf) == (
        f"task 'a', {phase}: the retry policy Scripted() decided {decision!r}; {RIGHT}"
    )
    assert leaf.__cause__ is error
    assert notes(leaf) == (
        "sdax: raised in the retry policy Scripted(), which was asked about attempt 1; "
        f"that had failed with OSError: no\nsdax: task 'a', {phase}, attempt 1"
    )
    assert flaky.begun == [0]


@pytest.mark.guarantee("33.5")
@pytest.mark.parametrize("phase", PHASES)
def test_a_policy_that_raises_fails_the_task_with_that(run: Run, phase: str) -> None:
    error, trouble = OSError("no"), ZeroDivisionError("policy")
    flaky = Flaky(OSError("before"), error)

    ending = run(ended(failing_in(phase, flaky, Scripted(1, trouble)).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert ending.exceptions == (trouble,)
    assert trouble.__context__ is error
    assert notes(trouble) == (
        "sdax: raised in the retry policy Scripted(), which was asked about attempt 2; "
        f"that had failed with OSError: no\nsdax: task 'a', {phase}, attempt 2"
    )
    assert len(flaky.begun) == 2


@pytest.mark.guarantee("33.5")
def test_a_keyboard_interrupt_in_a_policy_is_one(run: Run, journal: Journal) -> None:
    processor = processor_of(
        task("a", execute=TaskFunction(Flaky(OSError()), retry=Scripted(KeyboardInterrupt()))),
        task("b", execute=journal.takes("b", 60), post_execute=journal.quick("clean up")),
    )

    ending = run(ended(processor.process_tasks(None)))

    assert isinstance(ending, KeyboardInterrupt)
    assert journal.timed == [(0, "b"), (1, "b cancelled"), (1, "clean up")]


@pytest.mark.guarantee("33.6")
def test_one_policy_serves_functions_and_runs_at_once(run: Run) -> None:
    class Counting:
        def __init__(self) -> None:
            self.asked: list[tuple[int, str, float, float | None]] = []

        def decide(
            self, attempt: int, error: Exception, elapsed: float, previous: float | None, _: Any
        ) -> float | None:
            self.asked.append((attempt, str(error), elapsed, previous))
            return attempt if attempt < 3 else None

    policy = Counting()

    def flaky(name: str, seconds: float) -> Any:
        async def function(ctx: str) -> None:
            await asyncio.sleep(seconds)
            raise OSError(f"{ctx} {name}")

        return TaskFunction(function, retry=policy)

    processor = processor_of(
        task("a", execute=flaky("a", 1)),
        task("b", pre_execute=flaky("b", 2), optional=True),
    )

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for ctx in ("one", "two"):
                group.create_task(ended(processor.process_tasks(ctx)))

    run(main())

    for ctx in ("one", "two"):
        for name, seconds in (("a", 1), ("b", 2)):
            asked = [question for question in policy.asked if question[1] == f"{ctx} {name}"]
            assert [(attempt, elapsed, previous) for attempt, _, elapsed, previous in asked] == [
                (1, seconds, None),
                (2, 2 * seconds + 1, 1),
                (3, 3 * seconds + 3, 2),
            ]


class OwnClock:
    """Its seconds pass only in `sleep`, and in attempts that say so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.mark.guarantee("33.7")
@pytest.mark.parametrize("phase", PHASES)
def test_a_clock_measures_and_waits_out_the_delays(run_anywhere: Run, phase: str) -> None:
    clock, policy = OwnClock(), Scripted(4000, 5000)

    async def take_7(_: object) -> None:
        clock.now += 7
        if len(clock.slept) < 2:
            raise OSError

    run_anywhere(failing_in(phase, take_7, policy).process_tasks(None, clock=clock))

    assert clock.slept == [4000, 5000]
    assert [elapsed for _, _, elapsed, *_ in policy.asked] == [7, 4014]


@pytest.mark.guarantee("33.7")
def test_it_may_be_given_to_an_open_block_too(run_anywhere: Run) -> None:
    clock, rng, policy = OwnClock(), Random(1), Scripted(4000)
    errors = [OSError()]

    async def flaky(_: object) -> None:
        if errors:
            raise errors.pop()

    async def main() -> None:
        processor = failing_in("pre_execute", flaky, policy)
        async with processor.open(None, clock=clock, rng=rng) as runner:
            await runner.run_next()

    run_anywhere(main())

    assert clock.slept == [4000]
    assert policy.asked[0][-1] is rng


@pytest.mark.guarantee("33.7")
def test_a_cancel_reaches_the_sleep_of_the_clock(run: Run) -> None:
    class Patient(OwnClock):
        async def sleep(self, seconds: float, /) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                self.slept.append(-1)

    clock = Patient()

    ending = run(
        ended_after_cancels(
            failing_in("execute", Flaky(OSError("no")), Scripted(1)).process_tasks(
                None, clock=clock
            ),
            5,
        )
    )

    assert isinstance(ending, asyncio.CancelledError)
    assert clock.slept == [-1]
    assert "cancelled while waiting for attempt 2; attempt 1 had failed with OSError: no" in notes(
        ending
    )


@pytest.mark.guarantee("33.7")
def test_random_numbers_are_those_of_the_module_unless_a_source_is_given(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(low: float, high: float) -> float:
        raise AssertionError("the module's random numbers were used")

    flaky = TaskFunction(Flaky(TimeoutError(), TimeoutError()), retries=2)
    run(processor_of(task("a", execute=flaky)).process_tasks(None))  # the module's

    monkeypatch.setattr("random.uniform", never)
    used = Flaky(TimeoutError(), TimeoutError(), seconds=0)
    flaky = TaskFunction(used, retries=2)
    run(processor_of(task("a", execute=flaky)).process_tasks(None, rng=Random(7)))

    source = Random(7)
    first = source.uniform(0.5, 1)
    assert used.begun == [0, first, pytest.approx(first + 2 * source.uniform(0.5, 1))]


@pytest.mark.guarantee("33.7")
@pytest.mark.parametrize("name", ["clock", "rng"])
@pytest.mark.parametrize("wrong", [0, 1, "x", object(), Random, OwnClock], ids=str)
def test_a_clock_or_source_that_is_none_is_refused(
    run_anywhere: Run, journal: Journal, name: str, wrong: Any
) -> None:
    methods = {"clock": "time and sleep", "rng": "random and uniform"}[name]
    processor = processor_of(task("a", pre_execute=journal.quick("begun")))

    async def main() -> None:
        starts: tuple[Any, ...] = (processor.process_tasks, processor.open)
        for start in starts:
            with pytest.raises(TypeError) as caught:
                await start(None, **{name: wrong})
            assert str(caught.value).startswith(
                f"{name} must be an object with the methods {methods}; got {wrong!r}"
            )

    run_anywhere(main())

    assert journal.events == []


async def nothing(_: object) -> None: ...


@pytest.mark.guarantee("33.8")
@pytest.mark.parametrize(
    "settings",
    [
        {"retries": 1},
        {"initial_delay": 2.0},
        {"backoff_factor": 1.5},
        {"retryable_exceptions": (OSError,)},
    ],
    ids=str,
)
def test_it_excludes_the_plain_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^retry= takes the place of") as caught:
        TaskFunction(nothing, retry=Scripted(), **settings)
    assert str(caught.value).endswith("give one or the others")


@pytest.mark.guarantee("33.8")
def test_it_goes_with_the_other_settings(run: Run) -> None:
    flaky = Flaky(OSError(), seconds=2)
    function = TaskFunction(flaky, timeout=1, retry=Scripted(1, None))

    ending = run(ended(processor_of(task("a", execute=function)).process_tasks(None)))

    assert isinstance(ending, SdaxExecutionError)
    assert isinstance(ending.exceptions[0], TimeoutError)
    assert flaky.begun == [0, 2]


class AsynchronousPolicy:
    async def decide(self, *_: object) -> float | None:
        return None


@pytest.mark.guarantee("33.9")
@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (3, "retry must be an object with the method decide; got 3"),
        (
            Scripted,
            f"retry must be an object with the method decide; got {Scripted!r}: make an object of it",
        ),
        (nothing, f"retry must be an object with the method decide; got {nothing!r}"),
        (
            AsynchronousPolicy(),
            "retry: AsynchronousPolicy.decide is an async function, which nobody would await; "
            "make it a plain one",
        ),
    ],
    ids=["number", "class", "function", "asynchronous"],
)
def test_what_is_no_policy_is_refused_when_the_function_is_made(policy: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        TaskFunction(nothing, retry=policy)
    assert str(caught.value) == message

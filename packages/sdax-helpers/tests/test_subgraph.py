"""Guarantee 41: nested graphs."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import pytest
from guarantee_support import CLOCK_KINDS, Journal, LoopKind, Run, ended, ended_after_cancels, notes
from sdax_core import (
    AsyncDagTaskProcessor,
    Attempt,
    FunctionCall,
    GraphError,
    Observer,
    PhaseId,
    RunHandle,
    SdaxExecutionError,
    TaskFunction,
    current_run,
)
from sdax_helpers import join, subgraph, task, task_func
from sdax_proof import FACTORIES, Factory, cancel_at_step
from sdax_proof import run as run_on_virtual_clock

Processor = AsyncDagTaskProcessor[Any, Any]


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture(params=CLOCK_KINDS, ids=lambda kind: kind.name)
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on a virtual clock, on every kind of loop that can have one."""
    kind: LoopKind = request.param
    return kind.run


def built(*tasks: Any, in_order: bool = True, **options: Any) -> Processor:
    """A graph in which each task depends on the one before."""
    builder = AsyncDagTaskProcessor[Any, Any].builder()
    previous: tuple[Any, ...] = ()
    for added in tasks:
        builder.add_task(added, depends_on=previous)
        previous = (added.name,) if in_order else ()
    return builder.build(**options)


def three_phases(journal: Journal, key: str, seconds: float = 1) -> Any:
    return task(
        key,
        pre_execute=journal.takes(f"{key}.pre", seconds),
        execute=journal.takes(f"{key}.execute", seconds),
        post_execute=journal.takes(f"{key}.post", seconds),
    )


@pytest.mark.guarantee("41.1")
def test_the_phases_of_the_inner_graph_run_inside_those_of_the_outer_one(
    run: Run, journal: Journal
) -> None:
    in_turn: dict[str, Any] = {"execute_order": "dependencies"}
    payments = built(three_phases(journal, "a"), three_phases(journal, "b"), **in_turn)
    outer = built(
        three_phases(journal, "db"),
        subgraph("payments", payments),
        three_phases(journal, "last"),
        **in_turn,
    )

    run(outer.process_tasks(None))

    begun = [event for event in journal.events if not event.endswith(" ended")]
    assert begun == [
        *("db.pre", "a.pre", "b.pre", "last.pre"),
        *("db.execute", "a.execute", "b.execute", "last.execute"),
        *("last.post", "b.post", "a.post", "db.post"),
    ]


@pytest.mark.guarantee("41.1")
@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (["pre_execute"], ["pre_execute", "post_execute"]),
        (["execute"], ["execute", "post_execute"]),
        (["post_execute"], ["post_execute"]),
        (["pre_execute", "post_execute"], ["pre_execute", "post_execute"]),
        (["execute", "post_execute"], ["execute", "post_execute"]),
        ([], []),
    ],
)
def test_the_task_has_the_phases_of_the_inner_graph_and_the_one_that_ends_its_run(
    run: Run, journal: Journal, inner: list[str], expected: list[str]
) -> None:
    functions: dict[str, Any] = {phase: journal.quick(phase) for phase in inner}
    made = subgraph("in", built(task("a", **functions) if inner else join("a")))

    assert [str(phase) for phase in PhaseId if getattr(made, phase)] == expected
    run(built(made).process_tasks(None))
    assert journal.events == inner


@pytest.mark.guarantee("41.2")
def test_both_graphs_share_the_context_unless_the_inner_one_gets_its_own(run: Run) -> None:
    seen: list[object] = []
    asked: list[object] = []

    async def see(ctx: object) -> None:
        seen.append(ctx)

    def inner_ctx(ctx: str) -> str:
        asked.append(ctx)
        return f"inner {ctx}"

    inner = built(
        task("a", pre_execute=task_func(see), execute=task_func(see), post_execute=task_func(see))
    )
    run(built(subgraph("in", inner)).process_tasks("ctx"))
    run(built(subgraph("in", inner, ctx=inner_ctx)).process_tasks("ctx"))

    assert seen == ["ctx"] * 3 + ["inner ctx"] * 3
    assert asked == ["ctx"]


@pytest.mark.guarantee("41.2")
def test_an_inner_context_that_cannot_be_made_fails_the_task_and_nothing_inside_runs(
    run: Run, journal: Journal
) -> None:
    def inner_ctx(_: object) -> None:
        raise LookupError("no tenant")

    async def main() -> None:
        inner = built(three_phases(journal, "a"))
        error = await ended(built(subgraph("in", inner, ctx=inner_ctx)).process_tasks(None))
        assert isinstance(error, SdaxExecutionError)
        assert [(f.task, f.phase, f.path) for f in error.failures] == [
            ("in", "pre_execute", ("in",))
        ]

    run(main())
    assert journal.events == []


@pytest.mark.guarantee("41.3")
@pytest.mark.parametrize("phase", list(PhaseId))
def test_a_failure_inside_comes_out_as_it_is_with_its_path(
    run: Run, journal: Journal, phase: PhaseId
) -> None:
    failure = LookupError("no card")
    functions: dict[str, Any] = {phase: journal.fails("charge", failure)}
    payments = built(three_phases(journal, "open"), task("charge", **functions))

    async def main() -> None:
        outer = built(subgraph("shop", built(subgraph("payments", payments))))
        error = await ended(outer.process_tasks(None))
        assert isinstance(error, SdaxExecutionError)
        assert list(error.exceptions) == [failure]
        [told] = error.failures
        assert (told.task, told.phase, told.path) == (
            "shop",
            phase,
            ("shop", "payments", "charge"),
        )
        assert f"'shop' / 'payments' / 'charge', {phase}, attempt 1" in notes(failure)

    run(main())
    assert journal.events.count("open.post ended") == 1


@pytest.mark.guarantee("41.3")
def test_all_failures_inside_come_out_one_by_one(run: Run, journal: Journal) -> None:
    inner = built(
        task("a", execute=journal.fails("a", KeyError("a")), post_execute=journal.quick("a.post")),
        task("b", execute=journal.fails("b", KeyError("b"))),
        task("c", post_execute=journal.fails("c", KeyError("c"))),
        in_order=False,
    )

    async def main() -> list[tuple[Any, ...]]:
        error = await ended(built(subgraph("in", inner)).process_tasks(None))
        assert isinstance(error, SdaxExecutionError)
        return [failure.path for failure in error.failures]

    assert run(main()) == [("in", "a"), ("in", "b"), ("in", "c")]


@pytest.mark.guarantee("41.3")
def test_a_failed_inner_pre_execute_stops_the_outer_one(run: Run, journal: Journal) -> None:
    inner = built(task("a", pre_execute=journal.fails("a", KeyError("a"))))

    async def main() -> None:
        outer = built(subgraph("in", inner), three_phases(journal, "next"))
        assert isinstance(await ended(outer.process_tasks(None)), SdaxExecutionError)

    run(main())
    assert journal.events == ["a"]


@pytest.mark.guarantee("41.3")
def test_an_interrupt_inside_comes_out_as_it_is(run: Run, journal: Journal) -> None:
    inner = built(
        task("a", execute=journal.fails("a", SystemExit(3)), post_execute=journal.quick("p"))
    )

    async def main() -> None:
        assert type(await ended(built(subgraph("in", inner)).process_tasks(None))) is SystemExit

    run(main())
    assert journal.events == ["a", "p"]


@pytest.mark.guarantee("41.4")
def test_the_deadline_observers_and_the_cause_of_a_cancel_pass_through(
    run: Run, journal: Journal
) -> None:
    class Recorder(Observer):
        def __init__(self) -> None:
            self.told: list[object] = []

        def function_ended(self, call: FunctionCall) -> None:
            self.told.append((call.path, call.outcome, str(call.cancel_cause)))

    remaining: list[float | None] = []

    async def ask(_: object) -> None:
        remaining.append(current_run().remaining())

    inner = built(task("a", pre_execute=task_func(ask), execute=journal.takes("a", 30)))
    recorder = Recorder()

    async def main() -> None:
        outer = built(subgraph("in", inner))
        error = await ended(outer.process_tasks(None, timeout=9, observers=[recorder]))
        assert isinstance(error, TimeoutError)

    run(main())
    assert remaining == [9]
    assert (("in", "a"), "cancelled", "sdax: the run reached its deadline") in recorder.told
    assert (("in",), "succeeded", "None") in recorder.told  # its pre_execute


@pytest.mark.guarantee("41.4")
def test_interceptors_of_the_run_are_around_the_inner_functions_too(
    run: Run, journal: Journal
) -> None:
    paths: list[tuple[Any, ...]] = []

    async def intercept(attempt: Attempt, proceed: Callable[[], Any]) -> Any:
        paths.append(attempt.call.path)
        return await proceed()

    inner = built(task("a", post_execute=journal.quick("a")))
    run(built(subgraph("in", inner)).process_tasks(None, interceptors=[intercept]))

    assert paths == [("in",), ("in", "a")]


@pytest.mark.guarantee("41.4")
def test_an_inner_cleanup_knows_how_the_outer_run_is_going(run: Run, journal: Journal) -> None:
    outcomes: list[str] = []

    async def commit_or_roll_back(_: object) -> None:
        outcomes.append(current_run().outcome)

    transaction = built(task("tx", post_execute=task_func(commit_or_roll_back)))

    async def main() -> None:
        bad = built(subgraph("in", transaction), task("x", execute=journal.fails("x", KeyError())))
        await built(subgraph("in", transaction)).process_tasks(None)
        await ended(bad.process_tasks(None))

    run(main())
    assert outcomes == ["succeeded", "failed"]


@pytest.mark.guarantee("41.5")
def test_the_build_options_of_the_inner_graph_are_its_own(run: Run, journal: Journal) -> None:
    inner = built(
        task("a", execute=journal.takes("a", 1)),
        task("b", execute=journal.takes("b", 1)),
        in_order=False,
        max_concurrency=1,
    )
    run(built(subgraph("in", inner), max_concurrency=1).process_tasks(None))

    assert journal.timed == [(0, "a"), (1, "a ended"), (1, "b"), (2, "b ended")]


@pytest.mark.guarantee("41.5")
def test_an_optional_subgraph_may_fail(run: Run, journal: Journal) -> None:
    inner = built(task("a", execute=journal.fails("a", KeyError("a"))))

    run(built(subgraph("in", inner, optional=True)).process_tasks(None))

    assert journal.events == ["a"]


def nested(depth: int, leaf: Processor) -> Processor:
    for _ in range(depth):
        leaf = built(subgraph("in", leaf))
    return leaf


@pytest.mark.guarantee("41.6")
@pytest.mark.parametrize("suspends", [False, True])
@pytest.mark.parametrize("observed", [False, True])
def test_fifty_levels_run_on_every_loop(
    run: Run, journal: Journal, suspends: bool, observed: bool
) -> None:
    async def intercept(_: Attempt, proceed: Callable[[], Any]) -> Any:
        return await proceed()

    leaf = three_phases(journal, "a", 1) if suspends else task("a", execute=journal.quick("a"))
    around = [intercept] * 3 if observed else []
    observers = [Observer()] if observed else []

    run(nested(50, built(leaf)).process_tasks(None, interceptors=around, observers=observers))

    assert journal.events[-1] == ("a.post ended" if suspends else "a")


@pytest.mark.guarantee("41.6")
def test_one_level_more_is_refused_when_the_task_is_made(journal: Journal) -> None:
    deepest = nested(50, built(task("a", execute=journal.quick("a"))))

    with pytest.raises(GraphError) as raised:
        subgraph("too deep", deepest)

    assert str(raised.value) == (
        "subgraph 'too deep': graphs may be nested 50 deep; with this one it would be 51"
    )


async def asynchronous(_: object) -> None: ...


@pytest.mark.guarantee("41.6")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"processor": "payments"}, "subgraph 'in': processor must be a processor, as build()"),
        ({"ctx": 3}, "subgraph 'in': ctx must be a plain function that takes the outer context"),
        ({"ctx": asynchronous}, "subgraph 'in': ctx must be a plain function"),
        ({"optional": 1}, "task 'in': optional must be True or False"),
    ],
)
def test_a_mistake_is_found_when_the_task_is_made(arguments: dict[str, Any], message: str) -> None:
    complete: dict[str, Any] = {"processor": built(join("a"))} | arguments

    with pytest.raises(TypeError) as raised:
        subgraph("in", **complete)

    assert message in str(raised.value)


def test_a_context_function_that_returns_a_coroutine_fails_without_a_warning(
    run: Run, journal: Journal
) -> None:
    inner = built(task("a", execute=journal.quick("a")))

    async def main() -> None:
        outer = built(subgraph("in", inner, ctx=lambda ctx: asynchronous(ctx)))
        error = await ended(outer.process_tasks(None))
        assert isinstance(error, SdaxExecutionError)
        assert "ctx returned a coroutine" in str(error.exceptions[0])

    run(main())


@pytest.mark.guarantee("41.1")
def test_one_task_in_runs_at_once_and_in_runs_started_from_within(run: Run) -> None:
    seen: list[tuple[int, int]] = []
    processors: list[Processor] = []

    async def prepare(_: int) -> None:
        await asyncio.sleep(1)

    async def work(ctx: int) -> None:
        seen.append((ctx, len(current_run().path)))
        if ctx < 3:
            await processors[0].process_tasks(ctx + 10)

    inner = built(task("a", pre_execute=task_func(prepare), execute=task_func(work)))
    processors.append(built(subgraph("in", inner)))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for ctx in (1, 2):
                group.create_task(processors[0].process_tasks(ctx))

    run(main())
    assert sorted(seen) == [(1, 1), (2, 1), (11, 1), (12, 1)]


@pytest.mark.guarantee("41.7")
def test_a_cancel_of_the_outer_run_cancels_what_runs_inside_and_cleans_up(
    run: Run, journal: Journal
) -> None:
    inner = built(three_phases(journal, "a"), three_phases(journal, "b"))

    async def main() -> None:
        outer = built(three_phases(journal, "db"), subgraph("in", inner))
        error = await ended_after_cancels(outer.process_tasks(None), 1.5)
        assert isinstance(error, asyncio.CancelledError)

    run(main())
    assert journal.events == [
        *("db.pre", "db.pre ended", "a.pre", "a.pre cancelled"),
        *("a.post", "a.post ended", "db.post", "db.post ended"),
    ]


class Story:
    """One run of nested graphs, cancelled at one step, and what was seen of it."""

    def __init__(self, fails: bool) -> None:
        self.journal = Journal()
        self.error: BaseException | None = None
        self.was_cancelled = False
        self._fails = fails

    def _function(self, name: str, fails: bool) -> TaskFunction[Any]:
        async def function(_: object) -> None:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                if fails:
                    raise LookupError(name) from None
                raise

        return self.journal.does(name, lambda: function(None))

    def _task(self, key: str) -> Any:
        return task(
            key,
            pre_execute=self._function(f"{key}.pre", self._fails),
            execute=self._function(f"{key}.execute", self._fails),
            post_execute=self._function(f"{key}.post", self._fails),
        )

    async def run(self, step: int) -> None:
        innermost = built(subgraph("deep", built(self._task("c"))))
        inner = built(self._task("a"), subgraph("mid", innermost), self._task("b"))
        # Ten levels, so that one of them gives way to the loop before it begins.
        processor = built(self._task("db"), subgraph("in", nested(8, inner)), self._task("last"))

        async def call_it() -> None:
            self.error = await ended(processor.process_tasks(None))

        caller = asyncio.create_task(call_it())
        cancelling = cancel_at_step(caller, step)
        await asyncio.wait((caller,))
        self.was_cancelled = cancelling.requests > 0
        if caller.cancelled():  # before it had begun
            self.error = asyncio.CancelledError()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def check(self) -> None:
        events = self.journal.events
        assert isinstance(self.error, asyncio.CancelledError if self.was_cancelled else type(None))
        order = ("db", "a", "c", "b", "last")
        for key in order:
            assert events.count(f"{key}.pre") == events.count(f"{key}.post") <= 1, key
        cleaned = [event.removesuffix(".post") for event in events if event.endswith(".post")]
        assert cleaned == [key for key in reversed(order) if key in cleaned]
        for key, before in zip(order[1:], order, strict=False):
            if f"{key}.post" in events:  # inside the cleanup of what it depends on
                ending = max(i for i, event in enumerate(events) if event.startswith(f"{key}.post"))
                assert ending < events.index(f"{before}.post")
        raised = [event.split()[0] for event in events if event.endswith("raised LookupError")]
        for name in raised:
            assert f"LookupError: {name}" in notes(self.error).replace("'", "")


@pytest.fixture
def without_anyio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "anyio", raising=False)


@pytest.mark.guarantee("41.7")
@pytest.mark.usefixtures("without_anyio")
@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("fails", [False, True])
def test_a_cancel_at_any_step_cleans_up_once_and_in_order(
    factory: Factory | None, fails: bool
) -> None:
    stories: list[Story] = []
    while not stories or stories[-1].was_cancelled:
        stories.append(Story(fails))
        run_on_virtual_clock(stories[-1].run(len(stories)), factory=factory)
        stories[-1].check()

    assert len(stories) > 30
    assert any("c.post cancelled" in story.journal.events or fails for story in stories)


def test_a_handle_is_what_a_function_inside_sees(run: Run) -> None:
    handles: list[RunHandle] = []

    async def see(_: object) -> None:
        handles.append(current_run())

    run(built(subgraph("in", built(task("a", execute=task_func(see))))).process_tasks(None))

    [handle] = handles
    assert handle.path == ("in",)
    assert handle.parent is not None
    assert handle.parent.path == ()


@pytest.mark.guarantee("41.7")
def test_a_cancel_that_meets_the_pause_of_a_tenth_level_leaves_no_cleanup_out() -> None:
    async def main(cycles: int) -> list[str]:
        journal = Journal()

        async def cancel_and_go_on(_: object) -> None:
            caller.cancel()
            for _cycle in range(cycles):
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    return

        mid = subgraph("mid", built(task("c", post_execute=journal.quick("c"))))
        last = task("last", post_execute=task_func(cancel_and_go_on))
        caller = asyncio.create_task(nested(9, built(mid, last)).process_tasks(None))
        await asyncio.wait((caller,))
        assert caller.cancelled()
        return journal.events

    for cycles in range(40):
        assert run_on_virtual_clock(main(cycles)) == ["c"], cycles


@pytest.mark.guarantee("41.7")
def test_what_fails_inside_a_cancelled_cleanup_is_among_the_failures(
    run: Run, journal: Journal
) -> None:
    async def fail_when_cancelled(_: object) -> None:
        try:
            await asyncio.sleep(50)
        except asyncio.CancelledError:
            raise LookupError("late") from None

    inner = built(task("a", post_execute=task_func(fail_when_cancelled)))

    async def main() -> None:
        runner = built(subgraph("in", inner)).open(None)

        async def use() -> None:
            async with runner:
                await runner.run_next()

        error = await ended_after_cancels(use(), 2)
        assert isinstance(error, asyncio.CancelledError)
        assert [repr(failure) for failure in runner.failures()] == ["LookupError('late')"]

    run(main())

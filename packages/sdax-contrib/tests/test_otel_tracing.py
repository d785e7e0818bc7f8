"""Spans of runs, by OpenTelemetry's real SDK with an exporter in memory."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode, get_current_span
from sdax_contrib.otel import Tracing
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    Attempt,
    SdaxExecutionError,
    TaskFunction,
    after,
)
from sdax_helpers import join, subgraph, task


class Traced:
    """A provider of its own, with what was exported."""

    def __init__(self, **settings: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False, **settings)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("test")

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def span(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def tree(self) -> dict[str, str | None]:
        """The name of each span's parent, by the span's own."""
        names = {span.context.span_id: span.name for span in self.spans if span.context}
        return {
            span.name: None if span.parent is None else names[span.parent.span_id]
            for span in self.spans
        }

    def links(self, name: str) -> list[str]:
        names = {span.context.span_id: span.name for span in self.spans if span.context}
        return [names[link.context.span_id] for link in self.span(name).links]

    def processor(
        self, *tasks: AsyncTask[Any, Any] | tuple[Any, ...], **options: Any
    ) -> AsyncDagTaskProcessor[Any, Any]:
        tracing = Tracing(self.provider, **options)
        builder = AsyncDagTaskProcessor[Any].builder()
        for each in tasks:
            one, *before = each if isinstance(each, tuple) else (each,)
            builder.add_task(one, depends_on=tuple(before))
        return builder.build(execute_order="dependencies", observers=[tracing])


@pytest.fixture
def traced() -> Traced:
    return Traced()


async def nothing(_: object) -> None:
    pass


NOTHING = TaskFunction(nothing)


def fails_first(times: int, error: type[Exception] = ConnectionError) -> TaskFunction[Any]:
    left = [times]

    async def flaky(_: object) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise error("broken pipe")

    return TaskFunction(flaky, retries=2, initial_delay=0.001)


def run(main: Coroutine[Any, Any, object]) -> None:
    asyncio.run(asyncio.wait_for(main, 30))


def attributes(span: ReadableSpan) -> dict[str, Any]:
    found = dict(span.attributes or {})
    assert found.pop("sdax.run.id", None) or span.name.startswith("attempt")
    return found


def test_a_run_is_a_span_and_each_phase_of_a_task_one_inside_it(traced: Traced) -> None:
    processor = traced.processor(
        task("db", pre_execute=NOTHING, post_execute=NOTHING), (task("load", execute=NOTHING), "db")
    )
    run(processor.process_tasks(None))
    assert traced.tree() == {
        "pre_execute db": "sdax.run",
        "execute load": "sdax.run",
        "post_execute db": "sdax.run",
        "sdax.run": None,
    }
    assert attributes(traced.span("execute load")) == {
        "sdax.task.name": "load",
        "sdax.phase": "execute",
        "sdax.attempts": 1,
        "sdax.outcome": "succeeded",
    }
    assert attributes(traced.span("sdax.run")) == {"sdax.outcome": "succeeded"}
    assert all(span.status.status_code is StatusCode.UNSET for span in traced.spans)
    scopes = {
        span.instrumentation_scope.name for span in traced.spans if span.instrumentation_scope
    }
    assert scopes == {"sdax_contrib.otel"}


def test_the_spans_of_a_run_bear_its_id_and_are_of_one_trace(traced: Traced) -> None:
    processor = traced.processor(task("a", execute=NOTHING))

    async def main() -> None:
        await asyncio.gather(*(processor.process_tasks(None) for _ in range(3)))

    run(main())
    traces = {
        (span.context and span.context.trace_id, (span.attributes or {})["sdax.run.id"])
        for span in traced.spans
    }
    assert len(traced.spans) == 6
    assert len(traces) == 3


def test_a_run_is_inside_the_span_of_its_caller(traced: Traced) -> None:
    processor = traced.processor(task("a", execute=NOTHING))

    async def main() -> None:
        with traced.tracer.start_as_current_span("request"):
            await processor.process_tasks(None)
            assert getattr(get_current_span(), "name", None) == "request"

    run(main())
    assert traced.tree()["sdax.run"] == "request"


def test_functions_are_linked_to_those_that_they_waited_for(traced: Traced) -> None:
    async def slow(_: object) -> None:
        await asyncio.sleep(0.01)

    processor = traced.processor(
        task("slow", execute=TaskFunction(slow)),
        task("quick", execute=NOTHING),
        task("weak", execute=TaskFunction(fails_first(9).function), optional=True),
        (join("both"), "slow", "quick"),
        (task("last", execute=NOTHING), "both", after("weak")),
        (task("own", execute=NOTHING), "quick"),
    )
    run(processor.process_tasks(None))
    assert traced.links("execute last") == ["execute quick", "execute weak", "execute slow"]
    assert traced.links("execute own") == ["execute quick"]
    assert traced.links("execute slow") == []


def test_links_are_bounded_to_those_that_ended_last(traced: Traced) -> None:
    names = [f"t{number}" for number in range(100)]
    processor = traced.processor(
        *(task(name, execute=NOTHING) for name in names), (task("last", execute=NOTHING), *names)
    )
    run(processor.process_tasks(None))
    assert traced.links("execute last") == [f"execute {name}" for name in names[-32:]]


def test_attempts_are_spans_from_the_second_on_and_a_success_is_no_error(traced: Traced) -> None:
    processor = traced.processor(task("call", execute=fails_first(2)))
    run(processor.process_tasks(None))
    assert traced.tree() == {
        "attempt 2": "execute call",
        "attempt 3": "execute call",
        "execute call": "sdax.run",
        "sdax.run": None,
    }
    whole = traced.span("execute call")
    assert whole.status.status_code is StatusCode.UNSET
    assert attributes(whole)["sdax.attempts"] == 3
    assert "error.type" not in attributes(whole)
    assert [event.name for event in whole.events] == ["sdax.retry", "sdax.retry"]
    told = dict(whole.events[0].attributes or {})
    assert told.pop("sdax.delay") == pytest.approx(0.001, rel=0.9)
    assert told == {
        "sdax.attempt": 1,
        "error.type": "ConnectionError",
        "exception.message": "broken pipe",
    }
    second, third = traced.span("attempt 2"), traced.span("attempt 3")
    assert second.status.status_code is StatusCode.ERROR
    assert attributes(second) == {
        "sdax.attempt": 2,
        "sdax.outcome": "failed",
        "error.type": "ConnectionError",
    }
    assert third.status.status_code is StatusCode.UNSET
    assert attributes(third) == {"sdax.attempt": 3, "sdax.outcome": "succeeded"}


def test_a_failure_is_an_error_with_its_exception_and_fails_the_run(traced: Traced) -> None:
    class OddError(Exception):
        pass

    processor = traced.processor(
        task("bad", execute=TaskFunction(fails_first(9, OddError).function)),
        (task("later", execute=NOTHING), "bad"),
    )
    with pytest.raises(SdaxExecutionError):
        run(processor.process_tasks(None))
    bad = traced.span("execute bad")
    assert (bad.status.status_code, bad.status.description) == (StatusCode.ERROR, "broken pipe")
    kind = f"{OddError.__module__}.{OddError.__qualname__}"
    assert attributes(bad)["error.type"] == kind
    assert attributes(bad)["sdax.outcome"] == "failed"
    (event,) = bad.events
    assert event.name == "exception"
    assert "flaky" in str((event.attributes or {})["exception.stacktrace"])
    whole = traced.span("sdax.run")
    assert whole.status.status_code is StatusCode.ERROR
    assert attributes(whole) == {
        "sdax.outcome": "failed",
        "error.type": "sdax_core.SdaxExecutionError",
    }
    (skipped,) = whole.events
    assert (skipped.name, dict(skipped.attributes or {})) == (
        "sdax.task.skipped",
        {"sdax.task.name": "later", "sdax.phase": "execute", "sdax.reason": "failure"},
    )


def test_an_optional_failure_is_an_error_of_its_task_alone(traced: Traced) -> None:
    run(
        traced.processor(
            task("weak", execute=TaskFunction(fails_first(9).function), optional=True)
        ).process_tasks(None)
    )
    assert traced.span("execute weak").status.status_code is StatusCode.ERROR
    assert traced.span("sdax.run").status.status_code is StatusCode.UNSET


def test_a_cancelled_run_ends_all_its_spans_and_none_is_an_error(traced: Traced) -> None:
    started = asyncio.Event()

    async def hang(_: object) -> None:
        started.set()
        await asyncio.Event().wait()

    processor = traced.processor(task("hang", pre_execute=TaskFunction(hang), post_execute=NOTHING))

    async def main() -> None:
        whole = asyncio.ensure_future(processor.process_tasks(None))
        await started.wait()
        whole.cancel()
        with pytest.raises(asyncio.CancelledError):
            await whole

    run(main())
    assert sorted(traced.tree()) == ["post_execute hang", "pre_execute hang", "sdax.run"]
    for name in ("pre_execute hang", "sdax.run"):
        span = traced.span(name)
        assert span.status.status_code is StatusCode.UNSET
        assert attributes(span)["sdax.outcome"] == "cancelled"
        assert attributes(span)["sdax.cancel.cause"] == "caller"


def test_a_timeout_of_an_attempt_is_a_failure(traced: Traced) -> None:
    async def hang(_: object) -> None:
        await asyncio.Event().wait()

    processor = traced.processor(task("slow", execute=TaskFunction(hang, timeout=0.001)))
    with pytest.raises(SdaxExecutionError):
        run(processor.process_tasks(None))
    span = traced.span("execute slow")
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "TimeoutError"


def test_a_deadline_is_an_error_of_the_run_and_cancels_what_ran(traced: Traced) -> None:
    async def hang(_: object) -> None:
        await asyncio.Event().wait()

    processor = traced.processor(task("slow", execute=TaskFunction(hang)))
    with pytest.raises(TimeoutError):
        run(processor.process_tasks(None, timeout=0.001))
    slow, whole = traced.span("execute slow"), traced.span("sdax.run")
    assert slow.status.status_code is StatusCode.UNSET
    assert attributes(slow)["sdax.outcome"] == "cancelled"
    assert attributes(slow)["sdax.cancel.cause"] == "deadline"
    assert whole.status.status_code is StatusCode.ERROR
    assert attributes(whole)["sdax.cancel.cause"] == "deadline"
    assert attributes(whole)["error.type"] == "TimeoutError"


def loops() -> list[Any]:
    runners: list[Any] = [pytest.param(asyncio.run, id="asyncio")]
    if sys.platform != "win32":
        import uvloop

        runners.append(pytest.param(uvloop.run, id="uvloop"))
    return runners


@pytest.mark.parametrize("run_on", loops())
def test_spans_of_functions_subtasks_threads_and_interceptors_nest_inside(
    traced: Traced, run_on: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    def inside(name: str) -> None:
        traced.tracer.start_span(name).end()

    async def own(_: object) -> None:
        inside("before")
        await asyncio.sleep(0)
        inside("behind")

    async def others(_: object, group: Any) -> None:
        async def subtask() -> None:
            inside("subtask")

        group.create_task(subtask())
        await asyncio.to_thread(inside, "thread")

    async def intercept(attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
        with traced.tracer.start_as_current_span(f"permit {attempt.number}"):
            return await proceed()

    flaky = fails_first(1)

    async def again(ctx: object) -> None:
        inside(f"user's, {get_name()}")
        await flaky.function(ctx)  # type: ignore[call-arg]

    def get_name() -> str:
        return str(getattr(get_current_span(), "name", None))

    processor = traced.processor(
        task("own", execute=TaskFunction(own)),
        task("others", execute=TaskFunction(others, has_task_group_argument=True)),
        task(
            "again",
            execute=TaskFunction(again, retries=1, initial_delay=0, interceptors=[intercept]),
        ),
    )
    run_on(processor.process_tasks(None))
    tree = traced.tree()
    assert {name: tree[name] for name in ("before", "behind")} == dict.fromkeys(
        ("before", "behind"), "execute own"
    )
    assert tree["subtask"] == tree["thread"] == "execute others"
    assert tree["user's, permit 1"] == "permit 1"
    assert tree["permit 1"] == "execute again"
    assert tree["user's, permit 2"] == "permit 2"
    assert tree["permit 2"] == "attempt 2"


def test_a_nested_run_is_inside_the_task_that_runs_it(traced: Traced) -> None:
    inner = AsyncDagTaskProcessor[Any].builder().add_task(task("charge", execute=NOTHING)).build()
    run(traced.processor(subgraph("payments", inner)).process_tasks(None))
    runs = [span for span in traced.spans if span.name == "sdax.run"]
    assert len(runs) == 2
    charge = traced.span("execute payments/charge")
    assert attributes(charge)["sdax.task.name"] == "payments/charge"
    parents = {span.context.span_id: span for span in traced.spans if span.context}
    names: list[str] = []
    span = charge
    while span.parent is not None:
        span = parents[span.parent.span_id]
        names.append(span.name)
    assert names[0] == "sdax.run"
    assert names[1].endswith(" payments")
    assert names[2] == "sdax.run"


def test_what_interceptors_report_is_an_event(traced: Traced) -> None:
    async def tell(attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> None:
        attempt.report("my.word", seconds=2, limit=ValueError("odd"))
        await proceed()

    flaky = fails_first(1)
    function = TaskFunction(flaky.function, retries=1, initial_delay=0, interceptors=[tell])
    run(traced.processor(task("a", execute=function)).process_tasks(None))
    events = {
        span.name: [dict(e.attributes or {}) for e in span.events if e.name == "my.word"]
        for span in traced.spans
    }
    word = [{"seconds": 2, "limit": "ValueError('odd')"}]
    assert events == {"execute a": word, "attempt 2": word, "sdax.run": []}


def test_tasks_may_be_named_otherwise(traced: Traced) -> None:
    def first_word(path: tuple[Hashable, ...]) -> str:
        return str(path[-1]).split()[0]

    processor = traced.processor(task("user 17", execute=NOTHING), task_name=first_word)
    run(processor.process_tasks(None))
    assert attributes(traced.span("execute user"))["sdax.task.name"] == "user"


def test_the_next_function_does_not_see_the_span_of_the_one_before(traced: Traced) -> None:
    seen: list[str] = []

    async def look(_: object) -> None:
        seen.append(str(getattr(get_current_span(), "name", None)))

    names = [f"t{number}" for number in range(5)]
    run(
        traced.processor(
            *(task(n, execute=TaskFunction(look), post_execute=TaskFunction(look)) for n in names)
        ).process_tasks(None)
    )
    phases = ("execute", "post_execute")
    assert sorted(seen) == sorted(f"{phase} {name}" for phase in phases for name in names)


def test_a_run_that_is_not_sampled_is_not_exported_and_hands_on_its_trace() -> None:
    traced = Traced(sampler=ALWAYS_OFF)
    seen: list[bool] = []

    async def look(_: object) -> None:
        seen.append(get_current_span().get_span_context().is_valid)

    run(traced.processor(task("a", execute=TaskFunction(look))).process_tasks(None))
    assert traced.spans == ()
    assert seen == [True]


def test_without_an_sdk_nothing_is_kept_and_nothing_is_current() -> None:
    tracing = Tracing()
    seen: list[bool] = []

    async def look(_: object) -> None:
        seen.append(get_current_span().get_span_context().is_valid)

    processor = (
        AsyncDagTaskProcessor[Any]
        .builder()
        .add_task(task("a", execute=TaskFunction(look, retries=1)))
        .build(observers=[tracing])
    )
    run(processor.process_tasks(None))
    assert seen == [False]


def test_nothing_is_kept_of_runs_that_have_ended(traced: Traced) -> None:
    tracing = Tracing(traced.provider)
    builder = AsyncDagTaskProcessor[Any].builder().add_task(task("a", execute=fails_first(1)))
    run(builder.build(observers=[tracing]).process_tasks(None))
    kept = [getattr(tracing, name) for name in ("_runs", "_calls", "_attempts")]
    assert kept == [{}, {}, {}]


def test_a_name_giver_that_cannot_be_called_is_refused() -> None:
    wrong: Any = "task"
    with pytest.raises(TypeError, match="task_name must be a function that names a path of keys"):
        Tracing(task_name=wrong)

"""Guarantee 43: an application's graph that stays open, and request graphs on top of it."""

import asyncio
import sys
import threading
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, settled
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    ScopeError,
    SdaxExecutionError,
    TaskFunction,
    current_run,
)
from sdax_helpers import Scope, ScopeClosedError, scope, subgraph, task, task_func
from sdax_proof import FACTORIES, Factory, cancel_at_step, running_loop
from sdax_proof import run as run_on_virtual_clock

Processor = AsyncDagTaskProcessor[Any, Any]


def application(journal: Journal, **functions: TaskFunction[Any]) -> Processor:
    pre = functions.get("pre_execute", journal.quick("db opened"))
    post = functions.get("post_execute", journal.quick("db closed"))
    made: AsyncTask[Any, str] = task("db", pre_execute=pre, post_execute=post)
    return AsyncDagTaskProcessor[Any].builder().add_task(made).build()


def request(parent: Processor | None, journal: Journal, seconds: float = 1) -> Processor:
    made: AsyncTask[Any, str] = task(
        "answer",
        execute=journal.takes("answer", seconds),
        post_execute=journal.takes("answered", 1),
    )
    depends_on = () if parent is None else ("db",)
    builder = AsyncDagTaskProcessor[Any].builder(parent=parent)
    return builder.add_task(made, depends_on=depends_on).build()


@pytest.mark.guarantee("43.1")
def test_request_graphs_run_on_top_of_an_application_that_stays_open(
    run: Run, journal: Journal
) -> None:
    async def main() -> None:
        app_processor = application(journal)
        async with scope(app_processor, "ctx") as app:
            assert (app.ctx, app.in_flight) == ("ctx", 0)
            await app.run(request(app_processor, journal), None)
            await app.run(request(None, journal), None)
            journal.write("body ends")

    run(main())
    one_run = ["answer", "answer ended", "answered", "answered ended"]
    assert journal.events == ["db opened", *one_run, *one_run, "body ends", "db closed"]


@pytest.mark.guarantee("43.1")
def test_runs_at_once_are_counted(run: Run, journal: Journal) -> None:
    async def main() -> None:
        app_processor = application(journal)
        async with scope(app_processor, None) as app, asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(app.run(request(app_processor, journal), None))
            await settled()
            assert app.in_flight == 3

    run(main())


@pytest.mark.guarantee("43.1")
def test_a_run_takes_the_options_of_process_tasks_and_raises_what_it_raises(
    run: Run, journal: Journal
) -> None:
    async def main() -> None:
        app_processor = application(journal)
        async with scope(app_processor, None) as app:
            error = await ended(app.run(request(app_processor, journal, 30), None, timeout=2))
            assert isinstance(error, TimeoutError)
            assert app.in_flight == 0

    run(main())
    assert journal.events[-2:] == ["answered ended", "db closed"]


@pytest.mark.guarantee("43.1")
def test_a_run_on_top_can_be_driven_phase_by_phase(run: Run, journal: Journal) -> None:
    async def main() -> None:
        app_processor = application(journal)
        async with scope(app_processor, None) as app:
            async with app.open(request(app_processor, journal), None) as runner:
                assert app.in_flight == 1
                await runner.run_next()
                await runner.run_next()
                journal.write("body ends")
            assert app.in_flight == 0

    run(main())
    one_run = ["answer", "answer ended", "body ends", "answered", "answered ended"]
    assert journal.events == ["db opened", *one_run, "db closed"]


@pytest.mark.guarantee("43.2")
def test_the_body_of_a_run_on_top_is_cancelled_when_the_scope_closes(
    run: Run, journal: Journal
) -> None:
    async def main() -> None:
        app_processor = application(journal)

        async def serve(app: Scope[Any]) -> None:
            async with app.open(request(app_processor, journal, 0), None) as runner:
                await runner.run_next()
                await runner.run_next()
                await asyncio.sleep(50)

        async with asyncio.TaskGroup() as group, scope(app_processor, None, drain_timeout=3) as app:
            running = group.create_task(ended(serve(app)))
            await settled()
        assert isinstance(running.result(), ScopeClosedError)
        assert running.cancelling() == 0

    run(main())
    assert journal.timed[-3:] == [(3, "answered"), (4, "answered ended"), (4, "db closed")]


@pytest.mark.guarantee("43.2")
def test_closing_refuses_new_runs_and_lets_those_in_flight_finish(
    run: Run, journal: Journal
) -> None:
    async def main() -> None:
        app_processor = application(journal)
        late: list[BaseException | None] = []

        async def come_late(app: Scope[Any]) -> None:
            await asyncio.sleep(2)
            late.append(await ended(app.run(request(app_processor, journal), None)))

        async with (
            asyncio.TaskGroup() as group,
            scope(app_processor, None, drain_timeout=60) as app,
        ):
            group.create_task(app.run(request(app_processor, journal, 5), None))
            group.create_task(come_late(app))
            await settled()
        assert [str(error) for error in late] == ["the scope is closing: it takes no runs"]
        assert isinstance(late[0], ScopeClosedError)
        after = await ended(app.run(request(app_processor, journal), None))
        assert str(after) == "the scope is closed: it takes no runs"

    run(main())
    expected = ["db opened", "answer", "answer ended", "answered", "answered ended", "db closed"]
    assert journal.events == expected


@pytest.mark.guarantee("43.2")
def test_runs_that_take_longer_than_drain_timeout_are_cancelled_and_clean_up_in_full(
    run: Run, journal: Journal
) -> None:
    async def main() -> None:
        app_processor = application(journal)
        async with asyncio.TaskGroup() as group, scope(app_processor, None, drain_timeout=3) as app:
            running = group.create_task(ended(app.run(request(app_processor, journal, 50), None)))
            await settled()
        error = running.result()
        assert isinstance(error, ScopeClosedError)
        assert "it was still in flight after 3 seconds" in str(error)
        assert running.cancelling() == 0

    run(main())
    assert journal.timed[-4:] == [
        (3, "answer cancelled"),
        (3, "answered"),
        (4, "answered ended"),
        (4, "db closed"),
    ]


@pytest.mark.guarantee("43.2")
def test_a_cancel_while_draining_cancels_the_runs_at_once(run: Run, journal: Journal) -> None:
    async def main() -> None:
        app_processor = application(journal)

        async def serve() -> None:
            async with scope(app_processor, None, drain_timeout=60) as app:
                serving.append(asyncio.create_task(ended(app.run(slow, None))))
                await settled()

        slow = request(app_processor, journal, 50)
        serving: list[asyncio.Task[Any]] = []
        server = asyncio.create_task(ended(serve()))
        asyncio.get_running_loop().call_at(2, server.cancel)
        assert isinstance(await server, asyncio.CancelledError)
        assert isinstance(await serving[0], ScopeClosedError)

    run(main())
    assert journal.timed[-3:] == [(2, "answered"), (3, "answered ended"), (3, "db closed")]


@pytest.mark.guarantee("43.2")
def test_an_anyio_scope_that_cancels_again_and_again_is_waited_out(journal: Journal) -> None:
    import anyio

    async def main() -> int:
        app_processor = application(journal)
        slow = request(app_processor, journal, 50)
        serving: list[asyncio.Task[BaseException | None]] = []
        with anyio.CancelScope() as cancel_scope:
            async with scope(app_processor, None, drain_timeout=60) as app:
                serving.append(asyncio.create_task(ended(app.run(slow, None))))
                await settled()
                cancel_scope.cancel()
        assert isinstance(await serving[0], ScopeClosedError)
        return running_loop().cycles

    assert run_on_virtual_clock(main()) < 100
    assert journal.events[-2:] == ["answered ended", "db closed"]


@pytest.mark.guarantee("43.3")
def test_what_fails_while_the_scope_opens_is_raised_after_cleanup(
    run: Run, journal: Journal
) -> None:
    async def main() -> None:
        app_processor = application(journal, pre_execute=journal.fails("db", OSError("no db")))
        entered = False
        with pytest.raises(SdaxExecutionError) as raised:
            async with scope(app_processor, None):
                entered = True
        assert not entered
        assert [failure.task for failure in raised.value.failures] == ["db"]

    run(main())
    assert journal.events == ["db", "db closed"]


@pytest.mark.guarantee("43.3")
def test_a_scope_that_does_not_open_in_time_is_closed_again(run: Run, journal: Journal) -> None:
    async def main() -> None:
        app_processor = application(journal, pre_execute=journal.takes("db", 50))
        with pytest.raises(TimeoutError, match="not open within its timeout of 2 seconds"):
            async with scope(app_processor, None, timeout=2):
                pass

    run(main())
    assert journal.timed[-1] == (2, "db closed")


@pytest.mark.guarantee("43.3")
def test_the_timeout_is_for_opening_alone(run: Run, journal: Journal) -> None:
    async def main() -> None:
        async with scope(application(journal), None, timeout=2):
            await asyncio.sleep(50)

    run(main())
    assert journal.timed[-1] == (50, "db closed")


@pytest.mark.guarantee("43.4")
@pytest.mark.parametrize("error", [None, LookupError("body")])
def test_the_cleanup_of_the_application_knows_how_the_body_ended(
    run: Run, journal: Journal, error: Exception | None
) -> None:
    outcomes: list[str] = []

    async def close(_: object) -> None:
        outcomes.append(current_run().outcome)

    async def main() -> None:
        async with scope(application(journal, post_execute=task_func(close)), None):
            if error is not None:
                raise error

    async def see() -> None:
        assert await ended(main()) is error

    run(see())
    assert outcomes == ["succeeded" if error is None else "failed"]


@pytest.mark.guarantee("43.4")
def test_a_resource_that_dies_cancels_the_body_and_is_raised(run: Run, journal: Journal) -> None:
    death = ConnectionError("the server went away")

    async def hold(_: object) -> None:
        handle = current_run()
        asyncio.get_running_loop().call_later(3, handle.fail, "db", death)

    async def main() -> None:
        app_processor = application(journal, pre_execute=task_func(hold))

        async def serve() -> None:
            async with scope(app_processor, None):
                try:
                    await asyncio.sleep(50)
                finally:
                    journal.write("body ends")

        error = await ended(serve())
        assert isinstance(error, SdaxExecutionError)
        assert list(error.exceptions) == [death]
        me = asyncio.current_task()
        assert me is not None
        assert me.cancelling() == 0

    run(main())
    assert journal.timed == [(3, "body ends"), (3, "db closed")]


@pytest.mark.guarantee("43.5")
def test_a_graph_with_a_parent_runs_in_its_open_scope_alone(run: Run, journal: Journal) -> None:
    async def main() -> None:
        app_processor, other = application(journal), application(journal)
        child = request(app_processor, journal)
        outside = await ended(child.process_tasks(None))
        assert isinstance(outside, ScopeError)
        assert "it was to run outside of it" in str(outside)
        async with scope(other, None) as app:
            error = await ended(app.run(child, None))
            assert isinstance(error, ScopeError)
            assert "the parent of the graph is another application, with 'db'" in str(error)
            nested = AsyncDagTaskProcessor[Any].builder().add_task(subgraph("in", child)).build()
            error = await ended(app.run(nested, None))
            assert isinstance(error, SdaxExecutionError)
            assert "in the scope of another one" in str(error.exceptions[0])
        with pytest.raises(ScopeError):
            child.open(None)

    run(main())
    assert "answer" not in journal.events


@pytest.mark.guarantee("43.5")
def test_what_outlives_a_run_finds_the_scope_closed(run: Run, journal: Journal) -> None:
    async def main() -> None:
        app_processor = application(journal)
        child, spawned = request(app_processor, journal), list[asyncio.Task[Any]]()

        async def wait_and_run() -> None:
            await asyncio.sleep(5)
            await child.process_tasks(None)

        async def spawn(_: object) -> None:
            await child.process_tasks(None)  # inside a run that is counted
            spawned.append(asyncio.create_task(ended(wait_and_run())))

        spawning: Processor = (
            AsyncDagTaskProcessor[Any]
            .builder(parent=app_processor)
            .add_task(task("spawn", execute=task_func(spawn)))
            .build()
        )
        async with scope(app_processor, None) as app:
            await app.run(spawning, None)
        error = await spawned[0]
        assert isinstance(error, ScopeError)
        assert "has been closed: what its tasks held is gone" in str(error)

    run(main())


@pytest.mark.guarantee("43.5")
def test_tasks_can_stand_in_for_those_of_the_application(run: Run, journal: Journal) -> None:
    async def main() -> None:
        app_processor = application(journal)
        fake: AsyncTask[Any, str] = task("db", pre_execute=journal.quick("fake db"))
        async with scope(app_processor, None, override={"db": fake}) as app:
            await app.run(request(app_processor, journal), None)

    run(main())
    assert journal.events == ["fake db", "answer", "answer ended", "answered", "answered ended"]


@pytest.mark.guarantee("43.5")
def test_another_event_loop_is_refused(journal: Journal) -> None:
    async def main() -> None:
        app_processor = application(journal)
        found: list[BaseException | None] = []
        async with scope(app_processor, None) as app:
            running = app.run(request(app_processor, journal), None)
            thread = threading.Thread(target=lambda: found.append(asyncio.run(ended(running))))
            thread.start()
            thread.join(10)
        assert isinstance(found[0], ScopeError)
        assert "opened in another event loop" in str(found[0])

    asyncio.run(main())


@pytest.mark.guarantee("43.6")
@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"processor": "app"}, TypeError, "scope takes a processor, as build() makes it"),
        ({"timeout": -1}, ValueError, "timeout must be a finite number of seconds"),
        ({"timeout": "2"}, TypeError, "timeout must be a finite number of seconds"),
        ({"drain_timeout": float("inf")}, ValueError, "drain_timeout must be a finite number"),
        ({"drain_timeout": True}, TypeError, "drain_timeout must be a finite number"),
        ({"observers": [3]}, TypeError, "observers"),
    ],
)
def test_a_mistake_is_found_when_the_scope_is_made(
    journal: Journal, arguments: dict[str, Any], kind: type[Exception], message: str
) -> None:
    complete: dict[str, Any] = {"processor": application(journal), "ctx": None} | arguments

    with pytest.raises(kind) as raised:
        scope(**complete)

    assert message in str(raised.value)


@pytest.mark.guarantee("43.6")
def test_an_application_that_would_work_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="task 'answer' has an execute, which would never run"):
        scope(request(None, journal), None)


@pytest.mark.guarantee("43.6")
def test_a_scope_is_used_in_its_block_and_once(run: Run, journal: Journal) -> None:
    async def main() -> None:
        app = scope(application(journal), None)
        not_open = await ended(app.run(request(None, journal), None))
        assert str(not_open) == "the scope is not open yet: it takes no runs"
        async with app:
            wrong: Any = "request"
            assert "app.run takes a processor" in str(await ended(app.run(wrong, None)))
        with pytest.raises(RuntimeError, match="a scope is entered once"):
            await app.__aenter__()

    run(main())


@pytest.mark.guarantee("43.2")
def test_the_cancel_of_a_run_is_taken_back_whatever_comes_out(run: Run, journal: Journal) -> None:
    class Fatal(BaseException):
        pass

    async def answer_with_more(_: object) -> None:
        try:
            await asyncio.sleep(50)
        except asyncio.CancelledError:
            raise Fatal from None

    async def main() -> None:
        made: AsyncTask[Any, str] = task("answer", execute=task_func(answer_with_more))
        processor = AsyncDagTaskProcessor[Any].builder().add_task(made).build()
        counts: list[int] = []

        async def serve(app: Scope[Any]) -> None:
            assert isinstance(await ended(app.run(processor, None)), Fatal)
            me = asyncio.current_task()
            assert me is not None
            counts.append(me.cancelling())

        async with (
            asyncio.TaskGroup() as group,
            scope(application(journal), None, drain_timeout=1) as app,
        ):
            group.create_task(serve(app))
            await settled()
        assert counts == [0]

    run(main())


class Story:
    """A scope with runs in flight, cancelled at one step, and what was seen of it."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.error: BaseException | None = None
        self.was_cancelled = False

    async def run(self, step: int) -> None:
        journal = self.journal
        app_processor = application(
            journal,
            pre_execute=journal.takes("open", 1),
            post_execute=journal.takes("close", 1),
        )
        short, long = request(app_processor, journal, 1), request(app_processor, journal, 50)
        requests: list[asyncio.Task[BaseException | None]] = []

        async def serve() -> None:
            async with scope(app_processor, None, drain_timeout=3) as app:
                for processor in (short, long):
                    requests.append(asyncio.create_task(ended(app.run(processor, None))))
                await asyncio.sleep(0.5)

        async def call_it() -> None:
            self.error = await ended(serve())

        server = asyncio.create_task(call_it())
        cancelling = cancel_at_step(server, step)
        await asyncio.wait((server,))
        self.was_cancelled = cancelling.requests > 0
        if server.cancelled():  # before it had begun
            self.error = asyncio.CancelledError()
        if requests:
            await asyncio.wait(requests)
        self.requests = [made.result() for made in requests]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def check(self) -> None:
        events = self.journal.events
        assert isinstance(self.error, asyncio.CancelledError if self.was_cancelled else type(None))
        assert events.count("open") == events.count("close") <= 1
        assert events.count("answer") == events.count("answered")
        assert all(error is None or isinstance(error, ScopeClosedError) for error in self.requests)
        if "answered" in events:
            last = max(i for i, event in enumerate(events) if event.startswith("answered"))
            assert last < events.index("close")
            assert "answered cancelled" not in events, "cleanup is not cut short"


@pytest.mark.guarantee("43.2")
@pytest.mark.parametrize("factory", FACTORIES)
def test_a_cancel_at_any_step_drains_and_then_releases(
    monkeypatch: pytest.MonkeyPatch, factory: Factory | None
) -> None:
    monkeypatch.delitem(sys.modules, "anyio", raising=False)
    stories: list[Story] = []
    while not stories or stories[-1].was_cancelled:
        stories.append(Story())
        run_on_virtual_clock(stories[-1].run(len(stories)), factory=factory)
        stories[-1].check()

    assert len(stories) > 20

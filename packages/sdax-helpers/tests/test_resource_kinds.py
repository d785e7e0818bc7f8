"""Guarantee 40: what a factory may return, and what is refused."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from guarantee_support import THREAD_KINDS, Journal, LoopKind, Run, ended
from guarantee_support.graphs import processor_of
from sdax_core import SdaxExecutionError, current_run
from sdax_helpers import resource

WHO: ContextVar[str] = ContextVar("who", default="nobody")
MARK = "value"


@asynccontextmanager
async def decorated(journal: Journal) -> AsyncGenerator[str]:
    journal.write("entered")
    try:
        yield MARK
    finally:
        await asyncio.sleep(0)
        journal.write("left")


async def generator(journal: Journal) -> AsyncGenerator[str]:
    journal.write("entered")
    try:
        yield MARK
    finally:
        await asyncio.sleep(0)
        journal.write("left")


class Manager:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    async def __aenter__(self) -> str:
        self.journal.write("entered")
        return MARK

    async def __aexit__(self, *_: object) -> None:
        self.journal.write("left")


class AlsoAwaitable(Manager):
    """As connection pools often are; and a sync manager, too, as some used to be."""

    def __await__(self) -> Generator[Any, Any, None]:
        raise AssertionError("awaited")

    def __enter__(self) -> None:
        raise AssertionError("entered the sync way")

    def __exit__(self, *_: object) -> None:
        raise AssertionError("left the sync way")


class Client(str):
    """Has only `aclose()`, as many clients do; compares as the mark."""

    __slots__ = ("journal",)

    journal: Journal

    async def aclose(self) -> None:
        self.journal.write("left")


def client(journal: Journal) -> Client:
    made = Client(MARK)
    made.journal = journal
    journal.write("entered")
    return made


async def async_factory(journal: Journal) -> Manager:
    await asyncio.sleep(0)
    return Manager(journal)


async def async_factory_of_client(journal: Journal) -> Client:
    await asyncio.sleep(0)
    return client(journal)


FACTORIES: list[Callable[[Any], Any]] = [
    decorated,
    generator,
    Manager,
    AlsoAwaitable,
    client,
    async_factory,
    async_factory_of_client,
    lambda journal: generator(journal),
]


@pytest.mark.guarantee("40.2")
@pytest.mark.parametrize("factory", FACTORIES)
def test_a_factory_may_return_an_async_manager_a_generator_or_a_closable_or_await_one(
    run_anywhere: Run, journal: Journal, factory: Callable[[Any], Any]
) -> None:
    values: list[object] = []

    class Context(Journal):
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if name == "value":
                values.append(value)

    context = Context()

    async def work(_: Journal) -> None:
        context.write("work")

    run_anywhere(
        processor_of(resource("r", factory, into="value", execute=work)).process_tasks(context)
    )

    assert context.events == ["entered", "work", "left"]
    assert values == [MARK]


@pytest.mark.guarantee("40.2")
@pytest.mark.parametrize("factory", [generator, decorated])
def test_a_generator_is_given_the_error_at_its_yield(
    run_anywhere: Run, factory: Callable[[Any], Any]
) -> None:
    context = Journal()

    async def fails(_: Journal) -> None:
        raise ValueError

    error = run_anywhere(
        ended(processor_of(resource("r", factory, execute=fails)).process_tasks(context))
    )
    assert isinstance(error, SdaxExecutionError)
    assert [type(leaf) for leaf in error.exceptions] == [ValueError]
    assert context.events == ["entered", "left"]


@pytest.mark.guarantee("40.2", "40.3")
def test_a_cancel_scope_of_anyio_is_entered_in_the_task_that_it_is_for(run_anyio: Run) -> None:
    async def expire(ctx: SimpleNamespace) -> None:
        await asyncio.sleep(1)
        assert not ctx.scope.cancel_called

    processor = processor_of(
        resource("scope", lambda _: anyio.CancelScope(deadline=50), into="scope", execute=expire)
    )
    context = SimpleNamespace()
    run_anyio(processor.process_tasks(context))
    assert not context.scope.cancel_called


@pytest.mark.guarantee("40.3")
@pytest.mark.parametrize("make", [asyncio.TaskGroup, anyio.create_task_group])
def test_a_task_group_can_be_a_resource_that_waits_for_its_tasks(
    run_anyio: Run, journal: Journal, make: Callable[[], Any]
) -> None:
    async def work() -> None:
        await asyncio.sleep(5)
        journal.write("done")

    async def start(ctx: SimpleNamespace) -> None:
        begin = getattr(ctx.group, "create_task", None)
        if begin is None:
            ctx.group.start_soon(work)
        else:
            begin(work())

    processor = processor_of(resource("group", lambda _: make(), into="group", execute=start))
    run_anyio(processor.process_tasks(SimpleNamespace()))
    assert journal.timed == [(5, "done")]


@pytest.mark.guarantee("40.3", "40.6")
@pytest.mark.parametrize("make", [asyncio.TaskGroup, anyio.create_task_group])
def test_a_task_group_that_is_left_by_a_run_that_failed_cancels_its_tasks_and_adds_no_failure(
    run_anyio: Run, make: Callable[[], Any]
) -> None:
    async def start_and_fail(ctx: SimpleNamespace) -> None:
        begin = getattr(ctx.group, "create_task", None)
        if begin is None:
            ctx.group.start_soon(asyncio.sleep, 1000)
        else:
            begin(asyncio.sleep(1000))
        await asyncio.sleep(1)
        raise ValueError("execute")

    processor = processor_of(
        resource("group", lambda _: make(), into="group", execute=start_and_fail)
    )

    async def main() -> BaseException | None:
        async with asyncio.timeout(10):
            return await ended(processor.process_tasks(SimpleNamespace()))

    error = run_anyio(main())
    assert isinstance(error, SdaxExecutionError)
    assert [type(leaf) for leaf in error.leaf_exceptions()] == [ValueError]


def sync_generator(_: object) -> Generator[None]:
    yield


async def nested_awaitable(_: object) -> object:
    async def inner() -> None: ...

    coroutine = inner()
    coroutine.close()
    return coroutine


UNSUITABLE: list[tuple[Callable[[Any], Any], str]] = [
    (lambda _: None, "None (NoneType)"),
    (lambda _: 7, "7 (int)"),
    (lambda _: Manager, "the class Manager: call it"),
    (lambda _: Client, "the class Client: call it"),
    (sync_generator, "decorate its function with contextlib.contextmanager"),
    (nested_awaitable, "(coroutine)"),
]


@pytest.mark.guarantee("40.2")
@pytest.mark.parametrize(("factory", "described"), UNSUITABLE)
def test_anything_else_is_a_type_error_that_names_the_task(
    run_anywhere: Run, factory: Callable[[object], Any], described: str
) -> None:
    error = run_anywhere(ended(processor_of(resource("pool", factory)).process_tasks(None)))

    assert isinstance(error, SdaxExecutionError)
    (failure,) = error.failures
    assert isinstance(failure.exception, TypeError)
    assert failure.phase == "pre_execute"
    assert str(failure.exception).startswith(
        "task 'pool': the factory of the resource must return an async or sync context manager, "
        "an async generator, or an object with aclose(); it returned "
    )
    assert described in str(failure.exception)


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"factory": None}, TypeError, "factory must be a function that takes the context; got None"),
    ({"factory": contextmanager(sync_generator)(0)}, TypeError, "which is one: write lambda ctx:"),
    ({"factory": decorated(Journal())}, TypeError, "must make a new context manager for each"),
    ({"into": 7}, TypeError, "into must be the name of an attribute; got 7"),
    ({"into": ""}, ValueError, "into must be the name of an attribute; got ''"),
    ({"timeout": -1}, ValueError, "timeout"),
    ({"timeout": "1"}, TypeError, "timeout"),
    ({"retry": 3}, TypeError, "retry"),
    ({"execute": 3}, TypeError, "function"),
    ({"interceptors": 3}, TypeError, "interceptors"),
]


@pytest.mark.guarantee("40.2", "40.11", "25.1", "25.2", "25.3")
@pytest.mark.parametrize(("settings", "kind", "message"), WRONG, ids=str)
def test_bad_settings_are_refused_when_the_task_is_made(
    settings: dict[str, Any], kind: type[Exception], message: str
) -> None:
    usual: dict[str, Any] = {"factory": Manager}
    with pytest.raises(kind) as caught:
        resource("pool", **(usual | settings))
    assert str(caught.value).startswith("resource 'pool': ")
    assert message in str(caught.value)


# Sync context managers


@pytest.fixture(params=THREAD_KINDS, ids=lambda kind: kind.name)
def run_with_threads(request: pytest.FixtureRequest) -> Run:
    kind: LoopKind = request.param
    return kind.run


@pytest.mark.guarantee("40.2", "40.1", "40.12")
def test_a_sync_manager_is_entered_and_left_in_one_thread_of_its_own_and_one_context(
    run_with_threads: Run,
) -> None:
    threads: list[threading.Thread] = []
    seen: list[str] = []

    @contextmanager
    def blocking(_: object) -> Generator[str]:
        threads.append(threading.current_thread())
        token = WHO.set("resource")
        assert current_run().phase == "pre_execute"
        yield MARK
        assert current_run().phase == "post_execute"
        threads.append(threading.current_thread())
        WHO.reset(token)

    async def see(_: object) -> None:
        seen.append(WHO.get())

    context = SimpleNamespace()
    processor = processor_of(resource("r", blocking, into="value", execute=see))
    run_with_threads(processor.process_tasks(context))

    assert context.value == MARK
    assert seen == ["resource"]
    assert threads[0] is threads[1]
    assert threads[0] is not threading.main_thread()
    assert threads[0].name.startswith("sdax: r")
    threads[0].join(10)
    assert not threads[0].is_alive()


@pytest.mark.guarantee("40.2", "40.4", "40.6")
def test_a_sync_manager_is_given_the_error_too(run_with_threads: Run) -> None:
    given: list[BaseException] = []

    @contextmanager
    def blocking(_: object) -> Generator[None]:
        try:
            yield
        except Exception as error:
            given.append(error)
            raise

    async def fails(_: object) -> None:
        raise ValueError

    error = run_with_threads(
        ended(processor_of(resource("r", blocking, execute=fails)).process_tasks(None))
    )
    assert isinstance(error, SdaxExecutionError)
    assert len(error.failures) == len(given) == 1


class Stops:
    def __enter__(self) -> None:
        raise StopIteration

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.guarantee("40.2")
@pytest.mark.parametrize(
    ("manager", "kind"), [(Stops, RuntimeError), (contextmanager(sync_generator), None)]
)
def test_a_sync_manager_that_raises_stop_iteration_fails_and_does_not_hang(
    run_with_threads: Run, manager: Callable[..., Any], kind: type[Exception] | None
) -> None:
    made = resource("r", lambda _: manager() if manager is Stops else manager(None))
    error = run_with_threads(ended(processor_of(made).process_tasks(None)))
    if kind is None:
        assert error is None
    else:
        assert isinstance(error, SdaxExecutionError)
        assert [type(leaf) for leaf in error.exceptions] == [kind]


@pytest.mark.guarantee("40.7", "40.2", "20.1")
@pytest.mark.parametrize("is_sweep", [False, True])
def test_a_cancel_while_a_thread_enters_waits_for_it_and_has_it_left(
    run_with_threads: Run, is_sweep: bool
) -> None:
    opened = threading.Event()
    events: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        stands = asyncio.Event()

        @contextmanager
        def blocking(_: object) -> Generator[None]:
            loop.call_soon_threadsafe(stands.set)
            assert opened.wait(10)
            events.append("entered")
            try:
                yield
            except asyncio.CancelledError:
                events.append("cancelled")
                raise
            finally:
                events.append("left")

        running = asyncio.create_task(processor_of(resource("r", blocking)).process_tasks(None))
        await stands.wait()
        doomed = asyncio.all_tasks() - {asyncio.current_task()} if is_sweep else {running}
        for one in doomed:
            one.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert events == []
        opened.set()
        await asyncio.wait((running,))
        assert running.cancelled()

    run_with_threads(main())
    assert events == ["entered", "cancelled", "left"]

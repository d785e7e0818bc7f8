"""Guarantee 26: context variables."""

import asyncio
from contextvars import ContextVar, Token, copy_context
from typing import Any, NoReturn

import pytest
from guarantee_support import Journal, Run, ended
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxTaskGroup, TaskFunction

PHASES = ("pre_execute", "execute", "post_execute")
variable: ContextVar[object] = ContextVar("variable", default="unset")


class Wild:
    """A value that cannot be compared, as arrays cannot."""

    def __eq__(self, other: object) -> NoReturn:
        raise RuntimeError("these values have no equality")

    __hash__ = None  # type: ignore[assignment]


VALUES: list[object] = ["text", Wild(), float("nan"), None]


async def suspend() -> None:
    await asyncio.sleep(0)


async def do_not_suspend() -> None: ...


PAUSES = pytest.mark.parametrize("pause", [suspend, do_not_suspend])


@pytest.mark.guarantee("26.1")
@pytest.mark.parametrize("value", VALUES, ids=["text", "wild", "nan", "none"])
def test_every_function_starts_from_the_context_of_the_call(run: Run, value: object) -> None:
    seen: list[object] = []

    async def look(_: object) -> None:
        seen.append(variable.get())

    builder = AsyncDagTaskProcessor[None].builder()
    for name in "ab":
        functions = dict.fromkeys(PHASES, TaskFunction[Any](look))
        builder.add_task(AsyncTask(name, **functions))

    async def main() -> None:
        variable.set(value)
        await builder.build().process_tasks(None)

    run(main())

    assert [one is value for one in seen] == [True] * 6


@pytest.mark.guarantee("26.1")
def test_each_phase_starts_from_the_context_of_its_own_run_next(run: Run) -> None:
    seen: list[object] = []

    async def look(_: object) -> None:
        seen.append(variable.get())

    builder = AsyncDagTaskProcessor[None].builder()
    processor = builder.add_task(
        AsyncTask("a", **dict.fromkeys(PHASES, TaskFunction[Any](look)))
    ).build()

    async def main() -> None:
        variable.set("before the block")
        async with processor.open(None) as runner:
            variable.set("first")
            await runner.run_next()
            variable.set("second")
            await runner.run_next()
            variable.set("at the end")

    run(main())

    assert seen == ["first", "second", "at the end"]


@pytest.mark.guarantee("26.2")
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("value", VALUES, ids=["text", "wild", "nan", "none"])
@PAUSES
def test_what_a_function_sets_is_seen_by_no_other_task(
    run: Run, phase: str, value: object, pause: Any
) -> None:
    seen: list[object] = []

    async def look_and_set(_: object) -> None:
        seen.append(variable.get())
        variable.set(value)
        await pause()
        assert variable.get() is value

    builder = AsyncDagTaskProcessor[None, int].builder()
    for number in range(9):
        functions: dict[str, Any] = {phase: TaskFunction(look_and_set)}
        builder.add_task(AsyncTask(number, **functions), (number - 3,) if number >= 3 else ())

    async def main() -> object:
        variable.set("of the caller")
        await builder.build(execute_order="dependencies").process_tasks(None)
        return variable.get()

    assert run(main()) == "of the caller"
    assert seen == ["of the caller"] * 9


@pytest.mark.guarantee("26.2")
@PAUSES
def test_what_a_function_that_fails_or_is_cancelled_set_is_seen_by_no_other_task(
    run: Run, pause: Any
) -> None:
    seen: list[object] = []

    async def set_and_fail(_: object) -> None:
        variable.set("failed")
        await pause()
        raise OSError("no such host")

    async def set_and_wait(_: object) -> None:
        variable.set("cancelled")
        await asyncio.sleep(60)

    async def look(_: object) -> None:
        seen.append(variable.get())

    builder = AsyncDagTaskProcessor[None].builder()
    for name in ("before", "failing", "between", "waiting", "after"):
        execute = {"failing": set_and_fail, "waiting": set_and_wait}.get(name, look)
        post = TaskFunction[Any](look) if execute is look else None
        builder.add_task(AsyncTask(name, execute=TaskFunction(execute), post_execute=post))

    run(ended(builder.build(on_execute_error="cancel").process_tasks(None)))

    assert set(seen) == {"unset"}


@pytest.mark.guarantee("26.3")
@PAUSES
def test_what_a_function_sets_is_seen_by_the_later_phases_of_its_task(run: Run, pause: Any) -> None:
    seen: list[tuple[str, object]] = []

    def setter(name: str, value: str) -> TaskFunction[Any]:
        async def look_and_set(_: object) -> None:
            await pause()
            seen.append((name, variable.get()))
            variable.set(value)

        return TaskFunction(look_and_set)

    builder = AsyncDagTaskProcessor[None].builder()
    for name in "ab":
        builder.add_task(
            AsyncTask(
                name,
                pre_execute=setter(name, f"{name} 1"),
                execute=setter(name, f"{name} 2"),
                post_execute=setter(name, f"{name} 3"),
            )
        )

    run(builder.build().process_tasks(None))

    assert [value for name, value in seen if name == "a"] == ["unset", "a 1", "a 2"]
    assert [value for name, value in seen if name == "b"] == ["unset", "b 1", "b 2"]


@pytest.mark.guarantee("26.3")
@pytest.mark.parametrize("value", VALUES, ids=["text", "wild", "nan", "none"])
@pytest.mark.parametrize("phase", ["pre_execute", "execute"])
@pytest.mark.parametrize(
    "settings", [{}, {"timeout": 60}, {"retries": 2}, {"has_task_group_argument": True}], ids=str
)
@PAUSES
def test_a_token_can_be_reset_in_post_execute(
    run: Run, value: object, phase: str, settings: dict[str, Any], pause: Any
) -> None:
    async def attach(ctx: dict[str, Token[object]], _group: SdaxTaskGroup | None = None) -> None:
        ctx["token"] = variable.set(value)
        await pause()

    async def detach(ctx: dict[str, Token[object]]) -> None:
        await pause()
        assert variable.get() is value
        variable.reset(ctx.pop("token"))

    functions: dict[str, Any] = {phase: TaskFunction(attach, **settings)}
    builder = AsyncDagTaskProcessor[dict[str, Token[object]]].builder()
    builder.add_task(AsyncTask("other", execute=TaskFunction(lambda _: suspend())))
    builder.add_task(AsyncTask("span", **functions, post_execute=TaskFunction(detach)))
    context: dict[str, Token[object]] = {}

    assert run(ended(builder.build().process_tasks(context))) is None
    assert context == {}


@pytest.mark.guarantee("26.3")
def test_a_token_can_be_reset_after_a_failed_attempt_and_a_cancelled_run(
    run: Run, journal: Journal
) -> None:
    tokens: list[Token[object]] = []

    async def attach_and_fail(_: object) -> None:
        tokens.append(variable.set("attached"))
        raise ConnectionError("down")

    async def detach_all(_: object) -> None:
        for token in reversed(tokens):
            variable.reset(token)
        journal.write(f"after {len(tokens)} attempts: {variable.get()}")

    attach = TaskFunction[None](attach_and_fail, retries=2, initial_delay=0)
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", pre_execute=attach, post_execute=TaskFunction(detach_all)))

    run(ended(builder.build().process_tasks(None)))

    assert journal.events == ["after 3 attempts: unset"]


@pytest.mark.guarantee("26.3", "24.1")
def test_subtasks_start_from_the_context_of_their_function(run: Run) -> None:
    seen: list[object] = []

    async def part() -> None:
        seen.append(variable.get())
        variable.set("of the part")

    async def whole(_: object, group: SdaxTaskGroup) -> None:
        variable.set("of the function")
        await group.create_task(part())
        own = copy_context()
        own.run(variable.set, "given")
        await group.create_task(part(), context=own)
        seen.append(variable.get())

    function = TaskFunction[None](whole, has_task_group_argument=True)
    builder = AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a", execute=function))

    run(builder.build().process_tasks(None))

    assert seen == ["of the function", "given", "of the function"]

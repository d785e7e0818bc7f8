"""Guarantee 26: the phases of a task share one context."""

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


@pytest.mark.guarantee("26.3")
@pytest.mark.parametrize("max_concurrency", [None, 1])
@PAUSES
def test_what_a_function_sets_is_seen_by_the_later_phases_of_its_task(
    run: Run, pause: Any, max_concurrency: int | None
) -> None:
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

    run(builder.build(max_concurrency=max_concurrency).process_tasks(None))

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
    other = TaskFunction[Any](lambda _: pause())
    builder.add_task(AsyncTask("other", execute=other, post_execute=other))
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

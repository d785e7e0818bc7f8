"""Guarantee 26: context variables."""

import asyncio
from contextvars import ContextVar
from typing import Any, NoReturn

import pytest
from guarantee_support import Run, ended
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

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
        functions: dict[str, Any] = dict.fromkeys(PHASES, TaskFunction(look))
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

    functions: dict[str, Any] = dict.fromkeys(PHASES, TaskFunction(look))
    builder = AsyncDagTaskProcessor[None].builder()
    processor = builder.add_task(AsyncTask("a", **functions)).build()

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

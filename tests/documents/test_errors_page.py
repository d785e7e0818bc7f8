"""The page on errors names every exception class, and its messages are the ones that a user gets."""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sdax import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxExecutionError,
    current_run,
    scope,
    task,
    task_func,
    task_sync_func,
)
from update_public_surface import PACKAGES, public_modules

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/errors.md").read_text("utf-8")
ROW = re.compile(r"^\| `(?P<kind>\w+)`: `(?P<message>.+?)`(?: …)? \|", re.MULTILINE)
QUICK = 0.01
"""The seconds of every limit on the page."""


async def nothing(_: object) -> None:
    pass


async def slow(_: object) -> None:
    await asyncio.get_running_loop().create_future()


async def stray(_: object) -> None:
    raise asyncio.CancelledError


def plain(_: object) -> int:
    return 3


def anything(value: object) -> Any:
    """Hide the type: a checker would refuse what is refused."""
    return value


def work(key: Any, **settings: Any) -> AsyncTask[Any, Any]:
    return task(key, execute=task_func(nothing), **settings)


def build(
    *tasks: tuple[AsyncTask[Any, Any], Any], **options: Any
) -> AsyncDagTaskProcessor[Any, Any]:
    builder = AsyncDagTaskProcessor[Any].builder()
    for each, depends_on in tasks:
        builder.add_task(each, depends_on=depends_on)
    return builder.build(**options)


def run(processor: AsyncDagTaskProcessor[Any, Any], **settings: Any) -> None:
    """Run it, and raise what its first task failed with as it is."""
    try:
        asyncio.run(processor.process_tasks(None, **settings))
    except SdaxExecutionError as error:
        raise error.exceptions[0] from None


def executing(function: Any, **settings: Any) -> AsyncDagTaskProcessor[Any, Any]:
    return build((task("a", execute=task_func(function, **settings)), ()))


def cleaning_up_slowly() -> AsyncDagTaskProcessor[Any, Any]:
    return build((task("a", post_execute=task_func(slow)), ()), cleanup_timeout=QUICK)


def mistyped() -> None:
    coroutine = nothing(None)
    try:
        task_func(anything(coroutine))
    finally:
        coroutine.close()


application = build((task("pool", pre_execute=task_func(nothing)), ()))
request = (
    AsyncDagTaskProcessor[Any]
    .builder(parent=application)
    .add_task(work("query"), depends_on=("pool",))
    .build()
)


async def run_in_a_closed_scope() -> None:
    async with scope(application, None) as app:
        pass
    await app.run(request, None)


def import_without_the_library() -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ["opentelemetry", *sys.modules]:
            if re.match(r"sdax_contrib\._?otel", name):
                patch.delitem(sys.modules, name)
            if name.partition(".")[0] == "opentelemetry":
                patch.setitem(sys.modules, name, None)
        __import__("sdax_contrib.otel")


CAUSES: list[Callable[[], object]] = [
    lambda: build((work("prices"), ()), (work("total"), ("price",))),
    lambda: build((work("prices"), ()), (work("total"), (work("prices"),))),
    lambda: build((work("a"), ("b",)), (work("b"), ("a",))),
    lambda: build((work("a"), ()), (work("a"), ())),
    lambda: build((work("cache", optional=True), ()), (work("page"), ("cache",))),
    lambda: build((work("a"), "prices")),
    lambda: task("a", execute=anything(nothing)),
    mistyped,
    lambda: task_sync_func(anything(nothing)),
    lambda: task_func(nothing, retryable_exceptions=anything(ValueError)),
    lambda: task("a"),
    lambda: task(task_func(nothing)),
    lambda: anything(AsyncDagTaskProcessor[Any].builder()).process_tasks,
    lambda: scope(build((work("a"), ())), None),
    lambda: run(executing(slow, timeout=QUICK)),
    lambda: run(executing(slow), timeout=QUICK),
    lambda: run(cleaning_up_slowly()),
    lambda: run(executing(anything(plain))),
    lambda: run(executing(stray)),
    current_run,
    lambda: run(request),
    lambda: asyncio.run(run_in_a_closed_scope()),
    import_without_the_library,
]
"""What causes the messages of the page, in their order."""


def test_the_page_has_a_section_for_every_exception_class() -> None:
    modules = [module for package in PACKAGES for module in public_modules(package)]
    classes = {
        name
        for module in modules
        for name in module.__all__
        if isinstance(value := getattr(module, name), type) and issubclass(value, BaseException)
    }
    assert set(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == classes


@pytest.mark.parametrize("number", range(len(CAUSES)))
def test_the_message_on_the_page_is_the_one_that_is_given(number: int) -> None:
    kind, message = ROW.findall(PAGE)[number]
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the page says which
        CAUSES[number]()
    assert type(raised.value).__name__ == kind
    parts = [re.escape(part) for part in message.split("…")]
    assert re.match(".+".join(parts), str(raised.value)), str(raised.value)


def test_every_message_on_the_page_has_a_cause_here() -> None:
    assert len(ROW.findall(PAGE)) == len(CAUSES)

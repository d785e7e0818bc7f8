"""What the how-to pages say of bad input is what one gets."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from bad_input_tables import EXACT, answers
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    Attempt,
    Observer,
    RunHandle,
    SdaxExecutionError,
    after,
    current_run,
)
from sdax_helpers import task, task_func


async def nothing(_: object) -> None:
    pass


async def busy(_: object) -> None:
    raise ConnectionError


async def decide_async(_: object) -> bool:
    return True


def raises_key_error(_: object) -> bool:
    raise KeyError("user")


async def proceed_twice(_: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> None:
    await proceed()
    await proceed()


class AsyncObserver(Observer):
    async def run_started(self, run: RunHandle, /) -> None:  # type: ignore[override]
        pass


class NegativePolicy:
    def decide(self, *_: object) -> float:
        return -1


class BrokenPolicy:
    def decide(self, *_: object) -> float:
        raise KeyError


class BrokenListener(NegativePolicy):
    def on_success(self, _: int) -> None:
        raise KeyError


class AsyncPolicy:
    async def decide(self, *_: object) -> float:
        return 1


class OnlyTime:
    def time(self) -> float:
        return 0.0


def anything(value: object) -> Any:
    """Hide the type: a checker would refuse what the page says is refused."""
    return value


def work(key: Any, **settings: Any) -> AsyncTask[Any, Any]:
    return task(key, execute=task_func(nothing), **settings)


def build(*tasks: AsyncTask[Any, Any]) -> AsyncDagTaskProcessor[Any, Any]:
    builder = AsyncDagTaskProcessor[Any].builder()
    for each in tasks:
        builder.add_task(each)
    return builder.build()


check_out = (
    AsyncDagTaskProcessor[Any]
    .builder()
    .add_task(work("prices"))
    .add_task(work("charge"), depends_on=("prices",))
    .build()
)


def run(processor: AsyncDagTaskProcessor[Any, Any] = check_out, **settings: Any) -> None:
    """Run it, and raise what its first task failed with as it is."""
    try:
        asyncio.run(processor.process_tasks(None, **settings))
    except SdaxExecutionError as error:
        raise error.exceptions[0] from None


def add(dependency: Any) -> None:
    builder = AsyncDagTaskProcessor[Any].builder().add_task(work("cache", optional=True))
    builder.add_task(work("page"), depends_on=dependency).build()


def retried(policy: Any, call: Any = busy) -> AsyncDagTaskProcessor[Any, Any]:
    return build(task("call", execute=task_func(call, retry=policy)))


CASES: dict[str, list[Callable[[], object]]] = {
    "know-the-run": [current_run],
    "deadline": [lambda: run(timeout=-1), lambda: run(timeout="3")],
    "retry-policies-of-your-own": [
        lambda: retried(3),
        lambda: retried(AsyncPolicy()),
        lambda: task_func(busy, retry=NegativePolicy(), retries=1),
        lambda: run(retried(NegativePolicy())),
        lambda: run(retried(BrokenPolicy())),
        lambda: run(retried(BrokenListener(), nothing)),
        lambda: run(rng=random.Random),
        lambda: run(clock=OnlyTime()),
    ],
    "observe": [
        lambda: run(observers=[Observer]),
        lambda: run(observers=[print]),
        lambda: run(observers=Observer()),
        lambda: run(observers=[AsyncObserver()]),
    ],
    "intercept": [
        lambda: run(interceptors=[3]),
        lambda: run(interceptors=proceed_twice),
        lambda: run(interceptors=[proceed_twice]),
    ],
    "subset-and-override": [
        lambda: check_out.subset("price"),
        lambda: check_out.subset(),
        lambda: check_out.override({"charges": work("charges")}),
        lambda: check_out.override({"charge": work("pay")}),
        lambda: check_out.override(anything({"charge": task_func(nothing)})),
        lambda: check_out.override({"prices": work("prices", optional=True)}),
    ],
    "test-your-graph": [
        lambda: check_out.override({"price": work("price")}),
        lambda: check_out.override({"prices": work("fake")}),
        lambda: run(clock=OnlyTime()),
    ],
    "skip-a-task": [
        lambda: work("wrap", when=True),
        lambda: work("wrap", when=decide_async),
        lambda: run(build(work("wrap", when=raises_key_error))),
    ],
    "optional-tasks": [
        lambda: add(("cache",)),
        lambda: add((after("cash"),)),
        lambda: add(after("cache")),
        lambda: after(anything(["cache"])),
        lambda: work("cache", optional="yes"),
    ],
}
"""What does what the rows of the table on each page speak of, in their order."""


@pytest.mark.parametrize("page", CASES)
def test_the_page_says_what_bad_input_gives(page: str) -> None:
    for wrong, answer in zip(CASES[page], answers(page), strict=True):
        told = EXACT.search(answer)
        with pytest.raises(Exception) as raised:  # noqa: PT011 - the page says which, see below
            wrong()
        if told is None:
            assert "fails with that error" in answer
            assert type(raised.value) is KeyError
        else:
            assert type(raised.value).__name__ == told["kind"]
            assert told["message"] in str(raised.value)

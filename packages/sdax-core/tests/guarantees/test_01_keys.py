"""Guarantee 1: what a key may be."""

import re
from collections.abc import Hashable
from typing import Any

import pytest
from guarantee_support import Journal, Run
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction


class CannotBeCompared:
    """A key that is hashable and nothing else: any attempt to sort it fails in a way of its own."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __lt__(self, other: object) -> bool:
        raise RuntimeError("these keys have no order")


MIXED: tuple[Hashable, ...] = ("auth", ("db", "open"), 7, None, frozenset({1}), 2j, b"bytes", 0.5)
UNSORTABLE: tuple[Hashable, ...] = (
    CannotBeCompared("b"),
    CannotBeCompared("a"),
    object(),
    "text",
    7,
)


@pytest.mark.guarantee("1.1")
def test_one_graph_mixes_keys_of_any_hashable_kind(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[Any, Hashable].builder()
    for previous, key in zip((None, *MIXED), MIXED, strict=False):
        task = AsyncTask[Any, Hashable](key, pre_execute=journal.quick(repr(key)))
        builder.add_task(task, depends_on=() if key == MIXED[0] else (previous,))

    run(builder.build().process_tasks(None))

    assert journal.events == [repr(key) for key in MIXED]


@pytest.mark.guarantee("1.2")
def test_keys_that_cannot_be_sorted_build_and_run(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[Any, Hashable].builder()
    for key in UNSORTABLE:
        quick = journal.quick(repr(key))
        builder.add_task(AsyncTask(key, pre_execute=quick, execute=quick, post_execute=quick))

    run(builder.build().process_tasks(None))

    assert journal.events == [repr(key) for key in UNSORTABLE] * 3


@pytest.mark.guarantee("1.2")
def test_keys_that_cannot_be_sorted_fail_and_are_skipped(run: Run) -> None:
    async def fail(_: object) -> None:
        raise OSError("no such host")

    first, *others = UNSORTABLE
    builder = AsyncDagTaskProcessor[Any, Hashable].builder()
    builder.add_task(AsyncTask(first, execute=TaskFunction(fail)))
    for key in others:
        builder.add_task(AsyncTask(key, execute=TaskFunction(fail)), depends_on=(first,))

    with pytest.raises(SdaxExecutionError) as caught:
        run(builder.build(execute_order="dependencies").process_tasks(None))

    assert [failure.task for failure in caught.value.failures] == [first]
    assert list(caught.value.skipped) == others


@pytest.mark.guarantee("1.2")
def test_keys_that_cannot_be_sorted_are_listed_in_the_order_of_adding(journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[Any, Hashable].builder()
    for key in UNSORTABLE:
        builder.add_task(
            AsyncTask(key, pre_execute=journal.quick("pre"), post_execute=journal.quick("post"))
        )
    analysis = builder.build().analysis

    assert list(analysis.topological_order) == list(UNSORTABLE)
    assert list(analysis.pre_task_names) == list(UNSORTABLE)
    assert list(analysis.post_task_names) == list(UNSORTABLE)
    assert list(analysis.pre_execute_graph.waves[0].tasks) == list(UNSORTABLE)
    assert list(analysis.post_execute_graph.waves[0].tasks) == list(UNSORTABLE)


@pytest.mark.guarantee("1.2")
def test_mistakes_among_keys_that_cannot_be_sorted_are_reported() -> None:
    first, second, third, *_ = UNSORTABLE
    builder = AsyncDagTaskProcessor[Any, Hashable].builder()
    builder.add_task(AsyncTask(first), depends_on=(second, 7))
    builder.add_task(AsyncTask(second), depends_on=(first, third))

    with pytest.raises(ValueError, match="Cycle detected") as caught:
        builder.build()

    assert "7" in str(caught.value)
    assert repr(third) in str(caught.value)


@pytest.mark.guarantee("1.3")
@pytest.mark.parametrize(
    "key", [["a", "list"], {"a": "dict"}, {"a set"}, ("tuple", ["with a list"])]
)
def test_a_key_that_is_not_hashable_is_named(key: Any) -> None:
    with pytest.raises(TypeError, match=re.escape(repr(key))):
        AsyncDagTaskProcessor[Any].builder().add_task(AsyncTask(key))


@pytest.mark.guarantee("1.3")
def test_a_dependency_that_is_not_hashable_is_named() -> None:
    key: Any = ["a", "list"]
    with pytest.raises(TypeError, match=re.escape("['a', 'list']")):
        AsyncDagTaskProcessor[Any].builder().add_task(AsyncTask("task"), depends_on=(key,))

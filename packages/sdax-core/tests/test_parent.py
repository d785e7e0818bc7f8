"""A parent: the processor whose tasks a graph may depend on."""

from typing import Any

import pytest
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    GraphError,
    after,
)

Processor = AsyncDagTaskProcessor[Any, Any]
Builder = AsyncDagTaskProcessorBuilder[Any, Any]

PLATFORM = Processor.builder().add_task(AsyncTask("config")).build()
APP = (
    Processor.builder(parent=PLATFORM)
    .add_task(AsyncTask("pool"), depends_on=("config",))
    .add_task(AsyncTask("cache", optional=True))
    .build()
)


def request() -> Builder:
    return Processor.builder(parent=APP)


def mistake_in(builder: Builder) -> GraphError:
    with pytest.raises(GraphError) as caught:
        builder.build()
    return caught.value


def test_there_is_none_unless_one_is_given() -> None:
    assert Processor.builder().build().parent is None
    assert PLATFORM.parent is None
    assert APP.parent is PLATFORM
    assert request().build().parent is APP


@pytest.mark.guarantee("36.7")
def test_its_tasks_may_be_named_and_are_not_waited_for() -> None:
    graph = (
        request()
        .add_task(AsyncTask("user"), depends_on=("pool", "config", after("cache")))
        .add_task(AsyncTask("page"), depends_on=("user", "pool", after("config")))
        .build()
        .analysis.graph
    )

    assert graph.keys == ("user", "page")
    assert graph.predecessors == ((), (0,))
    assert graph.only_after == frozenset()


@pytest.mark.guarantee("36.8")
@pytest.mark.parametrize("key", ["pool", "config"])
def test_a_key_that_it_has_is_refused_at_once(key: str) -> None:
    builder = request()

    with pytest.raises(GraphError) as caught:
        builder.add_task(AsyncTask(key))

    assert str(caught.value) == (
        f"task {key!r} is in the parent already: each task needs a key of its own"
    )
    assert builder.build().analysis.total_tasks == 0


@pytest.mark.guarantee("36.8")
@pytest.mark.parametrize(
    ("key", "suggestion"), [("pol", "pool"), ("confg", "config"), ("usr", "user")]
)
def test_the_nearest_key_may_be_one_of_its_own(key: str, suggestion: str) -> None:
    builder = request().add_task(AsyncTask("user")).add_task(AsyncTask("page"), (key, "user"))

    assert str(mistake_in(builder)) == (
        f"task 'page' depends on non-existent task {key!r}; did you mean {suggestion!r}?"
    )


@pytest.mark.guarantee("36.9")
@pytest.mark.parametrize("optional", [False, True])
def test_an_optional_task_of_it_may_only_be_waited_for(optional: bool) -> None:
    error = mistake_in(request().add_task(AsyncTask("page", optional=optional), ("cache",)))

    assert str(error) == (
        "task 'page' depends on 'cache', an optional task of the parent: name it as after('cache')"
    )
    assert error.requiring_optional == (("page", "cache"),)


@pytest.mark.parametrize(
    ("parent", "got"),
    [
        (request(), "(AsyncDagTaskProcessorBuilder)"),
        ("app", "got 'app' (str)"),
        (AsyncDagTaskProcessor, "(type)"),
    ],
    ids=["a builder", "a name", "a class"],
)
@pytest.mark.parametrize("begin", [Processor.builder, Builder])
def test_a_parent_that_is_no_processor_is_refused(begin: Any, parent: Any, got: str) -> None:
    with pytest.raises(TypeError) as caught:
        begin(parent=parent)

    assert str(caught.value).startswith("parent must be a processor, as build() makes it, or None;")
    assert str(caught.value).endswith(got)

"""Guarantee 3: what is wrong with a graph is said at the earliest moment, all of it, in whole sentences."""

from typing import Any

import pytest
from guarantee_support import Journal, Run
from sdax_core import AsyncDagTaskProcessor, AsyncTask, GraphError, SdaxError

Graph = dict[Any, tuple[Any, ...]]
OPEN = AsyncTask[None, str]("open")


def mistake_in(graph: Graph) -> GraphError:
    builder = AsyncDagTaskProcessor[Any, Any].builder()
    for key, dependencies in graph.items():
        builder.add_task(AsyncTask(key), depends_on=dependencies)
    with pytest.raises(GraphError) as caught:
        builder.build()
    return caught.value


@pytest.mark.guarantee("3.1")
@pytest.mark.parametrize(
    ("first", "again", "message"),
    [
        ("auth", "auth", "task 'auth' is there already: each task needs a key of its own"),
        (
            1,
            True,
            "task True is there already (as 1, which equals it): each task needs a key of its own",
        ),
    ],
)
def test_a_key_that_is_there_already_is_refused_at_once(
    first: Any, again: Any, message: str
) -> None:
    builder = AsyncDagTaskProcessor[Any, Any].builder().add_task(AsyncTask(first))

    with pytest.raises(GraphError) as caught:
        builder.add_task(AsyncTask(again))

    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)


def test_a_builder_that_is_taken_for_a_processor_says_what_was_forgotten() -> None:
    builder: Any = AsyncDagTaskProcessor[Any, Any].builder()
    missing = "'AsyncDagTaskProcessorBuilder' object has no attribute"
    for name in ("process_tasks", "open", "analysis", "override"):
        with pytest.raises(AttributeError) as caught:
            getattr(builder, name)
        assert str(caught.value) == (
            f"{missing} {name!r}: call build() first, which makes a processor"
        )
        assert (caught.value.name, caught.value.obj) == (name, builder)
    for name in ("proces_tasks", "_plan"):
        with pytest.raises(AttributeError) as caught:
            getattr(builder, name)
        assert str(caught.value) == f"{missing} {name!r}"


@pytest.mark.guarantee("3.1")
def test_a_refused_task_leaves_the_builder_as_it_was(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("a", execute=journal.quick("the first a")))
    with pytest.raises(GraphError):
        builder.add_task(AsyncTask("a", execute=journal.quick("second")), depends_on=("no such",))

    run(builder.build().process_tasks(None))

    assert journal.events == ["the first a"]


@pytest.mark.guarantee("3.2")
def test_a_graph_error_is_an_sdax_error_and_a_value_error() -> None:
    error = mistake_in({"a": ("b",)})

    assert isinstance(error, SdaxError)
    assert isinstance(error, ValueError)


@pytest.mark.guarantee("3.2")
def test_everything_that_is_wrong_is_reported_in_one_error() -> None:
    error = mistake_in(
        {"open": ("config",), "load": ("opne",), "parse": ("save",), "save": ("parse", "zzz")}
    )

    assert str(error) == (
        "these tasks do not make a graph:\n"
        "  task 'open' depends on non-existent task 'config'\n"
        "  task 'load' depends on non-existent task 'opne'; did you mean 'open'?\n"
        "  task 'save' depends on non-existent task 'zzz'\n"
        "  Cycle detected: 'parse' -> 'save' -> 'parse' (each depends on the next)"
    )
    assert error.missing == (("open", "config"), ("load", "opne"), ("save", "zzz"))
    assert error.cycle == ("parse", "save", "parse")


@pytest.mark.guarantee("3.3")
@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (
            {"authenticate": (), "load": ("autenticate",)},
            "task 'load' depends on non-existent task 'autenticate'; did you mean 'authenticate'?",
        ),
        (
            {("db", "open"): (), "load": (("db", "opne"),)},
            "task 'load' depends on non-existent task ('db', 'opne'); did you mean ('db', 'open')?",
        ),
        ({7: (), "load": ("7",)}, "task 'load' depends on non-existent task '7'; did you mean 7?"),
        ({"load": ("zzz",)}, "task 'load' depends on non-existent task 'zzz'"),
        (
            {"load": (OPEN,)},
            "task 'load' depends on non-existent task AsyncTask('open'); "
            "depends_on takes keys: write 'open'",
        ),
        ({"load": ("zzz", "zzz")}, "task 'load' depends on non-existent task 'zzz'"),
    ],
)
def test_a_dependency_that_does_not_exist_is_named_with_the_nearest_key(
    graph: Graph, message: str
) -> None:
    assert str(mistake_in(graph)) == message


@pytest.mark.guarantee("3.3")
def test_the_first_five_missing_dependencies_are_described_and_the_others_counted() -> None:
    error = mistake_in({"open": (), "load": tuple(f"open{n}" for n in range(8))})

    assert str(error) == (
        "these tasks do not make a graph:\n"
        + "".join(
            f"  task 'load' depends on non-existent task 'open{n}'; did you mean 'open'?\n"
            for n in range(5)
        )
        + "  and 3 more of these"
    )
    assert len(error.missing) == 8


@pytest.mark.guarantee("3.3")
@pytest.mark.parametrize(("size", "suggests"), [(10_000, True), (10_001, False)])
def test_the_nearest_key_is_looked_for_in_graphs_of_up_to_10_000_keys(
    size: int, suggests: bool
) -> None:
    graph: Graph = dict.fromkeys(range(size - 2), ())
    error = mistake_in({**graph, "authenticate": (), "load": ("autenticate",)})

    assert ("did you mean 'authenticate'?" in str(error)) is suggests


@pytest.mark.guarantee("3.4")
@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (
            {"a": ("b",), "b": ("a",)},
            "Cycle detected: 'a' -> 'b' -> 'a' (each depends on the next)",
        ),
        (
            {"root": (), "a": ("root", "c"), "b": ("a",), "c": ("b",), "leaf": ("c",)},
            "Cycle detected: 'a' -> 'c' -> 'b' -> 'a' (each depends on the next)",
        ),
        (
            {("x", 1): (2,), 2: ("three",), "three": (("x", 1),)},
            "Cycle detected: ('x', 1) -> 2 -> 'three' -> ('x', 1) (each depends on the next)",
        ),
    ],
)
def test_a_cycle_is_shown_with_its_whole_path(graph: Graph, message: str) -> None:
    error = mistake_in(graph)

    assert str(error) == message
    assert error.missing == ()


@pytest.mark.guarantee("3.5")
def test_a_task_that_depends_on_itself_is_a_cycle() -> None:
    error = mistake_in({"a": (), "b": ("a", "b")})

    assert str(error) == "Cycle detected: task 'b' depends on itself"
    assert error.cycle == ("b", "b")

"""`after(key)`: what it is, where it may stand, and which edges of a graph only order."""

import copy
import dataclasses
import pickle
from collections.abc import Hashable, Iterable
from typing import Any, cast

import pytest
from graph_reference import Node, analysis_of, graphs
from hypothesis import given
from hypothesis import strategies as st
from sdax_core import After, AsyncTask, GraphError, TaskAnalyzer, TaskGraph, after


def graph_of(dependencies: dict[Any, Iterable[Any]]) -> TaskGraph[Any, Any]:
    analyzer = TaskAnalyzer[Any, Any]()
    for key, depends_on in dependencies.items():
        analyzer.add_task(AsyncTask(key), depends_on=tuple(depends_on))
    return analyzer.analyze().graph


# The value


@pytest.mark.parametrize("key", ["cache", ("db", "open"), 7, None], ids=repr)
def test_it_shows_itself_as_it_is_written(key: Hashable) -> None:
    assert repr(after(key)) == f"after({key!r})"
    assert after(key).key == key
    assert type(after(key)) is After


def test_it_is_equal_to_what_has_an_equal_key_and_to_nothing_else() -> None:
    assert after("cache") == After("cache")
    assert after(1) == after(True)
    assert after("cache") != after("db")
    assert after("cache") != "cache"
    assert {after("cache"), After("cache"), "cache"} == {after("cache"), "cache"}
    assert hash(after(1)) == hash(after(True))


def test_it_cannot_be_changed() -> None:
    named: Any = after("cache")

    for name in ("key", "remark"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(named, name, "db")
    with pytest.raises(dataclasses.FrozenInstanceError):
        del named.key
    assert not hasattr(named, "__dict__")


def test_it_can_be_copied_and_pickled() -> None:
    named = after(("db", "open"))

    for twin in (copy.copy(named), copy.deepcopy(named), pickle.loads(pickle.dumps(named))):
        assert twin == named


def test_the_type_of_the_key_may_be_given() -> None:
    assert After[str]("cache") == after("cache")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: after(after("x")),
            "after(...) takes the key of a task; got after('x'): write it once",
        ),
        (
            lambda: cast("Any", after)(["x"]),
            "the key in after(...) must be hashable, like a string or a tuple of strings; "
            "got ['x'] (list): unhashable type: 'list'",
        ),
        (
            lambda: AsyncTask(after("x")),
            "after('x') is for depends_on: the name of a task is the key itself",
        ),
        (
            lambda: TaskAnalyzer[Any]().add_task(AsyncTask("b"), depends_on=after("x")),  # type: ignore[arg-type]
            "task 'b': depends_on must be a tuple of keys; got after('x'): write (after('x'),)",
        ),
    ],
)
def test_it_is_refused_where_it_makes_no_sense(call: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()

    assert str(caught.value) == message


# The edges


def test_an_edge_that_only_orders_is_an_edge_like_any_other_and_is_listed_apart() -> None:
    graph = graph_of({"page": ["user", after("cache")], "user": [], "cache": [after("user")]})

    assert graph.keys == ("page", "user", "cache")
    assert graph.predecessors == ((1, 2), (), (1,))
    assert graph.successors == ((), (0, 2), (0,))
    assert graph.order == (1, 2, 0)
    assert graph.only_after == frozenset({(2, 0), (1, 2)})


def test_a_graph_without_it_has_no_edge_that_only_orders() -> None:
    assert graph_of({"a": [], "b": ["a"]}).only_after == frozenset()


@pytest.mark.guarantee("38.3")
@pytest.mark.parametrize(
    "depends_on",
    [["a", after("a")], [after("a"), "a"], [after("a"), "a", after("a")]],
    ids=repr,
)
def test_a_key_that_is_named_both_ways_is_an_ordinary_dependency(depends_on: list[Any]) -> None:
    graph = graph_of({"a": [], "b": depends_on})

    assert graph.predecessors == ((), (0,))
    assert graph.only_after == frozenset()


@given(graphs(), st.data())
def test_the_edges_are_the_same_whichever_way_they_are_named(
    nodes: tuple[Node, ...], data: st.DataObject
) -> None:
    ordering = {
        (node.key, key)
        for node in nodes
        for key in dict.fromkeys(node.depends_on)
        if data.draw(st.booleans())
    }
    plain = analysis_of(nodes).graph
    graph = graph_of(
        {
            node.key: [after(k) if (node.key, k) in ordering else k for k in node.depends_on]
            for node in nodes
        }
    )

    assert graph.predecessors == plain.predecessors
    assert graph.successors == plain.successors
    assert graph.order == plain.order
    assert {(graph.keys[task], graph.keys[before]) for before, task in graph.only_after} == ordering


@pytest.mark.parametrize(
    ("dependencies", "message"),
    [
        (
            {"authenticate": [], "load": [after("autenticate")]},
            "task 'load' depends on non-existent task 'autenticate'; did you mean 'authenticate'?",
        ),
        (
            {"load": [after("x"), "x"]},
            "task 'load' depends on non-existent task 'x'",
        ),
        (
            {"a": [after("b")], "b": ["a"]},
            "Cycle detected: 'a' -> 'b' -> 'a' (each depends on the next)",
        ),
        ({"a": [after("a")]}, "Cycle detected: task 'a' depends on itself"),
    ],
)
def test_what_is_wrong_with_such_an_edge_is_reported_like_any_other(
    dependencies: dict[Any, Any], message: str
) -> None:
    with pytest.raises(GraphError) as caught:
        graph_of(dependencies)

    assert str(caught.value) == message


def test_the_analysis_lists_it_among_the_dependencies_and_apart() -> None:
    analyzer = TaskAnalyzer[Any]().add_task(AsyncTask("z")).add_task(AsyncTask("y"))
    analyzer.add_task(AsyncTask("x")).add_task(AsyncTask("b"), (after("x"),))
    analyzer.add_task(AsyncTask("a"), (after("z"), "y", after("x")))
    analysis = analyzer.analyze()

    assert analysis.dependencies["a"] == ("x", "y", "z")
    assert analysis.only_after == {"b": ("x",), "a": ("x", "z")}
    assert list(analysis.only_after) == ["b", "a"]
    assert not hasattr(analysis.only_after, "__setitem__")


def test_what_is_listed_apart_is_in_the_order_of_adding() -> None:
    keys = [f"{n}" for n in range(50)]
    analyzer = TaskAnalyzer[Any]()
    for n, key in enumerate(keys):
        analyzer.add_task(AsyncTask(key), tuple(map(after, keys[max(0, n - 2) : n])))
    analysis = analyzer.analyze()

    assert list(analysis.only_after) == keys[1:]

"""The analyzer and the analysis: a view of the graph that is worked out when asked for."""

import dataclasses
import threading
from collections.abc import Hashable
from typing import Any

import pytest
from graph_reference import PHASES, Node, Reference, analysis_of, graphs
from hypothesis import given
from sdax_core import AsyncTask, GraphError, TaskAnalysis, TaskAnalyzer, TaskFunction


async def nothing(_: object) -> None: ...


def node(key: str, *depends_on: str, phases: str = "") -> Node:
    initials = {phase[:2]: phase for phase in PHASES}
    return Node(key, depends_on, frozenset(initials[initial] for initial in phases.split()))


EXAMPLE = (
    node("report", "load", "auth", phases="ex"),
    node("load", "ready", phases="pr ex po"),
    node("ready", "db", "auth"),
    node("db", phases="pr po"),
    node("auth", phases="pr"),
    node("lock", phases="po"),
)


@given(graphs())
def test_names_and_counts_are_those_of_the_tasks(nodes: tuple[Node, ...]) -> None:
    reference = Reference(nodes)
    analysis = analysis_of(nodes)
    pre, execute, post = map(reference.keys_with, PHASES)

    assert analysis.pre_task_names == reference.listed(pre)
    assert analysis.execute_task_names == reference.listed(execute)
    assert analysis.post_task_names == reference.listed(post)
    assert analysis.post_only_task_names == reference.listed(set(post).difference(pre))
    assert analysis.total_tasks == len(nodes)
    assert analysis.tasks_with_pre_execute == len(pre)
    assert analysis.tasks_with_execute == len(execute)
    assert analysis.tasks_with_post_execute == len(post)
    assert analysis.nodes == sum(not node.phases for node in nodes)
    assert analysis.topological_order == reference.breadth_first()
    assert analysis.max_pre_wave_num == len(analysis.pre_execute_graph.waves)
    assert analysis.max_post_wave_num == len(analysis.post_execute_graph.waves)


@given(graphs())
def test_tasks_and_dependencies_are_those_that_were_added(nodes: tuple[Node, ...]) -> None:
    reference = Reference(nodes)
    analysis = analysis_of(nodes)

    assert list(analysis.tasks) == list(analysis.dependencies) == list(reference.nodes)
    assert all(task.name is key for key, task in analysis.tasks.items())
    assert dict(analysis.dependencies) == {
        key: reference.listed(node.depends_on) for key, node in reference.nodes.items()
    }


def test_the_example_is_analysed() -> None:
    analysis = analysis_of(EXAMPLE)

    assert analysis.topological_order == ("db", "auth", "lock", "ready", "load", "report")
    assert analysis.dependencies["report"] == ("auth", "load")
    assert analysis.pre_task_names == ("auth", "db", "load")
    assert analysis.execute_task_names == ("load", "report")
    assert analysis.post_task_names == ("db", "load", "lock")
    assert analysis.post_only_task_names == ("lock",)
    assert (analysis.total_tasks, analysis.nodes) == (6, 1)


def test_the_analysis_is_shown_in_one_line_and_rendered_in_full() -> None:
    analysis = analysis_of(EXAMPLE)

    assert repr(analysis) == "TaskAnalysis(TaskGraph(6 tasks, 5 dependencies))"
    assert analysis.render() == (
        "tasks: 6\n"
        "  with pre_execute: 3\n"
        "  with execute: 2\n"
        "  with post_execute: 3\n"
        "  with none: 1\n"
        "pre_execute:\n"
        "  wave 0: 'auth', 'db'\n"
        "  wave 1: 'load' (after 'auth', 'db')\n"
        "post_execute:\n"
        "  wave 0: 'load', 'lock'\n"
        "  wave 1: 'db' (after 'load')"
    )


def test_an_empty_graph_has_an_empty_analysis() -> None:
    analysis = TaskAnalyzer[Any]().analyze()

    assert analysis.topological_order == ()
    assert dict(analysis.tasks) == {}
    assert analysis.pre_execute_graph.waves == ()
    assert analysis.post_execute_graph.waves == ()
    assert analysis.total_tasks == analysis.max_pre_wave_num == analysis.max_post_wave_num == 0


VIEWS = (
    "graph",
    "tasks",
    "dependencies",
    "topological_order",
    "pre_task_names",
    "execute_task_names",
    "post_task_names",
    "post_only_task_names",
    "pre_execute_graph",
    "post_execute_graph",
    "nodes",
    "total_tasks",
    "max_pre_wave_num",
)


@pytest.mark.guarantee("5.1")
@pytest.mark.parametrize("name", [*VIEWS, "remark"])
def test_an_analysis_cannot_be_changed(name: str) -> None:
    analysis = analysis_of(EXAMPLE)

    for _ in range(2):  # before and after the view was worked out
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(analysis, name, None)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(analysis, name)
        getattr(analysis, name, None)


@pytest.mark.guarantee("5.1")
def test_what_an_analysis_gives_cannot_be_changed() -> None:
    analysis = analysis_of(EXAMPLE)

    for mapping in (analysis.tasks, analysis.dependencies):
        assert not hasattr(mapping, "__setitem__")
        assert not hasattr(mapping, "__delitem__")
        assert not hasattr(mapping, "clear")
    for name in VIEWS:
        assert not isinstance(getattr(analysis, name), list | dict | set)
    for graph in (analysis.pre_execute_graph, analysis.post_execute_graph):
        with pytest.raises(dataclasses.FrozenInstanceError):
            graph.waves = ()  # type: ignore[misc]
        with pytest.raises(dataclasses.FrozenInstanceError):
            graph.waves[0].tasks = ()  # type: ignore[misc]


def test_views_are_worked_out_once() -> None:
    analysis = analysis_of(EXAMPLE)

    for name in VIEWS:
        assert getattr(analysis, name) is getattr(analysis, name)


@pytest.mark.guarantee("5.4")
def test_several_threads_may_ask_at_once() -> None:
    nodes = [Node(n, (n - 1,) if n else (), frozenset(PHASES)) for n in range(300)]
    names = ("topological_order", "dependencies", "pre_execute_graph", "post_execute_graph")
    expected = [getattr(analysis_of(nodes), name) for name in names]
    analysis = analysis_of(nodes)
    threads_ready = threading.Barrier(8, timeout=60)
    answers: list[list[Any]] = []

    def ask() -> None:
        threads_ready.wait()
        answers.append([getattr(analysis, name) for name in names])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert answers == [expected] * 8


def test_an_analyzer_changes_in_place_and_returns_itself() -> None:
    analyzer = TaskAnalyzer[Any]()

    assert analyzer.add_task(AsyncTask("a")) is analyzer
    assert analyzer.add_task(task=AsyncTask("b"), depends_on=("a",)) is analyzer
    assert analyzer.add_task(AsyncTask("c"), ("b",)) is analyzer
    assert analyzer.analyze().topological_order == ("a", "b", "c")


@pytest.mark.guarantee("2.1")
def test_a_dependency_may_be_added_later() -> None:
    analyzer = TaskAnalyzer[Any]().add_task(AsyncTask("b"), depends_on=("a",))

    with pytest.raises(GraphError, match="non-existent task 'a'"):
        analyzer.analyze()
    assert analyzer.add_task(AsyncTask("a")).analyze().topological_order == ("a", "b")


def test_an_analysis_stays_as_it_was_when_more_is_added() -> None:
    analyzer = TaskAnalyzer[Any]().add_task(AsyncTask("a"))
    analysis = analyzer.analyze()
    analyzer.add_task(AsyncTask("b"))

    assert analysis.topological_order == ("a",)
    assert list(analysis.tasks) == ["a"]
    assert analyzer.analyze().topological_order == ("a", "b")


@pytest.mark.guarantee("3.1")
@pytest.mark.parametrize(
    ("task", "depends_on", "error", "message"),
    [
        (
            AsyncTask("a"),
            (),
            GraphError,
            "task 'a' is there already: each task needs a key of its own",
        ),
        (
            AsyncTask("b"),
            "a",
            TypeError,
            "task 'b': depends_on must be a tuple of keys; got 'a': write ('a',)",
        ),
        (
            AsyncTask("b"),
            b"a",
            TypeError,
            "task 'b': depends_on must be a tuple of keys; got b'a': write (b'a',)",
        ),
        (
            AsyncTask("b"),
            7,
            TypeError,
            "task 'b': depends_on must be a tuple of keys; got 7 (int)",
        ),
        (
            AsyncTask("b"),
            None,
            TypeError,
            "task 'b': depends_on must be a tuple of keys; got None (NoneType)",
        ),
        (
            AsyncTask("b"),
            ("a", ["c"]),
            TypeError,
            "task 'b': a dependency must be hashable, like a string or a tuple of strings; "
            "got ['c'] (list)",
        ),
        (
            AsyncTask("b"),
            AsyncTask("a"),
            TypeError,
            "task 'b': depends_on must be a tuple of keys; got AsyncTask('a'): write ('a',)",
        ),
        ("b", (), TypeError, "add_task takes an AsyncTask; got 'b' (str)"),
        (
            TaskFunction(nothing),
            (),
            TypeError,
            f"add_task takes an AsyncTask; got {TaskFunction(nothing)!r} (TaskFunction): "
            'write task("a name", execute=...)',
        ),
        (
            nothing,
            (),
            TypeError,
            f"add_task takes an AsyncTask; got {nothing!r} (function): "
            'write task("a name", execute=...)',
        ),
    ],
)
def test_a_refused_task_is_explained_and_leaves_the_analyzer_as_it_was(
    task: Any, depends_on: Any, error: type[Exception], message: str
) -> None:
    first = AsyncTask("a", execute=TaskFunction(nothing))
    analyzer = TaskAnalyzer[Any]().add_task(first)

    with pytest.raises(error) as caught:
        analyzer.add_task(task, depends_on=depends_on)

    assert str(caught.value).startswith(message)
    analysis = analyzer.analyze()
    assert dict(analysis.tasks) == {"a": first}
    assert dict(analysis.dependencies) == {"a": ()}


@pytest.mark.parametrize("depends_on", [["b", "a", "b"], iter(["b", "a"]), {"a": 1, "b": 2}])
def test_dependencies_may_come_from_any_iterable_and_count_once(depends_on: Any) -> None:
    analyzer = TaskAnalyzer[Any]().add_task(AsyncTask("a")).add_task(AsyncTask("b"))
    analyzer.add_task(AsyncTask("c"), depends_on=depends_on)

    assert analyzer.analyze().dependencies["c"] == ("a", "b")


@pytest.mark.parametrize(
    "analyzer",
    [
        TaskAnalyzer[Any, Hashable](),
        TaskAnalyzer[dict[str, Any]](),
        TaskAnalyzer(),
    ],
)
@pytest.mark.guarantee("4.3")
def test_an_analyzer_works_with_two_one_or_no_type_arguments(
    analyzer: TaskAnalyzer[Any, Any],
) -> None:
    analysis = analyzer.add_task(AsyncTask("a")).analyze()

    assert type(analysis) is TaskAnalysis
    assert TaskAnalysis[int] == TaskAnalysis[int, str]

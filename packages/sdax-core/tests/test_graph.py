"""The graph: how tasks are numbered and ordered, and what is wrong when they do not make one."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Hashable
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from graph_reference import Node, Reference, analysis_of, graphs, tangles
from hypothesis import given
from sdax_core import AsyncTask, GraphError, TaskAnalyzer


@given(graphs())
def test_tasks_are_numbered_in_the_order_of_adding(nodes: tuple[Node, ...]) -> None:
    graph = analysis_of(nodes).graph

    assert graph.keys == tuple(node.key for node in nodes)
    assert tuple(task.name for task in graph.tasks) == graph.keys


@given(graphs())
def test_edges_are_listed_rising_and_once_in_both_directions(nodes: tuple[Node, ...]) -> None:
    graph = analysis_of(nodes).graph
    number = {key: n for n, key in enumerate(graph.keys)}

    assert graph.predecessors == tuple(
        tuple(sorted({number[key] for key in node.depends_on})) for node in nodes
    )
    assert graph.successors == tuple(
        tuple(n for n, node in enumerate(nodes) if key in node.depends_on) for key in graph.keys
    )


@given(graphs())
def test_the_order_is_breadth_first_from_the_roots(nodes: tuple[Node, ...]) -> None:
    graph = analysis_of(nodes).graph

    assert tuple(graph.keys[n] for n in graph.order) == Reference(nodes).breadth_first()


@given(graphs())
def test_every_task_comes_after_its_dependencies(nodes: tuple[Node, ...]) -> None:
    graph = analysis_of(nodes).graph
    place = {n: p for p, n in enumerate(graph.order)}

    assert sorted(place) == list(range(len(nodes)))
    for task, before in enumerate(graph.predecessors):
        assert all(place[predecessor] < place[task] for predecessor in before)


@given(tangles())
def test_an_error_reports_exactly_what_is_wrong(nodes: tuple[Node, ...]) -> None:
    known = {node.key: node for node in nodes}
    missing = [
        (node.key, key)
        for node in nodes
        for key in dict.fromkeys(node.depends_on)
        if key not in known
    ]
    if not missing and not has_cycle(known):
        analysis_of(nodes)
        return

    with pytest.raises(GraphError) as caught:
        analysis_of(nodes)

    error = caught.value
    assert list(error.missing) == missing
    assert bool(error.cycle) is has_cycle(known)
    assert ("non-existent task" in str(error)) is bool(error.missing)
    assert ("Cycle detected" in str(error)) is bool(error.cycle)
    assert error.cycle[:1] == error.cycle[-1:]
    assert len(set(error.cycle)) == max(len(error.cycle) - 1, 0)
    for key, following in pairwise(error.cycle):
        assert following in known[key].depends_on


def has_cycle(nodes: dict[Hashable, Node]) -> bool:
    """Take away what waits for nothing, as long as there is something of that kind."""
    left = dict(nodes)
    while free := [
        key for key, node in left.items() if not set(left).intersection(node.depends_on)
    ]:
        for key in free:
            del left[key]
    return bool(left)


def test_the_task_itself_is_never_suggested() -> None:
    analyzer = TaskAnalyzer[Any]().add_task(AsyncTask("auth2"), depends_on=("auth",))

    with pytest.raises(GraphError, match=r"^task 'auth2' depends on non-existent task 'auth'$"):
        analyzer.analyze()


@pytest.mark.parametrize(("missing", "last"), [(5, "'4'"), (6, "and 1 more of these")])
def test_missing_dependencies_beyond_the_first_five_are_counted(missing: int, last: str) -> None:
    analyzer = TaskAnalyzer[Any]().add_task(AsyncTask("a"), tuple(map(str, range(missing))))

    with pytest.raises(GraphError) as caught:
        analyzer.analyze()

    assert str(caught.value).endswith(last)
    assert len(str(caught.value).splitlines()) == 1 + missing


def test_a_long_cycle_is_shown_whole() -> None:
    length = 100_000
    analyzer = TaskAnalyzer[Any, int]()
    for n in range(length):
        analyzer.add_task(AsyncTask(n), depends_on=((n + 1) % length,))

    with pytest.raises(GraphError, match="Cycle detected: 0 -> 1 -> 2 -> 3 -> ") as caught:
        analyzer.analyze()

    assert caught.value.cycle == (*range(length), 0)


def test_tasks_behind_a_cycle_are_not_taken_for_a_part_of_it() -> None:
    analyzer = TaskAnalyzer[Any]()
    analyzer.add_task(AsyncTask("behind"), depends_on=("a",))
    analyzer.add_task(AsyncTask("a"), depends_on=("before", "b"))
    analyzer.add_task(AsyncTask("b"), depends_on=("a",))
    analyzer.add_task(AsyncTask("before"))

    with pytest.raises(GraphError) as caught:
        analyzer.analyze()

    assert caught.value.cycle == ("a", "b", "a")


@pytest.mark.guarantee("4.2")
@pytest.mark.parametrize("backwards", [False, True])
def test_a_chain_of_100_000_tasks_is_ordered_without_recursion(backwards: bool) -> None:
    length = 100_000
    chain = [(n, (n - 1,) if n else ()) for n in range(length)]
    analyzer = TaskAnalyzer[Any, int]()
    for key, depends_on in reversed(chain) if backwards else chain:
        analyzer.add_task(AsyncTask(key), depends_on=depends_on)

    assert analyzer.analyze().topological_order == tuple(range(length))


class CountedKey:
    """A key that counts how often keys are hashed and compared."""

    uses: ClassVar[int] = 0

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        CountedKey.uses += 1
        return hash(self.number)

    def __eq__(self, other: object) -> bool:
        CountedKey.uses += 1
        return isinstance(other, CountedKey) and self.number == other.number


@pytest.mark.guarantee("4.1")
def test_keys_are_looked_up_a_fixed_number_of_times_for_each_task_and_dependency() -> None:
    def uses(tasks: int) -> int:
        keys = [CountedKey(n) for n in range(tasks)]
        CountedKey.uses = 0
        analyzer = TaskAnalyzer[Any, CountedKey]()
        for n, key in enumerate(keys):
            analyzer.add_task(AsyncTask(key), depends_on=tuple(keys[max(0, n - 3) : n]))
        analyzer.analyze()
        return CountedKey.uses

    assert uses(3_000) - uses(2_000) == uses(2_000) - uses(1_000)


def test_a_graph_cannot_be_changed() -> None:
    graph = analysis_of([Node("a")]).graph

    for field in ("keys", "tasks", "predecessors", "successors", "order"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(graph, field, ())
        assert isinstance(getattr(graph, field), tuple)
    with pytest.raises(dataclasses.FrozenInstanceError):
        graph.remark = "new"  # type: ignore[attr-defined]


def test_a_graph_is_shown_in_one_line() -> None:
    graph = analysis_of([Node("a"), Node("b", ("a", "a")), Node("c", ("a", "b"))]).graph

    assert repr(graph) == "TaskGraph(3 tasks, 3 dependencies)"


LISTINGS = """
from sdax_core import AsyncTask, TaskAnalyzer, TaskFunction

async def nothing(_): ...

keys = ["auth", ("db", "open"), 7, None, frozenset({"x", "y"}), "cache", ("a", "b"), b"raw"]
analyzer = TaskAnalyzer()
for n, key in enumerate(keys):
    function = TaskFunction(nothing)
    task = AsyncTask(key, pre_execute=function, post_execute=function if n % 2 else None)
    analyzer.add_task(task, depends_on=tuple({*keys[max(0, n - 2) : n]}))
analysis = analyzer.analyze()
number = {key: n for n, key in enumerate(keys)}
print([number[key] for key in analysis.topological_order])
print([[number[key] for key in before] for before in analysis.dependencies.values()])
for graph in (analysis.pre_execute_graph, analysis.post_execute_graph):
    for wave in graph.waves:
        print([number[k] for k in wave.tasks], [number[k] for k in wave.depends_on_tasks])
"""


@pytest.mark.guarantee("2.2")
def test_listings_do_not_depend_on_the_hash_seed() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", LISTINGS],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }

    assert len(outputs) == 1
    assert outputs.pop().count("\n") > 4

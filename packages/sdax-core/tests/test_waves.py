"""Waves: which tasks a phase starts together, and what each wave waits for."""

from collections.abc import Hashable

import pytest
from graph_reference import Node, Reference, analysis_of, graphs
from hypothesis import given
from sdax_core import ExecutionGraph, ExecutionWave

Waves = list[tuple[tuple[Hashable, ...], tuple[Hashable, ...]]]


def shown(graph: ExecutionGraph[Hashable]) -> Waves:
    assert [wave.wave_num for wave in graph.waves] == list(range(len(graph.waves)))
    return [(wave.tasks, wave.depends_on_tasks) for wave in graph.waves]


def pre(key: Hashable, *depends_on: Hashable) -> Node:
    return Node(key, depends_on, frozenset({"pre_execute"}))


def post(key: Hashable, *depends_on: Hashable) -> Node:
    return Node(key, depends_on, frozenset({"post_execute"}))


def node(key: Hashable, *depends_on: Hashable) -> Node:
    return Node(key, depends_on)


@pytest.mark.parametrize(
    ("nodes", "waves"),
    [
        pytest.param([], [], id="no tasks"),
        pytest.param([node("a"), post("b", "a")], [], id="no pre_execute"),
        pytest.param([pre("b"), pre("a")], [(("a", "b"), ())], id="roots start together"),
        pytest.param(
            [pre("a"), pre("b", "a"), pre("c", "b")],
            [(("a",), ()), (("b",), ("a",)), (("c",), ("b",))],
            id="a chain",
        ),
        pytest.param(
            [pre("a"), pre("b"), pre("c", "a", "b"), pre("d", "b", "a"), pre("e", "a")],
            [(("a", "b"), ()), (("e",), ("a",)), (("c", "d"), ("a", "b"))],
            id="the same predecessors, in whatever order they are named",
        ),
        pytest.param(
            [pre("a"), node("join", "a"), node("join 2", "join"), pre("b", "join 2")],
            [(("a",), ()), (("b",), ("a",))],
            id="joins are looked through",
        ),
        pytest.param(
            [pre("a"), node("join", "a"), pre("b", "join"), pre("c", "a")],
            [(("a",), ()), (("b", "c"), ("a",))],
            id="behind a join is where the join is",
        ),
        pytest.param(
            [pre("a"), pre("b", "a"), pre("c", "a", "b")],
            [(("a",), ()), (("b",), ("a",)), (("c",), ("a", "b"))],
            id="a dependency that follows from another one is listed all the same",
        ),
        pytest.param(
            [post("a"), pre("b", "a")], [(("b",), ())], id="nothing to wait for behind the node"
        ),
        pytest.param(
            [pre("z"), pre(1), pre(("x", 1), "z", 1)],
            [(("z", 1), ()), ((("x", 1),), ("z", 1))],
            id="keys of several kinds are listed as added",
        ),
    ],
)
def test_pre_waves_group_tasks_that_wait_for_the_same_tasks(
    nodes: list[Node], waves: Waves
) -> None:
    assert shown(analysis_of(nodes).pre_execute_graph) == waves


@pytest.mark.parametrize(
    ("nodes", "waves"),
    [
        pytest.param([], [], id="no tasks"),
        pytest.param([node("a"), pre("b", "a")], [], id="no post_execute"),
        pytest.param([post("b"), post("a")], [(("a", "b"), ())], id="leaves are cleaned up first"),
        pytest.param(
            [post("a"), post("b", "a"), post("c", "b")],
            [(("c",), ()), (("b",), ("c",)), (("a",), ("b",))],
            id="a chain is walked back",
        ),
        pytest.param(
            [post("a"), pre("b", "a"), node("c", "b"), post("d", "c")],
            [(("d",), ()), (("a",), ("d",))],
            id="tasks without post_execute are looked through",
        ),
        pytest.param(
            [post("a"), post("b", "a"), post("c"), post("d", "c")],
            [(("b", "d"), ()), (("a", "c"), ("b", "d"))],
            id="a wave waits for what any of its tasks waits for",
        ),
        pytest.param(
            [post("a"), post("b", "a"), post("c", "b"), post("d", "a"), post("e")],
            [(("c", "d", "e"), ()), (("b",), ("c",)), (("a",), ("b", "d"))],
            id="the deepest dependant decides, the nearest are listed",
        ),
    ],
)
def test_post_waves_group_tasks_by_reverse_depth(nodes: list[Node], waves: Waves) -> None:
    assert shown(analysis_of(nodes).post_execute_graph) == waves


@given(graphs())
def test_pre_waves_are_what_their_definition_says(nodes: tuple[Node, ...]) -> None:
    reference = Reference(nodes)
    expected: dict[frozenset[Hashable], list[Hashable]] = {}
    for key in reference.breadth_first():
        if "pre_execute" in reference.nodes[key].phases:
            expected.setdefault(reference.nearest_predecessors(key), []).append(key)

    assert shown(analysis_of(nodes).pre_execute_graph) == [
        (reference.listed(tasks), reference.listed(after)) for after, tasks in expected.items()
    ]


@given(graphs())
def test_post_waves_are_what_their_definition_says(nodes: tuple[Node, ...]) -> None:
    reference = Reference(nodes)
    expected: dict[int, set[Hashable]] = {}
    for key in reference.keys_with("post_execute"):
        expected.setdefault(reference.reverse_depth(key), set()).add(key)

    assert shown(analysis_of(nodes).post_execute_graph) == [
        (
            reference.listed(expected[number]),
            reference.listed(
                set[Hashable]().union(*map(reference.nearest_dependants, expected[number]))
            ),
        )
        for number in range(len(expected))
    ]


@given(graphs())
def test_every_task_is_in_the_wave_that_contains_it(nodes: tuple[Node, ...]) -> None:
    analysis = analysis_of(nodes)

    for phase, graph, containing in (
        ("pre_execute", analysis.pre_execute_graph, analysis.pre_wave_containing),
        ("post_execute", analysis.post_execute_graph, analysis.post_wave_containing),
    ):
        for each in nodes:
            wave = containing(each.key)
            assert graph.wave_containing(each.key) is wave
            if phase in each.phases:
                assert wave is not None
                assert each.key in wave.tasks
                assert graph.waves[wave.wave_num] is wave
            else:
                assert wave is None


def test_an_unknown_key_is_in_no_wave() -> None:
    graph = analysis_of([pre("a")]).pre_execute_graph

    assert graph.wave_containing("b") is None
    assert graph.wave_containing(1) is None


@pytest.mark.guarantee("4.2")
def test_waves_of_a_deep_chain_are_listed_without_recursion() -> None:
    depth = 20_000
    both = frozenset({"pre_execute", "post_execute"})
    analysis = analysis_of(
        Node(n, (n - 1,) if n else (), both if n % 2 == 0 else frozenset()) for n in range(depth)
    )

    assert analysis.max_pre_wave_num == analysis.max_post_wave_num == depth // 2
    assert analysis.pre_execute_graph.waves[-1].tasks == (depth - 2,)
    assert analysis.post_execute_graph.waves[-1].tasks == (0,)


def test_wide_joins_are_listed() -> None:
    width = 2_000
    both = frozenset({"pre_execute", "post_execute"})
    analysis = analysis_of(
        [
            *(Node(("left", n), (), both) for n in range(width)),
            Node("join", tuple(("left", n) for n in range(width))),
            *(Node(("right", n), ("join",), both) for n in range(width)),
        ]
    )

    left = tuple(("left", n) for n in range(width))
    right = tuple(("right", n) for n in range(width))
    assert shown(analysis.pre_execute_graph) == [(left, ()), (right, left)]
    assert shown(analysis.post_execute_graph) == [(right, ()), (left, right)]


def test_waves_are_values_with_one_line_each() -> None:
    graph = analysis_of([pre("a"), pre("b", "a")]).pre_execute_graph

    assert graph.waves[1] == ExecutionWave(1, ("b",), ("a",))
    assert graph == ExecutionGraph((ExecutionWave(0, ("a",)), ExecutionWave(1, ("b",), ("a",))))
    assert hash(graph) == hash(ExecutionGraph(graph.waves))
    assert repr(graph.waves[0]) == "ExecutionWave(0: ('a',))"
    assert repr(graph.waves[1]) == "ExecutionWave(1: ('b',) after ('a',))"
    assert repr(graph) == "ExecutionGraph(2 waves, 2 tasks)"
    assert graph.render() == "wave 0: 'a'\nwave 1: 'b' (after 'a')"
    assert ExecutionGraph[str](()).render() == "no waves"

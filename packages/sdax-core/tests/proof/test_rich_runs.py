"""Graphs and runs that use everything: optional tasks, `after`, `when`, policies, interceptors, deadlines."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from sdax_proof.campaign import (
    at_every_step,
    hold_promises,
    instants_of,
    random_rich_plan,
    undisturbed,
)
from sdax_proof.choices import SeededChoices
from sdax_proof.examples import examples
from sdax_proof.graph_spec import GraphSpec
from sdax_proof.plans import EVERY_USE, LOOP_KINDS, Plan
from sdax_proof.random_graphs import seeded_graph, seeded_graphs
from sdax_proof.wildness import RICH

BASES = st.builds(
    Plan,
    use=st.sampled_from(EVERY_USE),
    loop=st.sampled_from(LOOP_KINDS),
    own_clock=st.booleans(),
    timeout=st.sampled_from([None, None, 0.0, 0.5, 2.0]),
)


@examples(4)
@given(seeded_graphs(RICH))
def test_nothing_is_broken_in_any_kind_of_loop(graph: GraphSpec) -> None:
    hold_promises(graph, [Plan(use, loop=loop) for use in EVERY_USE for loop in LOOP_KINDS])


@examples(5)
@given(graph=seeded_graphs(RICH, max_tasks=5), base=BASES)
def test_nothing_is_broken_by_a_cancel_at_any_step(graph: GraphSpec, base: Plan) -> None:
    hold_promises(graph, at_every_step(graph, base, most=8))


@examples(5)
@given(graph=seeded_graphs(RICH, max_tasks=5), base=BASES)
def test_nothing_is_broken_when_something_held_dies_at_any_step(
    graph: GraphSpec, base: Plan
) -> None:
    for use in (base.use, "open with pauses"):
        plan = replace(base, use=use)
        hold_promises(graph, at_every_step(graph, plan, manners=("fail",)))


@examples(10)
@given(graph=seeded_graphs(RICH, max_tasks=6), base=BASES)
def test_nothing_is_broken_by_a_deadline_at_any_instant(graph: GraphSpec, base: Plan) -> None:
    instants = instants_of(undisturbed(graph, replace(base, timeout=None)))
    limits = sorted({time + offset for time in instants for offset in (0, 1 / 32)})[:24]
    hold_promises(graph, [replace(base, timeout=limit) for limit in limits])


def test_nothing_is_broken_in_larger_graphs_disturbed_at_random() -> None:
    for number in range(24):
        graph = seeded_graph(f"rich {number}", RICH)
        plans = [random_rich_plan(SeededChoices(f"{number} {n}"), graph) for n in range(4)]
        hold_promises(graph, plans)

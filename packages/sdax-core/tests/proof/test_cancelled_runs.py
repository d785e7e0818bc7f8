"""Runs that are cancelled at every step of the event loop, in every manner."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdax_proof.campaign import at_every_step, hold_promises, random_plan, undisturbed
from sdax_proof.choices import SeededChoices
from sdax_proof.examples import examples
from sdax_proof.graph_spec import GraphSpec
from sdax_proof.plans import LOOP_KINDS, USES, Cancelling, Plan
from sdax_proof.random_graphs import graphs, seeded_graph
from sdax_proof.wildness import CALM, HARDY, WILD, Wildness

BASES = st.builds(
    Plan, use=st.sampled_from(USES), loop=st.sampled_from(LOOP_KINDS), anyio=st.booleans()
)


@pytest.mark.parametrize("wildness", [CALM, HARDY, WILD], ids=["calm", "hardy", "wild"])
@examples(6)
@given(data=st.data(), base=BASES)
def test_nothing_is_broken_by_a_cancel_at_any_step(
    wildness: Wildness, data: st.DataObject, base: Plan
) -> None:
    graph = data.draw(graphs(wildness, max_tasks=5))
    hold_promises(graph, at_every_step(graph, base, most=40))


@examples(6)
@given(graph=graphs(WILD, max_tasks=4), base=BASES, distance=st.integers(1, 6))
def test_nothing_is_broken_by_a_second_cancel_soon_after(
    graph: GraphSpec, base: Plan, distance: int
) -> None:
    steps = undisturbed(graph, base).steps
    plans = [
        Plan(base.use, Cancelling("steps", (step, step + distance)), base.loop, base.anyio)
        for step in range(1, steps + 1)
    ]
    hold_promises(graph, plans)


@examples(6)
@given(graph=graphs(HARDY, max_tasks=5), base=BASES)
def test_nothing_is_broken_by_a_timeout_at_any_instant(graph: GraphSpec, base: Plan) -> None:
    ends = {call.ended.time for call in undisturbed(graph, base).trace.calls if call.ended}
    instants = sorted({time + offset for time in ends for offset in (0, 1 / 32)})[:40]
    plans = [
        Plan(base.use, Cancelling("timeout", (), time), base.loop, base.anyio) for time in instants
    ]
    if plans:
        hold_promises(graph, plans)


@pytest.mark.parametrize("wildness", [CALM, HARDY, WILD], ids=["calm", "hardy", "wild"])
def test_nothing_is_broken_in_larger_graphs_cancelled_at_random(wildness: Wildness) -> None:
    for number in range(30):
        graph = seeded_graph(f"larger {number}", wildness)
        plans = [random_plan(SeededChoices(f"{number} {n}"), graph) for n in range(4)]
        hold_promises(graph, plans)

"""A run goes the same way whoever looks on, to the step of the event loop (guarantees 34 and 35)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdax_proof.building import build
from sdax_proof.campaign import at_every_step, hold_promises, undisturbed
from sdax_proof.examples import examples
from sdax_proof.graph_spec import GraphSpec, written
from sdax_proof.plans import EVERY_USE, LOOP_KINDS, Plan, Watching
from sdax_proof.random_graphs import seeded_graphs
from sdax_proof.same_trace import difference
from sdax_proof.wildness import CALM, RICH

BASES = st.builds(Plan, use=st.sampled_from(EVERY_USE), loop=st.sampled_from(LOOP_KINDS))
WATCHING: list[Watching] = ["silent", "recording", "raising"]


@pytest.mark.parametrize("watching", WATCHING)
@examples(8)
@given(
    graph=seeded_graphs(RICH, max_tasks=6) | seeded_graphs(CALM),
    base=BASES,
    raises_at=st.integers(0, 12),
)
def test_who_looks_on_changes_nothing(
    watching: Watching, graph: GraphSpec, base: Plan, raises_at: int
) -> None:
    processor = build(graph)
    every_step = at_every_step(graph, base, most=6, manners=("steps", "fail"))
    for plan in [base, replace(base, timeout=1.0), *every_step]:
        watched = replace(plan, watching=watching, raises_at=raises_at)
        assert not difference(graph, watched, processor), (watched, written(graph))


@examples(8)
@given(graph=seeded_graphs(RICH, max_tasks=6), base=BASES)
def test_an_observer_is_told_what_happens(graph: GraphSpec, base: Plan) -> None:
    base = replace(base, watching="recording")
    hold_promises(graph, [base, *at_every_step(graph, base, most=6)])


@examples(4)
@given(graph=seeded_graphs(RICH, max_tasks=4), base=BASES)
def test_an_observer_may_raise_at_any_event(graph: GraphSpec, base: Plan) -> None:
    recording = undisturbed(graph, replace(base, watching="recording")).observer
    assert recording is not None
    raising = replace(base, watching="raising")
    hold_promises(graph, [replace(raising, raises_at=at) for at in range(len(recording.events))])

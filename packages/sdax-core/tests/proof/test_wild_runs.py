"""Runs in which anything may fail, in every kind of loop, by every way of calling them."""

from __future__ import annotations

from hypothesis import given
from sdax_proof.campaign import hold_promises
from sdax_proof.examples import examples
from sdax_proof.graph_spec import GraphSpec
from sdax_proof.plans import LOOP_KINDS, USES, Plan
from sdax_proof.random_graphs import graphs
from sdax_proof.wildness import WILD


@examples(25)
@given(graphs(WILD))
def test_nothing_is_broken_when_functions_fail(graph: GraphSpec) -> None:
    plans = [Plan(use, loop=loop) for use in USES for loop in LOOP_KINDS]
    hold_promises(graph, plans)

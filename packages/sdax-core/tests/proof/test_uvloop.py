"""The same proofs on uvloop, whose clock is real: functions suspend, but none waits for time."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from sdax_proof.campaign import hold_promises
from sdax_proof.examples import examples
from sdax_proof.graph_spec import GraphSpec
from sdax_proof.plans import USES, Cancelling, LoopKind, Plan
from sdax_proof.random_graphs import graphs, seeded_graphs
from sdax_proof.running import FACTORIES, Factory
from sdax_proof.wildness import CALM, RICH, WILD
from sdax_proof.without_waiting import without_waiting

pytest.importorskip("uvloop", reason="uvloop does not exist for Windows")

# uvloop 0.23 fails with the eager task factory on 3.13 and newer, without sdax too.
USABLE: list[Factory | None] = [
    factory
    for factory in FACTORIES
    if sys.version_info < (3, 13) or factory not in ("eager", "custom eager")
]
ROUNDS = range(1, 25, 2)


@pytest.mark.parametrize("factory", USABLE)
@examples(12)
@given(
    graph=graphs(CALM, max_tasks=8) | graphs(WILD, max_tasks=8) | seeded_graphs(RICH, max_tasks=8)
)
def test_nothing_is_broken_on_uvloop(factory: Factory | None, graph: GraphSpec) -> None:
    graph = without_waiting(graph)
    loop = LoopKind("uvloop", factory, uvloop=True)
    plans = [Plan(use, loop=loop, watching="recording") for use in USES]
    plans += [Plan("open", Cancelling("rounds", (number,)), loop) for number in ROUNDS]
    hold_promises(graph, plans)

"""One processor in many runs at once, in one loop and in several threads (guarantees 5 and 27)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from sdax_proof.building import Processor, build
from sdax_proof.examples import examples
from sdax_proof.graph_spec import GraphSpec
from sdax_proof.one_run import run_in_thread, run_together
from sdax_proof.oracle import broken_promises
from sdax_proof.plans import LOOP_KINDS, USES, Cancelling, LoopKind, Plan, Use
from sdax_proof.random_graphs import graphs, seeded_graphs
from sdax_proof.wildness import CALM, RICH, WILD

THREADS = 4
RUNS = 4


def runs_of_a_thread(
    graph: GraphSpec, processor: Processor, start: threading.Barrier, use: Use, loop: LoopKind
) -> list[str]:
    start.wait(timeout=30)
    plans = [Plan(use, loop=loop)]
    plans += [Plan(use, Cancelling("steps", (step,)), loop) for step in range(1, 5 * RUNS, 5)]
    results = [run_in_thread(graph, plan, processor) for plan in plans]
    return [promise for result in results for promise in broken_promises(result)]


def broken_in_threads(graph: GraphSpec) -> list[str]:
    processor = build(graph)
    start = threading.Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as threads:
        futures = [
            threads.submit(
                runs_of_a_thread,
                graph,
                processor,
                start,
                USES[number % len(USES)],
                LOOP_KINDS[number % len(LOOP_KINDS)],
            )
            for number in range(THREADS)
        ]
        return [promise for future in futures for promise in future.result(timeout=60)]


@examples(15)
@given(graphs(CALM))
def test_threads_share_a_processor_when_nothing_fails(graph: GraphSpec) -> None:
    assert not broken_in_threads(graph)


@examples(15)
@given(graphs(WILD) | seeded_graphs(RICH))
def test_threads_share_a_processor_when_functions_fail(graph: GraphSpec) -> None:
    assert not broken_in_threads(graph)


@examples(20)
@given(graphs(WILD) | seeded_graphs(RICH), st.sampled_from(LOOP_KINDS))
def test_runs_at_once_in_one_loop_share_a_processor(graph: GraphSpec, loop: LoopKind) -> None:
    plans = [Plan(use, loop=loop) for use in USES]
    plans += [Plan("open", Cancelling("rounds", (number,)), loop) for number in range(1, 25, 3)]
    plans += [Plan("open", Cancelling("timeout", (), time / 2), loop) for time in range(4)]
    results = run_together(graph, plans, build(graph))
    assert not [promise for result in results for promise in broken_promises(result)]
    handles = [result.trace.handle for result in results if result.trace.handle is not None]
    assert len({handle.id for handle in handles}) == len(handles)

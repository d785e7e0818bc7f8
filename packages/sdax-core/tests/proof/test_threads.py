"""One processor in several threads, each with a loop of its own (guarantees 5 and 27)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from sdax_proof.building import Processor, build
from sdax_proof.examples import examples
from sdax_proof.graph_spec import GraphSpec
from sdax_proof.one_run import run_in_thread
from sdax_proof.oracle import broken_promises
from sdax_proof.plans import LOOP_KINDS, USES, LoopKind, Plan, Use
from sdax_proof.random_graphs import CALM, WILD, graphs

THREADS = 4
RUNS = 4


def runs_of_a_thread(
    graph: GraphSpec, processor: Processor, start: threading.Barrier, use: Use, loop: LoopKind
) -> list[str]:
    start.wait(timeout=30)
    results = [run_in_thread(graph, Plan(use, loop=loop), processor) for _ in range(RUNS)]
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
@given(graphs(WILD))
def test_threads_share_a_processor_when_functions_fail(graph: GraphSpec) -> None:
    assert not broken_in_threads(graph)

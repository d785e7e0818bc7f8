"""Runs in which nothing fails: every function starts exactly when it can, in every kind of loop."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from sdax_proof.campaign import hold_promises
from sdax_proof.critical_path import start_times
from sdax_proof.examples import examples
from sdax_proof.graph_spec import PHASES, GraphSpec, TaskSpec
from sdax_proof.one_run import run_once
from sdax_proof.plans import LOOP_KINDS, USES, LoopKind, Plan
from sdax_proof.random_graphs import graphs
from sdax_proof.wildness import CALM, HARDY


@examples(15)
@given(graphs(CALM))
def test_nothing_is_broken_in_any_kind_of_loop(graph: GraphSpec) -> None:
    plans = [Plan(use, loop=loop) for use in USES for loop in LOOP_KINDS]
    hold_promises(graph, plans)


@examples(15)
@given(graphs(HARDY))
def test_nothing_is_broken_with_build_options_and_timeouts(graph: GraphSpec) -> None:
    plans = [Plan(use, loop=loop) for use in USES for loop in LOOP_KINDS]
    hold_promises(graph, plans)


@pytest.mark.parametrize("loop", LOOP_KINDS, ids=lambda loop: loop.name)
@examples(30)
@given(graphs(CALM))
def test_every_function_starts_at_the_end_of_its_critical_path(
    loop: LoopKind, graph: GraphSpec
) -> None:
    graph = replace(graph, tasks=tuple(_retried_at_once(task) for task in graph.tasks))
    calls = run_once(graph, Plan(loop=loop)).trace.calls
    started = {(call.task, call.phase): call.begun.time for call in calls if call.attempt == 0}
    assert started == start_times(graph)


def _retried_at_once(task: TaskSpec) -> TaskSpec:
    for phase in PHASES:
        function = task.function(phase)
        if function is not None:
            task = task.with_function(phase, replace(function, initial_delay=0.0))
    return task

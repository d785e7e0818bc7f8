"""The same proofs on uvloop, whose clock is real: functions suspend, but none waits for time."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from hypothesis import given
from sdax_proof.campaign import hold_promises
from sdax_proof.examples import examples
from sdax_proof.graph_spec import PHASES, Behaviour, FunctionSpec, GraphSpec, Step, TaskSpec
from sdax_proof.plans import USES, Cancelling, LoopKind, Plan
from sdax_proof.random_graphs import CALM, WILD, graphs
from sdax_proof.running import FACTORIES, Factory

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
@given(graph=graphs(CALM, max_tasks=8) | graphs(WILD, max_tasks=8))
def test_nothing_is_broken_on_uvloop(factory: Factory | None, graph: GraphSpec) -> None:
    graph = without_waiting(graph)
    loop = LoopKind("uvloop", factory, uvloop=True)
    plans = [Plan(use, loop=loop) for use in USES]
    plans += [Plan("open", Cancelling("rounds", (number,)), loop) for number in ROUNDS]
    hold_promises(graph, plans)


def without_waiting(graph: GraphSpec) -> GraphSpec:
    tasks = tuple(task_without_waiting(task) for task in graph.tasks)
    return replace(graph, tasks=tasks, cleanup_timeout=None)


def task_without_waiting(task: TaskSpec) -> TaskSpec:
    for phase in PHASES:
        function = task.function(phase)
        if function is not None:
            task = task.with_function(phase, function_without_waiting(function))
    return task


def function_without_waiting(function: FunctionSpec) -> FunctionSpec:
    attempts = tuple(behaviour_without_waiting(attempt) for attempt in function.attempts)
    return replace(function, attempts=attempts, timeout=None, initial_delay=0.0)


def behaviour_without_waiting(behaviour: Behaviour) -> Behaviour:
    steps = tuple(Step(step.kind) for step in behaviour.steps)
    on_cancel = "obey" if behaviour.on_cancel == "linger" else behaviour.on_cancel
    return replace(behaviour, steps=steps, on_cancel=on_cancel)

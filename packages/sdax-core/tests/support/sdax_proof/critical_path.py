"""When each function must start, from the graph alone: for graphs in which nothing fails."""

from __future__ import annotations

from sdax_proof.graph_spec import PHASES, Behaviour, FunctionSpec, GraphSpec, Phase
from sdax_proof.reach import dependants, prerequisites


def duration(function: FunctionSpec) -> float:
    """Seconds from the start of its first attempt to the end of its last; retries wait no time."""
    return sum(_attempt_duration(attempt, function.task_group) for attempt in function.attempts)


def _attempt_duration(behaviour: Behaviour, task_group: bool) -> float:
    now = end = 0.0
    for step in behaviour.steps:
        if step.kind == "subtask" and task_group:
            end = max(end, now + step.seconds)
        elif step.kind in ("sleep", "caught group", "caught timeout"):
            now += step.seconds
    # A failure does not wait for subtasks: it cancels them.
    return max(now, end) if behaviour.ending == "return" else now


def start_times(graph: GraphSpec) -> dict[tuple[int, Phase], float]:
    """The start of every function, by the longest path that leads to it."""
    before, after = prerequisites(graph), dependants(graph)
    refused = {task for task, spec in enumerate(graph.tasks) if spec.when == "no"}
    nothing: list[set[int]] = [set() for _ in graph.tasks]
    edges = {
        "pre_execute": before,
        "execute": before if graph.execute_order == "dependencies" else nothing,
        "post_execute": after,
    }
    starts: dict[tuple[int, Phase], float] = {}
    phase_start = 0.0
    for phase in PHASES:
        ends: dict[int, float] = {}
        # Fewer transitive prerequisites come first: an order in which each is known when needed.
        for task in sorted(range(len(graph.tasks)), key=lambda task: len(edges[phase][task])):
            start = max([phase_start, *(ends[other] for other in edges[phase][task])])
            function = None if task in refused else graph.tasks[task].function(phase)
            if function is not None:
                starts[task, phase] = start
            ends[task] = start + (duration(function) if function is not None else 0.0)
        phase_start = max(ends.values(), default=phase_start)
    return starts

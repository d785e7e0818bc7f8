"""Who comes before whom: the oracle's own view of a graph, slow and obvious on purpose."""

from __future__ import annotations

from sdax_proof.graph_spec import GraphSpec


def prerequisites(graph: GraphSpec) -> list[set[int]]:
    """For each task, all tasks it depends on, directly or not."""
    if graph.levels:
        return [
            {other for other, before in enumerate(graph.tasks) if before.level < task.level}
            for task in graph.tasks
        ]
    found: list[set[int]] = [set(task.depends_on) for task in graph.tasks]
    grown = True
    while grown:
        grown = False
        for reached in found:
            further = set[int]().union(*(found[other] for other in reached)) - reached
            grown = grown or bool(further)
            reached |= further
    return found


def dependants(graph: GraphSpec) -> list[set[int]]:
    """For each task, all tasks that depend on it, directly or not."""
    before = prerequisites(graph)
    return [
        {other for other in range(len(graph.tasks)) if task in before[other]}
        for task in range(len(graph.tasks))
    ]

"""Which layer of a picture each task is in, and the ways of the edges from layer to layer.

The first step of a layered drawing, as Sugiyama, Tagawa and Toda described it in 1981. A node is a task, by its number,
or a bend: a point at which an edge passes a layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sdax_core import TaskGraph

from sdax_contrib._picture_view import View


@dataclass(slots=True)
class Layers:
    """The nodes of each layer, and the segments, each of which leads from one layer to the next."""

    task_count: int
    layers: list[list[int]]
    before: list[list[int]] = field(default_factory=list[list[int]])
    """For each node those that segments lead from, in the layer before."""
    behind: list[list[int]] = field(default_factory=list[list[int]])
    """For each node those that segments lead to, in the layer behind."""
    dashed: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    """The segments that only order."""

    def is_bend(self, node: int) -> bool:
        """Whether an edge passes here, and no task is."""
        return node >= self.task_count

    def segments(self) -> list[tuple[int, int]]:
        """All segments, from the first layer on."""
        return [(node, to) for layer in self.layers for node in layer for to in self.behind[node]]


def layers_of(view: View) -> Layers:
    """Put the tasks into layers, and lead the edges through them.

    The edges of one kind that leave a task go together until their ways part: a task has one bend in a
    layer at most, however many tasks further on wait for it.
    """
    layer_of = _layer_numbers(view.graph)
    result = Layers(len(view.tasks), [[] for _ in range(max(layer_of, default=-1) + 1)])
    for task, layer in enumerate(layer_of):
        result.layers[layer].append(task)
        result.before.append([])
        result.behind.append([])
    bends: dict[tuple[int, bool, int], int] = {}
    for edge in view.edges:
        last = edge.before
        for layer in range(layer_of[edge.before] + 1, layer_of[edge.task]):
            way = edge.before, edge.only_after, layer
            if way not in bends:
                bends[way] = _add_bend(result, layer)
                _add_segment(result, last, bends[way], edge.only_after)
            last = bends[way]
        _add_segment(result, last, edge.task, edge.only_after)
    return result


def _layer_numbers(graph: TaskGraph[Any, Any]) -> list[int]:
    """Count the longest way to each task; then move those that more wait for than they wait for closer to these."""
    layer_of = [0] * len(graph.keys)
    for task in graph.order:
        layer_of[task] = max((layer_of[other] + 1 for other in graph.predecessors[task]), default=0)
    for task in reversed(graph.order):
        if len(graph.successors[task]) > len(graph.predecessors[task]):
            layer_of[task] = min(layer_of[other] for other in graph.successors[task]) - 1
    return layer_of


def _add_bend(result: Layers, layer: int) -> int:
    node = len(result.before)
    result.layers[layer].append(node)
    result.before.append([])
    result.behind.append([])
    return node


def _add_segment(result: Layers, start: int, end: int, only_after: bool) -> None:
    result.behind[start].append(end)
    result.before[end].append(start)
    if only_after:
        result.dashed.add((start, end))

"""The order of the nodes within their layers, so that few segments cross.

To find the best order is NP-hard even for two layers. So the layers are gone through forth and back a bounded
number of times, each node is put at the mean place of its neighbours, and the best order met is kept.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from statistics import fmean

from sdax_contrib._picture_layers import Layers

_SWEEPS = 24
_PATIENCE = 6
_WORK = 60_000  # sweeps times segments: about half a second


def reduce_crossings(drawing: Layers) -> None:
    """Reorder the nodes of each layer in place."""
    _start_depth_first(drawing)
    segments = sum(map(len, drawing.behind))
    best = [list(layer) for layer in drawing.layers]
    fewest = _crossings(drawing)
    since_best = 0
    for sweep in range(min(_SWEEPS, max(2, _WORK // (segments + 1)))):
        if not fewest or since_best == _PATIENCE:
            break
        _sweep(drawing, forwards=sweep % 2 == 0)
        crossings = _crossings(drawing)
        since_best += 1
        if crossings < fewest:
            best, fewest, since_best = [list(layer) for layer in drawing.layers], crossings, 0
    drawing.layers = best


def _start_depth_first(drawing: Layers) -> None:
    """Order the nodes as a walk meets them, so that what hangs together begins side by side."""
    met: dict[int, int] = {}
    pending = [node for layer in reversed(drawing.layers) for node in reversed(layer)]
    while pending:
        node = pending.pop()
        if node not in met:
            met[node] = len(met)
            pending += reversed(drawing.before[node])
            pending += reversed(drawing.behind[node])
    for layer in drawing.layers:
        layer.sort(key=met.__getitem__)


def _sweep(drawing: Layers, *, forwards: bool) -> None:
    layers = drawing.layers if forwards else drawing.layers[::-1]
    neighbours = drawing.before if forwards else drawing.behind
    place: dict[int, float] = {node: index for index, node in enumerate(layers[0])}
    for layer in layers[1:]:
        wanted = {
            node: fmean(place[other] for other in neighbours[node]) if neighbours[node] else index
            for index, node in enumerate(layer)
        }
        layer.sort(key=wanted.__getitem__)
        place = {node: index for index, node in enumerate(layer)}


def _crossings(drawing: Layers) -> int:
    return sum(
        _crossings_between(
            layer, drawing.behind, {node: index for index, node in enumerate(following)}
        )
        for layer, following in zip(drawing.layers, drawing.layers[1:], strict=False)
    )


def _crossings_between(
    layer: Sequence[int], behind: Sequence[Sequence[int]], place: dict[int, int]
) -> int:
    """Count the pairs of segments whose ends are in the other order than their beginnings."""
    crossings = 0
    seen: list[int] = []
    for node in layer:
        ends = sorted(place[other] for other in behind[node])
        for end in ends:
            crossings += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return crossings

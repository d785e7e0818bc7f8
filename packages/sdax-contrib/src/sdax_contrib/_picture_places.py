"""Where the nodes are across their layers: near their neighbours, in order, and not too close to each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean

from sdax_contrib._picture_layers import Layers

_SWEEPS = 12
_NEARLY_STRAIGHT = 6.0
_LEAST_WEIGHT = 0.01


def places_of(drawing: Layers, distance: Callable[[int, int], float]) -> list[float]:
    """Give each node its place across the layers; the first is at 0 or behind it.

    Args:
        drawing: The ordered layers.
        distance: How far the middles of two neighbours in a layer must be apart at least.
    """
    places = [0.0] * len(drawing.before)
    gaps = [[distance(*pair) for pair in pairwise(layer)] for layer in drawing.layers]
    for layer, apart in zip(drawing.layers, gaps, strict=True):
        _place(places, layer, _settled([0.0] * len(layer), [1.0] * len(layer), apart))
    for sweep in range(_SWEEPS):
        looks_back = sweep % 2 == 0
        looks_both_ways = sweep >= _SWEEPS - 4
        layers = list(zip(drawing.layers, gaps, strict=True))
        for layer, apart in layers if looks_back else reversed(layers):
            pulls = [
                _pull(
                    drawing,
                    places,
                    node,
                    drawing.before[node] if looks_back or looks_both_ways else (),
                    drawing.behind[node] if not looks_back or looks_both_ways else (),
                )
                for node in layer
            ]
            _place(places, layer, _settled([to for to, _ in pulls], [by for _, by in pulls], apart))
    _straighten(drawing, places, distance)
    return places


def _place(places: list[float], layer: Sequence[int], settled: Sequence[float]) -> None:
    for node, place in zip(layer, settled, strict=True):
        places[node] = place


def _pull(
    drawing: Layers,
    places: Sequence[float],
    node: int,
    before: Sequence[int],
    behind: Sequence[int],
) -> tuple[float, float]:
    """Where the neighbours want a node to be, and how strongly: a long edge is to be straight above all."""
    total = weight = 0.0
    for other in (*before, *behind):
        bends = drawing.is_bend(node) + drawing.is_bend(other)
        strength = (1.0, 2.0, 8.0)[bends]
        total += strength * places[other]
        weight += strength
    if not weight:
        return places[node], _LEAST_WEIGHT
    return total / weight, weight


def _settled(
    wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]
) -> list[float]:
    """Find the places in order, `gaps` apart at least, whose weighted squared distances from `wanted` are least.

    With the gaps taken off this is isotonic regression, which pooling adjacent violators solves exactly.
    """
    shifts = [0.0]
    for gap in gaps:
        shifts.append(shifts[-1] + gap)
    blocks: list[tuple[float, float, int]] = []  # the mean, the weight, how many nodes
    for place, weight, shift in zip(wanted, weights, shifts, strict=False):
        block = place - shift, weight, 1
        while blocks and blocks[-1][0] > block[0]:
            mean, mass, count = blocks.pop()
            together = mass + block[1]
            middle = (mean * mass + block[0] * block[1]) / together
            block = middle, together, count + block[2]
        blocks.append(block)
    bases = [mean for mean, _, count in blocks for _ in range(count)]
    return [base + shift for base, shift in zip(bases, shifts, strict=False)]


def _straighten(
    drawing: Layers, places: list[float], distance: Callable[[int, int], float]
) -> None:
    """Take the small kinks out of what is nearly straight, as far as there is room."""
    room = _Room(drawing, places, distance)
    for layer in drawing.layers:
        for node in layer:
            before = drawing.before[node]
            if drawing.is_bend(node) and not drawing.is_bend(before[0]):
                chain = _chain_from(drawing, node)
                room.move(chain, fmean(places[bend] for bend in chain))
    for layer in drawing.layers:
        for node in layer:
            if not drawing.is_bend(node) and drawing.before[node]:
                nearest = min(drawing.before[node], key=lambda n: abs(places[n] - places[node]))
                if abs(places[nearest] - places[node]) < _NEARLY_STRAIGHT:
                    room.move([node], places[nearest])


def _chain_from(drawing: Layers, bend: int) -> list[int]:
    """The bends that follow each other until the way parts or ends."""
    chain = [bend]
    while len(drawing.behind[bend]) == 1 and drawing.is_bend(bend := drawing.behind[bend][0]):
        chain.append(bend)
    return chain


class _Room:
    """How far nodes may move within their layers."""

    def __init__(
        self, drawing: Layers, places: list[float], distance: Callable[[int, int], float]
    ) -> None:
        self._places = places
        self._distance = distance
        self._before: dict[int, int] = {}
        self._behind: dict[int, int] = {}
        for layer in drawing.layers:
            for one, other in pairwise(layer):
                self._before[other], self._behind[one] = one, other

    def move(self, nodes: Sequence[int], place: float) -> None:
        """Put them all at one place, the nearest to `place` at which there is room for all, if there is one."""
        least, most = -math.inf, math.inf
        for node in nodes:
            if node in self._before:
                other = self._before[node]
                least = max(least, self._places[other] + self._distance(other, node))
            if node in self._behind:
                other = self._behind[node]
                most = min(most, self._places[other] - self._distance(node, other))
        if least <= most:
            _place(self._places, nodes, [min(max(place, least), most)] * len(nodes))

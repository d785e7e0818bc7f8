"""What the functions of a walk waited for longest."""

from __future__ import annotations

from collections.abc import Sequence

from sdax_core._plan import WalkPlan


class EndOrder:
    """The order in which the functions of a walk ended.

    It is asked what a function waited for longest. That is looked up when it is asked for: the lane, which
    releases the function, need not know that anybody asks.
    """

    __slots__ = ("_all_through", "_plan", "_through", "ended")

    def __init__(self, plan: WalkPlan) -> None:
        self._plan = plan
        self.ended: dict[int, int] = {}
        """The nodes whose functions have ended, numbered in the order in which they did."""
        self._through: dict[int, int | None] = {}
        """What the nodes without a function, which end with what they depend on, waited for longest."""
        self._all_through: dict[int, tuple[int, ...]] = {}

    def last_before(self, node: int) -> int | None:
        """Give the node whose function ended last among those that `node` waited for."""
        predecessors = self._plan.predecessors()
        pending = [node]
        while pending:
            current = pending[-1]
            unknown = [
                before
                for before in predecessors[current]
                if before not in self.ended and before not in self._through
            ]
            if unknown:
                pending.extend(unknown)
                continue
            pending.pop()
            self._through[current] = self._latest(predecessors[current])
        return self._through.pop(node)

    def all_before(self, node: int) -> tuple[int, ...]:
        """Give the nodes whose functions `node` waited for, in the order in which they ended."""
        predecessors = self._plan.predecessors()[node]
        if len(predecessors) != 1 or predecessors[0] in self.ended:
            return self._found_from(node)
        # A thousand nodes behind one join share what is found behind it.
        through = predecessors[0]
        if through not in self._all_through:
            self._all_through[through] = self._found_from(through)
        return self._all_through[through]

    def _found_from(self, node: int) -> tuple[int, ...]:
        predecessors = self._plan.predecessors()
        seen: set[int] = set()
        pending = [node]
        while pending:
            for before in predecessors[pending.pop()]:
                if before not in seen:
                    seen.add(before)
                    if before not in self.ended:
                        pending.append(before)
        return tuple(sorted(seen & self.ended.keys(), key=self.ended.__getitem__))

    def _latest(self, nodes: Sequence[int]) -> int | None:
        candidates = (node if node in self.ended else self._through[node] for node in nodes)
        return max(
            (node for node in candidates if node is not None),
            key=self.ended.__getitem__,
            default=None,
        )

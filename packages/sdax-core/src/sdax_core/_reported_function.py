"""Functions of a run that somebody observes or intercepts: what is said of each, and what it waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdax_core._attempt import current_lane
from sdax_core._plan import GuardedNode, WalkPlan
from sdax_core._reported_attempt import end_report
from sdax_core._reports import FunctionCall
from sdax_core._retrying import run_guarded

if TYPE_CHECKING:
    from sdax_core._walk import Walk


async def run_reported(walk: Walk, guarded: GuardedNode, ends: EndOrder | None, ctx: Any) -> None:
    """Run one function and tell the observers when it starts and ends."""
    run, lane = walk.run, current_lane()
    observation = run.observation
    call = FunctionCall(
        run.handle, guarded.key, guarded.phase, guarded.settings, walk.loop.time(), observation
    )
    if ends is not None:
        last = ends.last_before(guarded.node)
        call.released_by = None if last is None else run.key(last)
    if observation is not None:
        observation.tell("function_started", call)
    try:
        await run_guarded(walk, guarded, ctx, call)
    except BaseException as error:
        end_report(call, walk, lane, error)
        raise
    else:
        end_report(call, walk, lane, None)
    finally:
        if ends is not None:
            ends.note(guarded.node)
        if observation is not None:
            observation.tell("function_ended", call)


class EndOrder:
    """The order in which the functions of a walk ended.

    It is asked what a function waited for longest. That is looked up when the function starts, so that the lane,
    which releases it, need not know that anybody asks.
    """

    __slots__ = ("_ended", "_predecessors", "_through")

    def __init__(self, plan: WalkPlan) -> None:
        self._predecessors = plan.predecessors
        self._ended: dict[int, int] = {}
        self._through: dict[int, int | None] = {}
        """What the nodes without a function, which end with what they depend on, waited for longest."""

    def note(self, node: int) -> None:
        """The function of `node` has ended."""
        self._ended[node] = len(self._ended)

    def last_before(self, node: int) -> int | None:
        """Give the node whose function ended last among those that `node` waited for."""
        pending = [node]
        while pending:
            current = pending[-1]
            unknown = [
                before
                for before in self._predecessors[current]
                if before not in self._ended and before not in self._through
            ]
            if unknown:
                pending.extend(unknown)
                continue
            pending.pop()
            self._through[current] = self._latest(self._predecessors[current])
        return self._through.pop(node)

    def _latest(self, nodes: tuple[int, ...]) -> int | None:
        candidates = (node if node in self._ended else self._through[node] for node in nodes)
        return max(
            (node for node in candidates if node is not None),
            key=self._ended.__getitem__,
            default=None,
        )

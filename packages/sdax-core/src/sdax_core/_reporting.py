"""Which functions of a walk are reported, and in what manner."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from sdax_core._end_order import EndOrder
from sdax_core._observed_walk import ObservedWalk
from sdax_core._plan import Function, WalkPlan
from sdax_core._reported_function import run_reported

if TYPE_CHECKING:
    from sdax_core._walk import Walk


def report_functions(walk: Walk, plan: WalkPlan, functions: list[Function | None]) -> None:
    """Put the functions that somebody is shown, or that somebody intercepts, in the place of the others."""
    if not walk.run.is_reported:
        # One function with interceptors must not make a report of all the others.
        for guarded in plan.guarded:
            if guarded.settings.interceptors:
                functions[guarded.node] = partial(run_reported, walk, guarded, None)
        return
    run = walk.run
    ends = EndOrder(plan)
    every_node = run.plan.every_node_guarded(walk.phase)
    nodes: Iterable[int] = range(len(functions))
    if run.observation is not None and not run.settings.interceptors and not run.plan.gates:
        ObservedWalk(walk, run.observation, ends, every_node)
        nodes = [guarded.node for guarded in plan.guarded]
    for node in nodes:
        reported = every_node[node]
        if reported is not None and functions[node] is not None:
            functions[node] = partial(run_reported, walk, reported, ends)

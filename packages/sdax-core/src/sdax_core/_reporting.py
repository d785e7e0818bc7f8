"""Which functions of a walk are reported, and in what manner."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

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
    observed: Any = None
    if run.observation is not None and not run.settings.interceptors:
        observed = ObservedWalk(walk, run.observation, ends).run_function
    for node, reported in enumerate(run.plan.every_node_guarded(walk.phase)):
        if reported is None or functions[node] is None:
            continue
        if observed is not None and reported.is_plain:
            functions[node] = partial(observed, reported)
        else:
            functions[node] = partial(run_reported, walk, reported, ends)

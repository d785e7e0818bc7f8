"""Binds the functions of a plan to one walk.

A function without settings is called as the user gave it. What else a run needs around a function (attempts, the
name of the Task in debug mode, a record of what is running) is put there once, before the walk begins, so that
a lane knows nothing of it and a run without it pays nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sdax_core._plan import Function, WalkPlan

if TYPE_CHECKING:
    from sdax_core._walk import Walk


def bind(walk: Walk, plan: WalkPlan) -> Sequence[Function | None]:
    """Give the function that a lane calls for each node, `None` where there is nothing to run."""
    run = walk.run
    if not (
        plan.guarded
        or run.is_reported
        or run.is_named
        or walk.running is not None
        or run.plan.gates
    ):
        return plan.functions
    functions = list(plan.functions)
    if plan.guarded:
        from sdax_core._retrying import run_guarded  # on demand, like what follows

        for guarded in plan.guarded:
            functions[guarded.node] = partial(run_guarded, walk, guarded)
    if run.is_reported or plan.intercepts:
        from sdax_core._reporting import report_functions

        report_functions(walk, plan, functions)
    is_named = run.is_named and run.observation is None  # who is observed is named already
    if is_named or walk.running is not None or run.plan.gates:
        from sdax_core._function_wrappers import wrap_functions

        wrap_functions(walk, functions, is_named=is_named)
    return functions

"""Binds the functions of a plan to one walk.

A function without settings is called as the user gave it. What else a run needs around a function (attempts, the
name of the Task in debug mode, a record of what is running) is put there once, before the walk begins, so that
a lane knows nothing of it and a run without it pays nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sdax_core._attempt import current_lane, not_awaitable_error, run_guarded
from sdax_core._plan import Function, WalkPlan

if TYPE_CHECKING:
    from sdax_core._walk import Walk


def bind(walk: Walk, plan: WalkPlan) -> Sequence[Function | None]:
    """Give the function that a lane calls for each node, `None` where there is nothing to run."""
    if not (plan.guarded or walk.names is not None or walk.running is not None):
        return plan.functions
    functions = list(plan.functions)
    for guarded in plan.guarded:
        functions[guarded.node] = partial(run_guarded, walk, guarded)
    if walk.running is not None:
        _wrap(functions, partial(_recorded, walk))
    if walk.names is not None:
        _wrap(functions, partial(_named, walk))
    return functions


def _wrap(functions: list[Function | None], wrapper: Any) -> None:
    for node, function in enumerate(functions):
        if function is not None:
            functions[node] = partial(wrapper, node, function)


async def _recorded(walk: Walk, node: int, function: Function, ctx: Any) -> None:
    assert walk.running is not None
    walk.running[node] = None
    try:
        returned: object = function(ctx)
        if not inspect.isawaitable(returned):
            raise not_awaitable_error(walk.run.key(node), walk.phase, function, returned)
        await returned
    finally:
        del walk.running[node]


def _named(walk: Walk, node: int, function: Function, ctx: Any) -> Awaitable[Any]:
    assert walk.names is not None
    lane = current_lane()
    name = walk.names[lane] = f"sdax: {walk.run.key(node)}.{walk.phase}"
    lane.set_name(name)
    return function(ctx)

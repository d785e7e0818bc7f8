"""Binds the functions of a plan to one walk.

A function without settings is called as the user gave it. What else a run needs around a function (attempts, the
name of the Task in debug mode, a record of what is running) is put there once, before the walk begins, so that
a lane knows nothing of it and a run without it pays nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, cast

from sdax_core._attempt import current_lane, not_awaitable_error
from sdax_core._plan import Function, WalkPlan
from sdax_core._retrying import run_guarded

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
    for guarded in plan.guarded:
        functions[guarded.node] = partial(run_guarded, walk, guarded)
    if run.is_reported or plan.intercepts:
        from sdax_core._reporting import report_functions  # on demand, as few runs are reported

        report_functions(walk, plan, functions)
    if walk.running is not None:
        _wrap(functions, partial(_recorded, walk))
    if run.is_named and run.observation is None:
        _wrap(functions, partial(_named, walk))
    for node, predicate in run.plan.gates:
        function = functions[node]
        if function is not None:
            functions[node] = partial(_gated, walk, node, predicate, function)
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
    walk.name_lane(current_lane(), f"sdax: {walk.run.key(node)}.{walk.phase}")
    return function(ctx)


async def _gated(
    walk: Walk, node: int, predicate: Callable[[Any], Any], function: Function, ctx: Any
) -> None:
    """Run a function of a task that takes part only if its predicate says so (guarantee 37)."""
    run = walk.run
    answers = run.takes_part
    assert answers is not None
    takes_part = answers.get(node)
    if takes_part is None:
        answers[node] = False  # as it stays if the predicate raises
        takes_part = answers[node] = _ask(predicate, run.key(node), ctx)
        if not takes_part:
            run.record_skipped(node, walk.phase, "when")
    if not takes_part:
        return
    returned: object = function(ctx)
    if not inspect.isawaitable(returned):
        raise not_awaitable_error(
            run.key(node), walk.phase, run.function(node, walk.phase), returned
        )
    await returned


def _ask(predicate: Callable[[Any], Any], key: Hashable, ctx: Any) -> bool:
    """Ask the `when` of a task."""
    answer: object = predicate(ctx)
    if inspect.isawaitable(answer):
        if isinstance(answer, CoroutineType):
            answer.close()  # or Python would warn, too, that it was never awaited
        raise TypeError(
            f"task {key!r}: when returned {type(cast('object', answer)).__name__}, which nobody "
            "would await; make it a plain function"
        )
    return bool(answer)

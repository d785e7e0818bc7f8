"""What else may be around a function: a record of what is running, the name of its Task, a `when`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, cast

from sdax_core._attempt import current_lane, not_awaitable_error
from sdax_core._plan import Function

if TYPE_CHECKING:
    from sdax_core._walk import Walk


def wrap_functions(walk: Walk, functions: list[Function | None], *, is_named: bool) -> None:
    """Put around the functions of a walk what this run needs around them."""
    if walk.running is not None:
        _wrap(functions, partial(_recorded, walk))
    if is_named:
        _wrap(functions, partial(_named, walk))
    for node, predicate in walk.run.plan.gates:
        function = functions[node]
        if function is not None:
            functions[node] = partial(_gated, walk, node, predicate, function)


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

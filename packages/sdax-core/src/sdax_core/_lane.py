"""A lane: one asyncio Task that runs ready functions one after another until one of them suspends.

An asyncio Task costs some twenty times as much as a plain `await`, and most functions suspend once or never. So
a walk does not make a Task per function: a thousand functions that never suspend share one lane, and a thousand
that do get a lane each, started eagerly.
"""

from __future__ import annotations

from asyncio import current_task
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdax_core._burst_pump import BurstPump, Ticket
    from sdax_core._walk import Walk

NOTHING: Any = object()
"""Stands for "nothing returned yet": a function may return anything, `None` included."""


async def run_lane(  # noqa: C901 - one loop in one place: it is the hot path
    walk: Walk, context: Context, only: int | None, ticket: Ticket | BurstPump | None = None
) -> None:
    """Run ready nodes of `walk` until none is left or the lane has to close.

    Args:
        walk: The walk that the lane belongs to.
        context: The context that the lane's Task runs in.
        only: A node whose task owns `context`: the lane runs this one and closes.
        ticket: What to use when the lane begins, if that is not at once.
    """
    # This loop is what a run costs: names are bound once, and all that is rare is a call away.
    task: Any = current_task(walk.loop)
    ctx, base, ready, kept = walk.ctx, walk.base, walk.ready, walk.kept
    functions: Any = walk.functions
    released, waiting = walk.released, walk.waiting
    closing = False
    returned = NOTHING
    if ticket is not None:
        ticket.use(task)
    if only is not None:
        ready.appendleft(only)
    while ready and (walk.may_begin if only is None else not walk.stopped):
        if only is None:
            # A ready node must never sit behind a suspended one, and any function may suspend.
            if not walk.covered and not walk.cover(task):
                break
            if kept and ready[0] in kept:
                if not walk.open_lane_for_owner():
                    break
                continue
        node = ready.popleft()
        try:
            await (returned := functions[node](ctx))
            following = released[node]
        except BaseException as error:  # nothing may leave a lane: the walk sorts it
            if isinstance(error, GeneratorExit):
                closing = True  # perhaps this coroutine is being closed: it may not await again
            following = released[node] if walk.ended_badly(node, error, task, returned) else ()
            returned = NOTHING
        joins: list[int] | None = None
        for successor in following:
            left = waiting[successor] - 1
            waiting[successor] = left
            if not left:
                if functions[successor] is not None:
                    ready.append(successor)
                elif joins is None:
                    joins = [successor]
                else:
                    joins.append(successor)
        if joins is not None:
            walk.pass_through(following, joins)
        if only is not None:
            break
        # What a function leaves behind must not reach the next one. Variables that it set are its
        # own task's, and a raised cancel count, or a cancel still pending, is nobody's.
        try:
            clean = copy_context() == base
        except Exception:  # the values compared may have any `__eq__`
            clean = False
        if not clean:
            kept[node] = context
            break
        if task.cancelling() or closing:
            break
        if walk.cancel_may_survive and walk.has_stray_cancel(task):
            break
    walk.lane_closed()

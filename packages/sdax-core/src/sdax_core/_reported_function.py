"""Functions of a run that somebody observes or intercepts."""

from __future__ import annotations

from asyncio import current_task
from typing import TYPE_CHECKING, Any

from sdax_core._end_order import EndOrder
from sdax_core._plan import GuardedNode
from sdax_core._reported_attempt import end_badly
from sdax_core._reports import FunctionCall
from sdax_core._retrying import run_guarded

if TYPE_CHECKING:
    from sdax_core._walk import Walk


async def run_reported(walk: Walk, guarded: GuardedNode, ends: EndOrder | None, ctx: Any) -> None:
    """Run one function with its settings, and tell the observers, if there are any, when it starts and ends."""
    lane: Any = current_task()
    observation = walk.run.observation
    call = FunctionCall(walk.run, guarded, ends, walk.loop.time())
    if observation is not None:
        walk.name_lane(lane, guarded.name)
        observation.tell_all("function_started", observation.function_started, call)
    try:
        await run_guarded(walk, guarded, ctx, call)
    except BaseException as error:
        end_badly(call, walk, lane, error)
        raise
    else:
        call.ended_at = walk.loop.time()
        call.outcome = "succeeded"
    finally:
        if ends is not None:
            ends.ended[guarded.node] = len(ends.ended)
        if observation is not None:
            observation.tell_all("function_ended", observation.function_ended, call)

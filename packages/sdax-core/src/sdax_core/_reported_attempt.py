"""Attempts and functions that somebody observes or intercepts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sdax_core._attempt import run_attempt
from sdax_core._cancellation import is_cancellation
from sdax_core._interceptor import run_intercepted
from sdax_core._open_lanes import Lane
from sdax_core._plan import GuardedNode
from sdax_core._reports import Attempt, FunctionCall

if TYPE_CHECKING:
    from sdax_core._walk import Walk


async def run_reported_attempt(
    walk: Walk, guarded: GuardedNode, lane: Lane, ctx: Any, attempt: Attempt
) -> None:
    """Make one attempt, inside the interceptors of the run and of the function."""
    observation = walk.run.observation
    interceptors = walk.run.settings.interceptors + guarded.settings.interceptors
    if observation is not None:
        observation.tell_all("attempt_started", observation.attempt_started, attempt)
    try:
        if interceptors:
            innermost = partial(run_attempt, walk, guarded, ctx, lane)
            await run_intercepted(attempt, interceptors, innermost)
        else:
            await run_attempt(walk, guarded, ctx, lane)
    except BaseException as error:
        end_badly(attempt, walk, lane, error)
        raise
    else:
        attempt.ended_at = walk.loop.time()
        attempt.outcome = "succeeded"
    finally:
        if observation is not None:
            observation.tell_all("attempt_ended", observation.attempt_ended, attempt)


def end_badly(report: Attempt | FunctionCall, walk: Walk, lane: Lane, error: BaseException) -> None:
    """Write down how an attempt or a function has ended that did not succeed."""
    report.ended_at = walk.loop.time()
    report.error = error
    if is_cancellation(error) and walk.was_cancel_asked(lane):
        report.outcome = "cancelled"
        if isinstance(report, FunctionCall):
            report.cancel_cause = walk.lanes.cause_of(lane)
    else:
        report.outcome = "failed"

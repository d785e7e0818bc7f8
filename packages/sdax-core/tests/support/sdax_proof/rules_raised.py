"""What comes out of a run (guarantees 14, 16, 17, 32 and 40)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from sdax_core import SdaxExecutionError

from sdax_proof.events import Call, RunFailure
from sdax_proof.verdicts import CANCELLED, TOLERANCE, errors_of, inside
from sdax_proof.view import View


def check_raised(view: View) -> Iterator[str]:
    """The kind of what is raised."""
    raised = view.result.raised
    interrupted = [run.last for run in view.runs.values() if "fatal" in run.verdicts]
    by_others = [error for _, error in view.trace.interruptions]
    if isinstance(raised, asyncio.CancelledError):
        if not view.trace.requests:
            yield "17: CancelledError came out although nobody cancelled the run"
    elif interrupted or by_others:
        by_functions = any(_left(raised, call) for call in interrupted)
        if not by_functions and all(raised is not error for error in by_others):
            yield f"16: {raised!r} came out, and not the interrupt itself"
    elif _surely_cancelled(view):
        yield f"17: {raised!r} came out of a cancelled run"
    elif isinstance(raised, TimeoutError):
        if not may_have_expired(view):
            yield f"32: {raised!r} came out although the deadline was not reached"
    elif surely_expired(view):
        yield f"32: {raised!r} came out of a run that reached its deadline"
    else:
        yield from _check_failed(view, raised)


def _left(raised: BaseException | None, call: Call) -> bool:
    """Whether it is what left an attempt: a task group of which a subtask failed too raises a group of both."""
    own = errors_of(call)
    together = len(own) > 1 and {id(part) for part in inside(raised)} == {id(part) for part in own}
    return raised is call.error or together


def _check_failed(view: View, raised: BaseException | None) -> Iterator[str]:
    if raised is not None:
        if not isinstance(raised, SdaxExecutionError):
            yield f"14: {raised!r} came out, which is none of the documented errors"
    elif any(run.surely_failed and not view.is_optional(run) for run in view.runs.values()):
        yield "14: nothing was raised although functions had failed"
    elif any(not _is_optional_failure(view, failure) for failure in view.trace.run_failures):
        yield "40: nothing was raised although something that the run held had died"


def _is_optional_failure(view: View, failure: RunFailure) -> bool:
    return view.graph.is_optional(failure.task, failure.phase)


def may_have_expired(view: View) -> bool:
    """Whether the deadline may have ended the run early."""
    return view.deadline is not None and (
        _ends_late(view, -TOLERANCE) or view.over_before("execute") >= view.deadline - TOLERANCE
    )


def surely_expired(view: View) -> bool:
    """Whether functions before cleanup ran past the deadline, or `execute` was not begun for it."""
    if view.deadline is None or not view.exact:
        return False
    if view.result.plan.use != "leave after pre_execute" and _waits_in_vain(view):
        return True
    return _ends_late(view, TOLERANCE) or _is_cancelled_at(view, view.deadline)


def _is_cancelled_at(view: View, deadline: float) -> bool:
    """Whether a function was cancelled for the deadline and for nothing else."""
    return any(
        run.phase != "post_execute"
        and run.verdicts == CANCELLED
        and any(moment.time >= deadline - TOLERANCE for moment in run.last.cancels)
        and not any(reason.number for reason in view.reasons_to_cancel(run))
        for run in view.runs.values()
    )


def _waits_in_vain(view: View) -> bool:
    left = view.left_out | view.refused
    return (
        view.deadline is not None
        and view.over_before("execute") >= view.deadline
        and not view.stops["pre_execute"]
        and not any(failure.stops for failure in view.trace.run_failures)
        and bool(view.runs)
        and any(
            spec.execute is not None and task not in left
            for task, spec in enumerate(view.graph.tasks)
        )
    )


def _ends_late(view: View, tolerance: float) -> bool:
    return any(
        run.phase != "post_execute"
        and view.deadline is not None
        and (run.over is None or run.over.time > view.deadline + tolerance)
        for run in view.runs.values()
    )


def check_timeout_around(view: View) -> Iterator[str]:
    """`asyncio.timeout` around a run gives TimeoutError, if nobody else cancelled it."""
    around = view.result.around
    if not isinstance(view.result.raised, asyncio.CancelledError) or around is None:
        return
    others = any(request.certain for request in view.trace.requests)
    if not others and not isinstance(around, TimeoutError):
        yield f"17: {around!r} came out of asyncio.timeout, and not TimeoutError"


def _surely_cancelled(view: View) -> bool:
    """Whether the run must have received a cancel while it was under way."""
    request, ended = view.request, view.trace.ended
    if request is None or ended is None or ended.number < request.made.number:
        return False
    if request.certain and not request.from_inside:
        return True
    return request.received is not None and request.received.number < ended.number

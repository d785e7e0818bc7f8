"""What functions see of their run agrees with what happened and what comes out (guarantee 31)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from sdax_core import SdaxExecutionError

from sdax_proof.events import Moment, Sighting
from sdax_proof.rules_raised import may_have_expired, surely_expired
from sdax_proof.verdicts import FAILURES, FATAL, FunctionRun
from sdax_proof.view import TASK_GROUP_ROUNDS, View

_GOING_WELL = ("running", "succeeded")


def check_sightings(view: View) -> Iterator[str]:
    """Each outcome that a function saw."""
    for sighting in view.trace.sightings:
        if sighting.outcome in _GOING_WELL:
            yield from _check_going_well(view, sighting)
        elif sighting.outcome == "failed":
            yield from _check_failed(view, sighting)
        elif sighting.outcome == "cancelled":
            yield from _check_cancelled(view, sighting)
    yield from _check_last(view)


def _check_going_well(view: View, seen: Sighting) -> Iterator[str]:
    said = _said(seen)
    if (seen.outcome == "succeeded") != (seen.phase == "post_execute"):
        yield f"31: {said}"
    if _has_failed(view, seen.moment) or _is_cancelled(view, seen.moment):
        yield f"31: {said} although the run was not going well"
    if seen.exception is not None:
        yield f"31: {said}, and beside it {seen.exception!r}"


def _check_failed(view: View, seen: Sighting) -> Iterator[str]:
    if not _may_have_failed(view, seen.moment):
        yield f"31: {_said(seen)} although nothing had failed"
    if _has_fatal(view, seen.moment):
        return
    if _is_cancelled(view, seen.moment):
        yield f"31: {_said(seen)} although the run was cancelled"
    if not isinstance(seen.exception, SdaxExecutionError):
        yield f"31: {_said(seen)}, and beside it {seen.exception!r}"


def _check_cancelled(view: View, seen: Sighting) -> Iterator[str]:
    if not _may_be_cancelled(view, seen.moment):
        yield f"31: {_said(seen)} although nobody had cancelled the run"
    if not isinstance(seen.exception, (asyncio.CancelledError, TimeoutError)):
        yield f"31: {_said(seen)}, and beside it {seen.exception!r}"


def _said(seen: Sighting) -> str:
    return f"{seen.outcome!r} is seen in {seen.phase}"


def _check_last(view: View) -> Iterator[str]:
    """What the handle says in the end, and the last thing that was seen."""
    handle, raised = view.trace.handle, view.result.raised
    if handle is None:
        return
    outcome = _outcome_of(raised)
    if handle.outcome != outcome:
        yield f"31: {handle.outcome!r} is the outcome of a run that raised {raised!r}"
    last: Sighting | None = view.trace.sightings[-1] if view.trace.sightings else None
    if outcome == "succeeded" and last is not None and last.outcome not in _GOING_WELL:
        yield f"31: {last.outcome!r} was seen, and then nothing was raised"
    was_cancelled = last is not None and last.outcome == "cancelled"
    if was_cancelled and isinstance(raised, SdaxExecutionError):
        yield f"31: 'cancelled' was seen, and then {raised!r} was raised"
    kept = handle.exception()
    if type(kept) is not type(raised):
        yield f"31: {kept!r} is the exception of a run that raised {raised!r}"


def _outcome_of(raised: BaseException | None) -> str:
    match raised:
        case None:
            return "succeeded"
        case asyncio.CancelledError() | TimeoutError():
            return "cancelled"
        case _:
            return "failed"


def _over_by(run: FunctionRun, moment: Moment) -> bool:
    if run.over is None or run.over.number >= moment.number + run.last.is_blurred:
        return False
    return not run.last.is_blurred or run.over.cycle + TASK_GROUP_ROUNDS < moment.cycle


def _has_fatal(view: View, moment: Moment) -> bool:
    early = [made for made, _ in view.trace.interruptions]
    early += [run.over for run in view.runs.values() if run.over and "fatal" in run.verdicts]
    return any(made.number <= moment.number for made in early)


def _has_failed(view: View, moment: Moment) -> bool:
    if any(failure.stops and failure.made <= moment for failure in view.trace.run_failures):
        return True
    return any(
        (run.verdicts <= FAILURES or run.verdicts == FATAL)
        and _over_by(run, moment)
        and (run.verdicts == FATAL or not view.is_optional(run))
        for run in view.runs.values()
    )


def _may_have_failed(view: View, moment: Moment) -> bool:
    if _has_fatal(view, moment) or view.trace.run_failures or view.graph.cleanup_timeout:
        return True
    return any(
        run.verdicts & FAILURES
        and not view.is_optional(run)
        and run.over is not None
        and run.over.number <= moment.number
        for run in view.runs.values()
    )


def _is_cancelled(view: View, moment: Moment) -> bool:
    if _has_fatal(view, moment):
        return False
    request = view.request
    received = None if request is None or not request.certain else request.received
    if received is not None and received.number < moment.number:
        return True
    return _is_in_cleanup(view, moment) and surely_expired(view)


def _is_in_cleanup(view: View, moment: Moment) -> bool:
    first = view.first_begun("post_execute")
    return first is not None and first.number <= moment.number


def _may_be_cancelled(view: View, moment: Moment) -> bool:
    request = view.request
    if request is not None and request.made.number <= moment.number:
        return True
    return may_have_expired(view)

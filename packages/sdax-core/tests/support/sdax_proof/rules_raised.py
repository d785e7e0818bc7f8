"""What comes out of a run, and that no error is lost (guarantees 14, 16, 17, 21 and 22)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sdax_core import SdaxExecutionError

from sdax_proof.verdicts import CANCELLED, FunctionRun, errors_of, inside
from sdax_proof.view import View


def check_raised(view: View) -> Iterator[str]:
    """The kind of what is raised."""
    raised = view.result.raised
    interrupted = [run.last.error for run in view.runs.values() if "fatal" in run.verdicts]
    if isinstance(raised, asyncio.CancelledError):
        if not view.trace.requests:
            yield "17: CancelledError came out although nobody cancelled the run"
    elif interrupted:
        if all(raised is not error for error in interrupted):
            yield f"16: {raised!r} came out, and not the interrupt itself"
    elif _surely_cancelled(view):
        yield f"17: {raised!r} came out of a cancelled run"
    elif raised is not None:
        if not isinstance(raised, SdaxExecutionError):
            yield f"14: {raised!r} came out, which is none of the documented errors"
    elif any(run.surely_failed for run in view.runs.values()):
        yield "14: nothing was raised although functions had failed"


def check_timeout_around(view: View) -> Iterator[str]:
    """`asyncio.timeout` around a run gives TimeoutError, if nobody else cancelled it."""
    around = view.result.around
    if not isinstance(view.result.raised, asyncio.CancelledError) or around is None:
        return
    others = any(request.certain for request in view.trace.requests)
    if not others and not isinstance(around, TimeoutError):
        yield f"17: {around!r} came out of asyncio.timeout, and not TimeoutError"


def _cut(view: View) -> bool:
    return view.graph.cleanup_timeout is not None


def _surely_cancelled(view: View) -> bool:
    """Whether the run must have received a cancel while it was under way."""
    request, ended = view.request, view.trace.ended
    if request is None or ended is None or ended.number < request.made.number:
        return False
    if request.certain and not request.from_inside:
        return True
    return request.received is not None and request.received.number < ended.number


def reported(view: View) -> list[BaseException] | None:
    """The failures that the run tells of, one per function; None if only notes tell."""
    raised: Any = view.result.raised
    if isinstance(raised, SdaxExecutionError):
        return list(raised.exceptions)
    if view.result.runner is not None:
        return list(view.result.runner.failures())
    return [] if raised is None else None


def check_failures(view: View) -> Iterator[str]:
    """Each failure is told of once, and nothing else is."""
    told = reported(view)
    if told is None:
        yield from _check_notes(view)
        return
    left = list(told)
    places: list[tuple[int, FunctionRun]] = []
    for run in view.runs.values():
        mine = [error for error in left if _is_failure_of(view, error, run)]
        if mine:
            left.remove(mine[0])
            places.append((told.index(mine[0]), run))
        elif run.surely_failed:
            yield f"14: the failure of {run.name} is lost ({set(run.verdicts)}, {told})"
    for error in left:
        if not (_cut(view) and isinstance(error, TimeoutError)):
            yield f"14: {error!r} is told of and nobody's failure"
    yield from _check_order_of_failure(places)
    yield from _check_values(view, places)


def _is_failure_of(view: View, error: BaseException, run: FunctionRun) -> bool:
    own = errors_of(run.last)
    if "fatal" in run.verdicts:
        return error is run.last.error  # A runner may list it; what is raised is checked elsewhere.
    if "failed" in run.verdicts and own:
        if len(own) == 1:
            return error is own[0]
        return error in own or {id(leaf) for leaf in inside(error)} == {id(leaf) for leaf in own}
    if (
        "stray" in run.verdicts
        and error.__cause__ is not None
        and error.__cause__ is run.last.stray
    ):
        return True
    if "timeout" not in run.verdicts or not isinstance(error, TimeoutError):
        return False
    return f"{view.graph.tasks[run.task].key!r}, {run.phase}" in str(error)


def _check_order_of_failure(places: list[tuple[int, FunctionRun]]) -> Iterator[str]:
    listed = [run for _, run in sorted(places, key=lambda pair: pair[0])]
    for run, following in pairwise(listed):
        if run.last.subtasks or following.last.subtasks or not (run.over and following.over):
            continue
        if {"timeout", "fatal"} & (run.verdicts | following.verdicts):
            continue
        if run.over > following.over:
            yield f"14: {run.name} is listed before {following.name}, which failed earlier"


def _check_values(view: View, places: list[tuple[int, FunctionRun]]) -> Iterator[str]:
    values: Any = getattr(view.result.raised, "failures", None)
    if values is None or not isinstance(view.result.raised, SdaxExecutionError):
        return
    for place, run in places:
        value = values[place]
        key = view.graph.tasks[run.task].key
        said = (value.task, str(value.phase), value.attempts)
        if said != (key, run.phase, len(run.calls)):
            yield f"14: the failure of {run.name} is described as {said}"
        notes = " ".join(getattr(value.exception, "__notes__", []))
        if str(key) not in notes or run.phase not in notes:
            yield f"14: no note on {value.exception!r} names {run.name}: {notes!r}"


def _check_notes(view: View) -> Iterator[str]:
    notes = " ".join(getattr(view.result.raised, "__notes__", []))
    for run in view.runs.values():
        waiting = run.verdicts == CANCELLED and run.attempts_left
        if not run.surely_failed and not waiting:
            continue
        for error in errors_of(run.last):
            if str(error) not in notes:
                yield f"17: no note tells of {error!r} of {run.name}: {notes!r}"

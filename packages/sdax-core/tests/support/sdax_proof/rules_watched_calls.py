"""What observers are told of functions and their attempts agrees with the trace (guarantees 34 and 39)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sdax_proof.events import Call
from sdax_proof.observer_record import Record
from sdax_proof.verdicts import TOLERANCE, FunctionRun, Verdict, errors_of
from sdax_proof.watching import Event

_OUTCOMES: dict[str, frozenset[Verdict]] = {
    "succeeded": frozenset({"ok"}),
    "failed": frozenset({"failed", "timeout", "stray", "fatal"}),
    "cancelled": frozenset({"cancelled"}),
}


def check_function(record: Record, run: FunctionRun) -> Iterator[str]:
    """It starts and ends once, and so does each attempt."""
    started, ended = record.of("function_started", run), record.of("function_ended", run)
    if len(started) != 1 or len(ended) != 1 or run.over is None:
        yield f"34: {run.name} is said to start {len(started)} and to end {len(ended)} times"
        return
    call: Any = started[0].arguments[0]
    yield from _check_description(record, run, call)
    if started[0].outcome is not None or ended[0].arguments[0] is not call:
        yield f"34: {run.name} is said to have ended when it starts"
    if record.view.exact and call.started_at != run.begun.time:
        yield f"34: {run.name} is said to start at {call.started_at} s"
    if started[0].moment.number != run.begun.number - 1:
        yield f"34: {run.name} is said to start at another event than it does"
    yield from _check_released_by(record, run, call)
    yield from _check_attempts(record, run)
    yield from _check_retries(record, run)
    latest = record.view.latest_end(run)
    if record.view.exact and not run.over.time <= call.ended_at <= latest + TOLERANCE:
        yield f"34: {run.name} is said to end at {call.ended_at} s, and not at {latest} s"


def _check_description(record: Record, run: FunctionRun, call: Any) -> Iterator[str]:
    if call.attempts != len(run.calls) or call.path != (record.keys[run.task],):
        yield f"34: {run.name} is said to be {call.path}, attempt {call.attempts}"
    if call.run is not record.view.trace.handle:
        yield f"34: {run.name} is said to be of another run"
    if call.outcome is None or not run.verdicts & _OUTCOMES[call.outcome]:
        yield f"34: {run.name} is said to have {call.outcome} ({set(run.verdicts)})"
    if (call.cancel_cause is not None) != (call.outcome == "cancelled"):
        yield f"39: {run.name} has {call.outcome}, because {call.cancel_cause!r}"
    if call.outcome == "cancelled":
        yield from _check_cause(record, run, call.cancel_cause)


def _check_cause(record: Record, run: FunctionRun, cause: Any) -> Iterator[str]:
    kind = getattr(cause, "kind", None)
    trace, view = record.view.trace, record.view
    possible = {
        "caller": bool(trace.requests),
        "deadline": run.deadline is not None,
        "failure": bool(view.stops[run.phase] or trace.interruptions),
        "cleanup timeout": view.graph.cleanup_timeout is not None,
        "resource": bool(trace.run_failures),
    }
    if not possible.get(str(kind), False):
        yield f"39: {run.name} is said to have been cancelled because {cause!r}"
    if kind == "failure" and not trace.interruptions:
        failed = [record.keys[other.task] for other, _ in view.stops[run.phase]]
        if cause.task not in failed:
            yield f"39: {run.name} is said to have been cancelled because {cause!r}"


def _check_released_by(record: Record, run: FunctionRun, call: Any) -> Iterator[str]:
    waited = record.view.waiting[run.phase].functions(run.task)
    if waited is None:
        return
    if any(other.last.is_blurred or other.over is None for other in waited):
        return
    if any("cancelled" in other.verdicts and other.attempts_left for other in waited):
        return  # Its wait for a retry ended some time after its last attempt.
    ends = [(other.over.number, other.task) for other in waited if other.over is not None]
    expected = record.keys[max(ends)[1]] if ends else None
    said = call.released_by
    if said != expected:
        yield f"34: {run.name} is said to be released by {said!r}, and not by {expected!r}"
    all_of_them = [record.keys[task] for _, task in sorted(ends)]
    if list(call.waited_for) != all_of_them:
        yield f"34: {run.name} is said to have waited for {call.waited_for}, not {all_of_them}"


def _check_attempts(record: Record, run: FunctionRun) -> Iterator[str]:
    started, ended = record.of("attempt_started", run), record.of("attempt_ended", run)
    if len(started) != len(run.calls) or len(ended) != len(run.calls):
        yield f"34: {len(started)} attempts of {run.name} are told of"
        return
    for call, start, end in zip(run.calls, started, ended, strict=True):
        attempt: Any = start.arguments[0]
        if end.arguments[0] is not attempt or attempt.number != call.attempt + 1:
            yield f"34: {call.name} is told of as {attempt!r}"
        if start.moment.number != call.begun.number - 1 or start.outcome is not None:
            yield f"34: {call.name} is said to start at another event than it does"
        yield from _check_end(record, call, attempt, end)


def _check_end(record: Record, call: Call, attempt: Any, end: Event) -> Iterator[str]:
    over = call.over
    if over is None:
        return
    if record.view.exact and (attempt.started_at, attempt.ended_at) != (
        call.begun.time,
        over.time,
    ):
        yield f"34: {call.name} is said to last from {attempt.started_at} to {attempt.ended_at}"
    if not call.is_blurred and end.moment.number != over.number:
        yield f"34: {call.name} is said to end at another event than it does"
    own = errors_of(call)
    if call.policy_error is None and len(own) == 1 and attempt.error is not own[0]:
        yield f"34: {call.name} is said to end with {attempt.error!r}, and not {own[0]!r}"
    if (attempt.outcome == "succeeded") != (attempt.error is None):
        yield f"34: {call.name} is said to have {attempt.outcome} with {attempt.error!r}"


def _check_retries(record: Record, run: FunctionRun) -> Iterator[str]:
    scheduled = record.of("retry_scheduled", run)
    if len(scheduled) - (len(run.calls) - 1) not in (0, 1):
        yield f"34: {len(scheduled)} retries of {run.name} are told of"
    for event, call, following in zip(scheduled, run.calls, run.calls[1:], strict=False):
        waited = following.begun.time - call.over.time if call.over else 0.0
        if record.view.exact and abs(waited - event.arguments[1]) > TOLERANCE:
            yield f"34: {call.name} is said to be retried after {event.arguments[1]} s"
        if event.arguments[0].number != call.attempt + 1:
            yield f"34: {call.name} is said to be retried as {event.arguments[0]!r}"

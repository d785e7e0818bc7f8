"""What observers are told agrees with the trace, and those that raise disturb nothing (guarantee 34)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sdax_proof.graph_spec import Phase
from sdax_proof.observer_record import Record
from sdax_proof.rules_skipped import expected_skips
from sdax_proof.rules_watched_calls import check_function
from sdax_proof.verdicts import inside
from sdax_proof.view import View
from sdax_proof.watching import RaisingObserver


def check_observer(view: View) -> Iterator[str]:
    """The record of the run's observer."""
    observer = view.result.observer
    if observer is None:
        return
    if isinstance(observer, RaisingObserver):
        has_raised = len(observer.events) > view.result.plan.raises_at
        if len(view.result.logged) != has_raised:
            yield f"34: {len(view.result.logged)} records were logged about an observer that raised"
        return
    if view.result.logged:
        yield f"34: {view.result.logged[0].getMessage()!r} was logged"
    record = Record(view, observer.events)
    yield from _check_run(record)
    yield from _check_phases(record)
    for run in view.runs.values():
        if not run.is_answer:
            yield from check_function(record, run)
    yield from _check_nothing_else(record)
    yield from _check_skips(view, record)


def _check_run(record: Record) -> Iterator[str]:
    """It starts first and ends last, with what is raised."""
    started, ended = record.named("run_started"), record.named("run_ended")
    if not record.events and not record.view.runs:
        return
    if len(started) != 1 or len(ended) != 1:
        yield f"34: a run is said to start {len(started)} times and to end {len(ended)} times"
        return
    if record.events[0] is not started[0] or record.events[-1] is not ended[0]:
        yield "34: a run is not said to start first and end last"
    handle = record.view.trace.handle or started[0].arguments[0]
    if any(event.arguments[0] is not handle for event in started + ended):
        yield "34: another run is said to start or end"
    said, raised = ended[0].arguments[1], record.view.result.raised
    if (type(said), inside(said)) != (type(raised), inside(raised)):
        yield f"34: the run is said to end with {said!r}, and {raised!r} is raised"


def _check_phases(record: Record) -> Iterator[str]:
    """They start and end one after another, around their functions."""
    open_phase: Phase | None = None
    for event in record.events:
        match event.name:
            case "phase_started":
                if open_phase is not None:
                    yield f"34: {event.arguments[1]} is said to start inside of {open_phase}"
                open_phase = event.arguments[1]
            case "phase_ended":
                if open_phase != event.arguments[1]:
                    yield f"34: {event.arguments[1]} is said to end, and {open_phase} is open"
                open_phase = None
            case "function_started" | "function_ended" if open_phase is None:
                yield f"34: {event.arguments[0]!r} is told of outside of any phase"
                continue
            case _:
                continue
        _, _, time = event.arguments
        if record.view.exact and time != event.moment.time:
            yield f"34: {event.name} is said to be at {time} s"
    if open_phase is not None:
        yield f"34: {open_phase} is never said to end"


def _check_nothing_else(record: Record) -> Iterator[str]:
    """Nothing is told of that did not take place."""
    functions = sum(not run.is_answer for run in record.view.runs.values())
    counts = Counter(event.name for event in record.events)
    expected = {
        "function_started": functions,
        "attempt_started": len(record.view.trace.calls),
        "reported": sum(bool(call.layers) for call in record.view.trace.calls),
    }
    for name, count in expected.items():
        if counts[name] != count:
            yield f"34: {name} was told {counts[name]} times, and not {count}"


def _check_skips(view: View, record: Record) -> Iterator[str]:
    keys = [spec.key for spec in view.graph.tasks]
    told = [keys.index(event.arguments[1]) for event in record.named("task_skipped")]
    if len(told) != len(set(told)):
        yield f"34: {told} are told of as skipped, not each once"
    expected = expected_skips(view)
    if expected is not None and set(told) != expected:
        yield f"34: {sorted(told)} are told of as skipped, and not {sorted(expected)}"
    for event in record.named("task_skipped"):
        _, key, phase, reason = event.arguments
        task = keys.index(key)
        answers = [answer for answer in view.trace.answers if answer.task == task]
        said_no = bool(answers) and answers[0].said == "no" and answers[0].phase == str(phase)
        if (reason == "when") != said_no or reason not in ("when", "failure"):
            yield f"37: {task} is said to be skipped in {phase} because of {reason!r}"

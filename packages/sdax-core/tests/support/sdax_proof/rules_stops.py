"""What is started and what is cancelled once something has gone wrong (guarantees 10, 11, 17 to 19)."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from sdax_proof.events import Call, Moment
from sdax_proof.graph_spec import PHASES, Phase
from sdax_proof.verdicts import TOLERANCE, FunctionRun, errors_of, timed_out
from sdax_proof.view import TASK_GROUP_ROUNDS, View


def check_nothing_begins_late(view: View) -> Iterator[str]:
    """After a failure or a cancel nothing is begun that it stops."""
    for phase in PHASES[:2]:
        for call in view.trace.calls:
            if call.phase == phase:
                yield from _begun_after_a_stop(view, call)
    first = view.first_begun("execute")
    begun = None if first is None or not view.exact else first.time
    if view.deadline is not None and begun is not None and begun >= view.deadline:
        yield "32: execute was begun at the deadline"
    for run, _ in view.stops["pre_execute"]:
        if run.verdicts <= view.stopping("pre_execute") and view.of("execute"):
            yield f"10: execute was begun although {run.name} had failed"


def _begun_after_a_stop(view: View, call: Call) -> Iterator[str]:
    request = view.request
    if request is not None and request.received is not None:
        if call.begun.number > request.received.number:
            yield f"17: {call.name} began after the run had been cancelled"
        elif _began_a_later_phase(view, call):
            yield f"9: {call.name} began although a cancel had been requested before its phase"
    for cause, moment in _ends(view):
        if call.begun.number > moment.number:
            yield f"{cause}: {call.name} began after the run had been ended early"
    if view.deadline is not None and view.exact and call.begun.time > view.deadline:
        yield f"32: {call.name} began after the deadline"
    for run, over in view.stops[call.phase]:
        certain = run.verdicts <= view.stopping(call.phase)
        # A wait for a retry whose wake-up is already queued still gets it.
        awake = call.attempt > 0 and call.begun.cycle <= over.cycle + 1
        if certain and run.last is not call and not awake and _is_after(call.begun, run, over):
            yield f"10: {call.name} began after {run.name} had failed"


def _ends(view: View) -> Iterator[tuple[str, Moment]]:
    """What ends the run early at once, and the guarantee."""
    for failure in view.trace.run_failures:
        if failure.stops:
            yield "40", failure.made
    for moment, _ in view.trace.interruptions:
        yield "34", moment


def _is_after(moment: Moment, run: FunctionRun, over: Moment) -> bool:
    if run.last.is_blurred:
        return moment.cycle > over.cycle + TASK_GROUP_ROUNDS
    return moment.number > over.number


def _began_a_later_phase(view: View, call: Call) -> bool:
    request, first = view.request, view.first_begun(call.phase)
    if request is None or first is None or not request.certain or call.phase != "execute":
        return False
    if request.made.number > first.number:
        return False
    if view.starts_eagerly:
        return True
    return any(
        run.begun.number < request.made.number
        and run.over is not None
        and run.over.number > request.made.number
        for run in view.of("pre_execute")
    )


def check_cancels(view: View) -> Iterator[str]:
    """A function is cancelled once, and only with a reason."""
    for run in view.runs.values():
        for call in run.calls:
            yield from _check_received(view, run, call)


def _check_received(view: View, run: FunctionRun, call: Call) -> Iterator[str]:
    failed_subtasks = [subtask for subtask in call.subtasks if subtask.error is not None]
    for moment in call.cancels:
        by_group = any(s.ended is not None and s.ended <= moment for s in failed_subtasks)
        if not (by_group or timed_out(call, moment) or view.asked(run, moment)):
            yield f"{_rule(run.phase)}: {call.name} was cancelled for no reason"
    most = 1 + (call.spec.timeout is not None) + bool(failed_subtasks)
    most += run.phase == "post_execute" and view.graph.cleanup_timeout is not None
    most += view.shut_down_after_a_reason(run)
    # From 3.13 on a TaskGroup that fails while its task is being cancelled has it cancelled again.
    most += call.intercepted and call.spec.task_group
    if len(call.cancels) > most:
        yield f"19: {call.name} was cancelled {len(call.cancels)} times"
    if any(subtask.begun is not None and subtask.ended is None for subtask in call.subtasks):
        yield f"24: a subtask of {call.name} outlives it"


def _rule(phase: Phase) -> str:
    return "17" if phase == "post_execute" else "11"


def check_promptness(view: View) -> Iterator[str]:
    """What runs is cancelled at the instant of the stop, and not some time later."""
    if not view.exact:
        return
    yield from _check_body(view)
    for run in view.runs.values():
        for call in run.calls:
            for cause, since, stop in _certain_stops(view, run):
                before = call.begun.number < since.number and call.begun.time <= stop.time
                if before and not _reacted(call, stop):
                    yield f"{cause}: {call.name} went on after the stop at {stop.time} s"


def _check_body(view: View) -> Iterator[str]:
    """The body of an `open` block begins no phase after something has died between two phases."""
    begun = list(view.trace.phases.values())
    for failure in view.trace.run_failures:
        made = failure.made
        # A phase that has just begun is stopped before its first function begins.
        within = any(moment.time == made.time and moment < made for moment in begun) or any(
            run.begun < made and view.latest_end(run) >= made.time for run in view.of(failure.phase)
        )
        if failure.stops and not within and any(moment.number >= made.number for moment in begun):
            yield f"40: the body went on although {failure.error!r} at {made.time} s"


def _certain_stops(view: View, run: FunctionRun) -> Iterator[tuple[str, Moment, Moment]]:
    """The guarantee, when the stop was made, and when the engine surely knew of it."""
    for other, over in view.stops[run.phase]:
        if other is not run and other.verdicts <= view.stopping(run.phase):
            yield "10", over, over
    for cause, moment in _ends(view):
        in_reach = run.phase != "post_execute" or cause == "34"
        if in_reach and run.begun < moment:
            yield cause, moment, moment
    if run.deadline is not None:
        moment = Moment(sys.maxsize, run.deadline, 0)
        yield "32", moment, moment
    request = view.request
    if request is None or request.received is None:
        return
    if run.phase != "post_execute" or (request.certain and view.request_may_reach(run)):
        yield "17", request.made, request.received


def _reacted(call: Call, stop: Moment) -> bool:
    """Whether it had been cancelled or was over within the instant of the stop."""
    if call.opaque or call.over is None or call.over.time <= stop.time + TOLERANCE:
        return True
    if call.intercepted and call.spec.task_group and sys.version_info < (3, 13):
        return True  # Before 3.13 a TaskGroup that fails keeps a cancel to itself.
    return any(moment.time <= stop.time + TOLERANCE for moment in call.cancels) or bool(
        errors_of(call) and call.subtasks
    )

"""Cleanup: exactly once for exactly those to whom it is due (guarantee 13)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sdax_proof.events import Call
from sdax_proof.graph_spec import FunctionSpec
from sdax_proof.verdicts import RETRIED, TOLERANCE, FunctionRun, delays_after, judge, may_be_retried
from sdax_proof.view import View
from sdax_proof.waiting import direct_prerequisites


def check_cleanup(view: View) -> Iterator[str]:
    """Everything that is due is cleaned up, nothing else is."""
    if view.result.plan.use != "process_tasks" and not _anything_ran(view):
        return
    for task, spec in enumerate(view.graph.tasks):
        if spec.post_execute is None:
            continue
        due = _is_due(view, task)
        run = view.runs.get((task, "post_execute"))
        done = run is not None
        if run is not None and task in view.refused and not run.is_answer:
            yield f"37: {task} was cleaned up although its when had said no"
        if due is True and not done and not _cut_off(view):
            yield f"13: {task} was not cleaned up"
        if due is False and done:
            yield f"13: {task} was cleaned up although it was not due"


def _anything_ran(view: View) -> bool:
    return bool(view.runs)


def _is_due(view: View, task: int) -> bool | None:
    """Whether it must be cleaned up; None if the trace alone cannot tell."""
    if task in view.refused and (task, "post_execute") not in view.runs:
        return False
    if view.graph.tasks[task].pre_execute is not None:
        return (task, "pre_execute") in view.runs
    return _is_passed(view, task)


def _is_passed(view: View, task: int) -> bool | None:
    """Whether its `pre_execute` succeeded or, where it has none, all that it waits for ended so."""
    if view.graph.tasks[task].pre_execute is not None:
        run = view.runs.get((task, "pre_execute"))
        if run is None or "ok" not in run.verdicts:
            return False
        return True if run.surely_ok else None
    passed: bool | None = True
    for other in direct_prerequisites(view.graph, "pre_execute")[task]:
        ended = _is_passed(view, other)
        if ended is False and view.graph.only_orders(task, other):
            ended = _has_ended_badly(view, other)
        if ended is False:
            return False
        if ended is None:
            passed = None
    return passed


def _has_ended_badly(view: View, task: int) -> bool | None:
    """Whether what is only after it is passed, although it did not end well."""
    if view.stops["pre_execute"] or view.is_disturbed:
        return None  # Perhaps the phase had been stopped before.
    run = view.runs.get((task, "pre_execute"))
    if run is not None and not run.surely_failed:
        return None
    return task in view.left_out


def _cut_off(view: View) -> bool:
    """Whether `cleanup_timeout` may have run out."""
    deadline = view.cleanup_deadline()
    if deadline is None:
        return False
    ended = view.trace.ended
    return ended is None or ended.time >= deadline - TOLERANCE


def check_attempts(view: View) -> Iterator[str]:
    """Attempts follow each other only as the settings say (guarantees 13, 21 and 23)."""
    for run in view.runs.values():
        if len(run.calls) > _most_attempts(run.spec):
            yield f"23: {run.name} was begun {len(run.calls)} times"
        for number, (call, following) in enumerate(pairwise(run.calls)):
            yield from _check_retry(view, run, number, call, following)
        yield from _check_end(view, run)


def _check_retry(
    view: View, run: FunctionRun, number: int, call: Call, following: Call
) -> Iterator[str]:
    if call.over is None or call.over.number > following.begun.number:
        yield f"23: {following.name} began before {call.name} was over"
        return
    if not may_be_retried(call, judge(call, view.asked_before_end(run, call, call.over))):
        yield f"23: {following.name} follows, but {call.name} was not to be retried"
    waited = following.begun.time - call.over.time
    least, most = delays_after(run.spec, number, call)
    if least is None or most is None:
        yield f"33: {following.name} follows, but the policy had given up"
    elif view.exact and not least - TOLERANCE <= waited <= most + TOLERANCE:
        yield f"23: {following.name} came after {waited} s of at most {most} s"
    elif run.deadline is not None and following.begun.time > run.deadline + TOLERANCE:
        yield f"32: {following.name} began past the deadline"


def _check_end(view: View, run: FunctionRun) -> Iterator[str]:
    if run.over is None:
        yield f"20: {run.name} had not ended when the run had"
        return
    verdicts = judge(run.last, view.asked_before_end(run, run.last, run.over))
    to_be_retried = verdicts <= RETRIED and may_be_retried(run.last, verdicts)
    reasons = [r for r in view.reasons_to_cancel(run) if r.number or run.phase == "post_execute"]
    if to_be_retried and run.attempts_left and run.surely_waits and not reasons:
        yield f"23: {run.name} was not retried"


def _most_attempts(spec: FunctionSpec) -> int:
    return 1 + (spec.retries if spec.policy is None else len(spec.policy))

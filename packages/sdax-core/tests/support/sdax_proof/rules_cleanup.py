"""Cleanup: exactly once for exactly those to whom it is due (guarantee 13)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sdax_proof.verdicts import FAILURES, TOLERANCE, judge, may_be_retried
from sdax_proof.view import View


def check_cleanup(view: View) -> Iterator[str]:
    """Everything that is due is cleaned up, nothing else is."""
    if view.result.plan.use != "process_tasks" and not _anything_ran(view):
        return
    for task, spec in enumerate(view.graph.tasks):
        if spec.post_execute is None:
            continue
        due = _is_due(view, task)
        done = (task, "post_execute") in view.runs
        if due is True and not done and not _cut_off(view):
            yield f"13: {task} was not cleaned up"
        if due is False and done:
            yield f"13: {task} was cleaned up although it was not due"


def _anything_ran(view: View) -> bool:
    return bool(view.trace.calls)


def _is_due(view: View, task: int) -> bool | None:
    """Whether it must be cleaned up; None if the trace alone cannot tell."""
    if view.graph.tasks[task].pre_execute is not None:
        return (task, "pre_execute") in view.runs
    # Without a function of its own it is passed when all that it depends on is.
    due: bool | None = True
    for other in view.before[task]:
        if view.graph.tasks[other].pre_execute is None:
            continue
        run = view.runs.get((other, "pre_execute"))
        if run is None or "ok" not in run.verdicts:
            return False
        if not run.surely_ok:
            due = None
    return due


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
        if len(run.calls) > run.spec.retries + 1:
            yield f"23: {run.name} was begun {len(run.calls)} times"
        for number, (call, following) in enumerate(pairwise(run.calls)):
            if call.over is None or call.over.number > following.begun.number:
                yield f"23: {following.name} began before {call.name} was over"
                continue
            if not may_be_retried(call, judge(call, view.asked_before_end(run, call, call.over))):
                yield f"23: {following.name} follows, but {call.name} was not to be retried"
            waited = following.begun.time - call.over.time
            most = run.spec.initial_delay * run.spec.backoff_factor**number
            if view.exact and not most / 2 - TOLERANCE <= waited <= most + TOLERANCE:
                yield f"23: {following.name} came after {waited} s of at most {most} s"
        if run.over is None:
            yield f"20: {run.name} had not ended when the run had"
            continue
        verdicts = judge(run.last, view.asked_before_end(run, run.last, run.over))
        to_be_retried = verdicts <= FAILURES and may_be_retried(run.last, verdicts)
        if to_be_retried and run.attempts_left and not view.reasons_to_cancel(run):
            yield f"23: {run.name} was not retried"

"""What is skipped, and that it is said (guarantees 11, 37 and 38)."""

from __future__ import annotations

from collections.abc import Iterator

from sdax_proof.graph_spec import PHASES
from sdax_proof.view import View


def check_skipped(view: View) -> Iterator[str]:
    """What depends on a task that failed or was left out does not run, and is listed."""
    for phase in PHASES[:2]:
        for task, cause in view.waiting[phase].skipped.items():
            run = view.runs.get((task, phase))
            if run is not None and cause.over is not None and run.begun > cause.over:
                yield f"{_rule(phase)}: {run.name} was begun although {cause.name} had failed"
    for task in sorted(view.left_out):
        if (task, "execute") in view.runs:
            yield f"38: {task}.execute was begun although its pre_execute had failed or was skipped"
    yield from _check_list(view)


def _rule(phase: str) -> str:
    return "38" if phase == "pre_execute" else "11"


def _check_list(view: View) -> Iterator[str]:
    runner = view.result.runner
    said = getattr(view.result.raised, "skipped", runner.skipped() if runner else None)
    if said is None:
        return
    keys = [spec.key for spec in view.graph.tasks]
    listed = [keys.index(key) for key in said]
    if listed != sorted(set(listed)):
        yield f"11: {listed} are listed as skipped, not each once, in order of adding"
    expected = expected_skips(view)
    if expected is not None and set(listed) != expected:
        yield f"11: {listed} are listed as skipped, and not {sorted(expected)}"


def expected_skips(view: View) -> set[int] | None:
    """The tasks that must be listed; None if the trace alone cannot tell."""
    if view.is_disturbed or view.stops["pre_execute"] or view.stops["execute"]:
        return None
    if any(not (run.surely_ok or run.surely_failed) for run in view.runs.values()):
        return None
    expected = {answer.task for answer in view.trace.answers if answer.said == "no"}
    for task in view.waiting["pre_execute"].skipped:
        if any(view.graph.tasks[task].function(phase) for phase in PHASES):
            expected.add(task)
    for task in view.waiting["execute"].skipped:
        if view.graph.tasks[task].execute is not None:
            expected.add(task)
    return expected

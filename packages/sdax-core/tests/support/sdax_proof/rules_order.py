"""Who comes before whom, and how many at once (guarantees 6 to 9 and 27)."""

from __future__ import annotations

from collections.abc import Iterator

from sdax_proof.graph_spec import PHASES, Phase
from sdax_proof.verdicts import FunctionRun
from sdax_proof.view import View


def prerequisite_runs(view: View, task: int, phase: Phase) -> list[FunctionRun]:
    """The functions of the same phase that must be over before this task's function begins."""
    others = view.after[task] if phase == "post_execute" else view.before[task]
    if phase == "execute" and view.graph.execute_order == "together":
        return []
    return [view.runs[other, phase] for other in sorted(others) if (other, phase) in view.runs]


def check_order(view: View) -> Iterator[str]:
    """Nothing begins before what it has to wait for is over."""
    for run in view.runs.values():
        for other in prerequisite_runs(view, run.task, run.phase):
            if other.over is None or other.over.number > run.begun.number:
                yield f"{_rule(run.phase)}: {run.name} began before {other.name} was over"
            elif run.phase != "post_execute" and "ok" not in other.verdicts:
                yield f"{_rule(run.phase)}: {run.name} began although {other.name} did not succeed"
        for phase in PHASES[: PHASES.index(run.phase)]:
            for other in view.of(phase):
                if other.over is None or other.over.number > run.begun.number:
                    yield f"7: {run.name} began before {other.name} was over"


def _rule(phase: Phase) -> str:
    return {"pre_execute": "6", "execute": "7", "post_execute": "8"}[phase]


def check_concurrency(view: View) -> Iterator[str]:
    """`max_concurrency` is never exceeded; a function keeps its place between attempts."""
    limit = view.graph.max_concurrency
    if limit is None:
        return
    for run in view.runs.values():
        others = sum(
            other.begun <= run.begun and (other.over is None or other.over > run.begun)
            for other in view.runs.values()
        )
        if others > limit:
            yield f"9: {others} functions at once when {run.name} began, the limit is {limit}"


def check_skipped(view: View) -> Iterator[str]:
    """What depends on a failed `execute` is skipped and listed, nothing else is (guarantee 11)."""
    in_order = view.graph.execute_order == "dependencies"
    failed = {run.task for run in view.of("execute") if run.surely_failed and in_order}
    must = {
        task
        for task, spec in enumerate(view.graph.tasks)
        if spec.execute is not None and view.before[task] & failed
    }
    for task in sorted(must):
        if (task, "execute") in view.runs:
            yield f"11: {task}.execute was begun although it depends on a failed one"
    undisturbed = not view.trace.requests and all(
        run.surely_ok or run.surely_failed for run in view.runs.values()
    )
    runner = view.result.runner
    said = getattr(view.result.raised, "skipped", runner.skipped() if runner else None)
    if said is None or not undisturbed or view.graph.on_execute_error == "cancel":
        return
    if any(not run.surely_ok for run in view.of("pre_execute")):
        return
    listed = {
        task
        for task, spec in enumerate(view.graph.tasks)
        if spec.key in said and spec.execute is not None
    }
    if listed != must and view.result.plan.use != "leave after pre_execute":
        yield f"11: {sorted(listed)} are listed as skipped, and not {sorted(must)}"

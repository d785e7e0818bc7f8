"""Who comes before whom, and how many at once (guarantees 6 to 9 and 27)."""

from __future__ import annotations

from collections.abc import Iterator

from sdax_proof.graph_spec import PHASES, Phase
from sdax_proof.view import View


def check_order(view: View) -> Iterator[str]:
    """Nothing begins before what it has to wait for is over."""
    for run in view.runs.values():
        waiting = view.waiting[run.phase]
        for other in waiting.prerequisites(run.task):
            if other.over is None or other.over.number > run.begun.number:
                yield f"{_rule(run.phase)}: {run.name} began before {other.name} was over"
        for other in waiting.required(run.task):
            if "ok" not in other.verdicts:
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

"""What a run does, in a form in which two runs can be compared to the event."""

from __future__ import annotations

import re
from dataclasses import replace

from sdax_proof.building import Processor
from sdax_proof.graph_spec import GraphSpec
from sdax_proof.one_run import Result, run_once
from sdax_proof.plans import Plan

_ADDRESS = re.compile(r"[0-9a-f]{9,}")
"""anyio's cancellations name their scope by its place in memory."""


def what_happened(result: Result) -> list[str]:
    """All that the functions of a run did and met with, by event, time and round of the loop."""
    trace = result.trace
    lines = [
        (answer.moment, f"the when of {answer.task}, in {answer.phase}: {answer.said}")
        for answer in trace.answers
    ]
    for call in trace.calls:
        lines.append((call.begun, f"{call.name} begins"))
        lines += [(moment, f"{call.name} is cancelled") for moment in call.cancels]
        if call.ended is not None:
            lines.append((call.ended, f"{call.name} ends with {call.error!r}"))
    lines += [
        (seen.moment, f"{seen.outcome} in {seen.phase}, {seen.exception!r}")
        for seen in trace.sightings
    ]
    for name, moment in (("the run begins", trace.begun), ("the run ends", trace.ended)):
        if moment is not None:
            lines.append((moment, name))
    lines.sort(key=lambda line: line[0])
    raised = result.raised
    everything = [
        *(f"{moment} {what}" for moment, what in lines),
        f"raised: {raised!r}",
        f"steps: {result.steps}",
        *getattr(raised, "__notes__", []),
    ]
    return [_ADDRESS.sub("some address", line) for line in everything]


def difference(graph: GraphSpec, plan: Plan, processor: Processor | None = None) -> str:
    """The first thing that goes another way because somebody looks on; empty if nothing does."""
    watched = what_happened(run_once(graph, plan, processor))
    alone = what_happened(run_once(graph, replace(plan, watching="nobody"), processor))
    for line, other in zip(watched, alone, strict=False):
        if line != other:
            return f"34: with an observer {line}; without {other}"
    return "" if len(watched) == len(alone) else "34: more or less happens with an observer"

"""Every function starts at exactly the end of its last prerequisite (guarantees 6 to 9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from sdax_proof.events import Moment
from sdax_proof.graph_spec import PHASES, Phase
from sdax_proof.verdicts import TOLERANCE, FunctionRun
from sdax_proof.view import TASK_GROUP_ROUNDS, View


def check_start_times(view: View) -> Iterator[str]:
    """No late and no early starts."""
    if not view.exact:
        return
    for run in view.runs.values():
        earliest, latest = _ready_times(view, run)
        late = run.begun.time - latest
        if run.begun.time < earliest - TOLERANCE:
            yield f"{_rule(run.phase)}: early start: {run.name} by {earliest - run.begun.time} s"
        if late > TOLERANCE and not _all_places_taken(view, run, latest):
            yield f"{_rule(run.phase)}: late start: {run.name} began {late} s late"


def _rule(phase: Phase) -> str:
    return {"pre_execute": "6", "execute": "7", "post_execute": "8"}[phase]


def _ready_times(view: View, run: FunctionRun) -> tuple[float, float]:
    """When it could begin: usually one instant; two, if a cancelled wait for a retry is involved."""
    others = view.waiting[run.phase].prerequisites(run.task)
    for phase in PHASES[: PHASES.index(run.phase)]:
        others += view.of(phase)
    ends = [(other.over.time, view.latest_end(other)) for other in others if other.over is not None]
    start = view.over_before(run.phase)
    return max([start, *(end for end, _ in ends)]), max([start, *(end for _, end in ends)])


def _all_places_taken(view: View, run: FunctionRun, ready: float) -> bool:
    """Whether, at every instant from `ready` to its start, as many ran as may run at once."""
    if view.graph.max_concurrency is None:
        return False
    taken = [
        (other.begun.time, view.latest_end(other))
        for other in view.of(run.phase)
        if other is not run and other.over is not None
    ]
    changes = {ready, *(begun for begun, _ in taken), *(end for _, end in taken)}
    instants = sorted(time for time in changes if ready <= time < run.begun.time - TOLERANCE)
    for start, end in pairwise([*instants, run.begun.time]):
        middle = (start + end) / 2
        running = sum(begun <= middle <= over for begun, over in taken)
        if end - start > TOLERANCE and running < view.graph.max_concurrency:
            return False
    return True


def check_everything_begins(view: View) -> Iterator[str]:
    """What is ready and not stopped is begun."""
    if view.result.plan.use != "process_tasks" and not view.runs:
        return
    for phase in PHASES[:2]:
        if view.stops["pre_execute"] and phase == "execute":
            return
        if phase == "execute" and view.result.plan.use == "leave after pre_execute":
            return
        if view.is_disturbed or view.stops[phase]:
            continue
        for task, spec in enumerate(view.graph.tasks):
            if spec.function(phase) is None or (task, phase) in view.runs:
                continue
            if task in view.refused or task in view.waiting[phase].skipped:
                continue
            if _may_be_left_out(view, task, phase):
                continue
            yield f"{_rule(phase)}: {task}.{phase} was never begun"


def _may_be_left_out(view: View, task: int, phase: Phase) -> bool:
    """Whether the phase perhaps had to go on without it."""
    unsure = [run for run in view.runs.values() if not (run.surely_ok or run.surely_failed)]
    if view.graph.tasks[task].optional and any(run.phase == "pre_execute" for run in unsure):
        return True
    others = view.waiting[phase].prerequisites(task)
    left_out = phase == "execute" and task in view.left_out
    return left_out or any(run in others for run in unsure)


def check_ties(view: View) -> Iterator[str]:
    """What the same event made ready starts in the order of adding (guarantee 9)."""
    for phase in PHASES:
        released: dict[Moment | None, list[FunctionRun]] = defaultdict(list)
        for run in view.of(phase):
            event = _event(view, run)
            if event is not None:
                released[event].append(run)
        for group in released.values():
            in_order = sorted(group, key=lambda run: run.task)
            for run, following in pairwise(in_order):
                if run.begun > following.begun:
                    yield f"9: {following.name} began before {run.name}, which was added first"
        if view.graph.max_concurrency is not None and view.exact:
            yield from _check_first_come(released)


def _event(view: View, run: FunctionRun) -> Moment | None:
    """What made it ready: the last end among its prerequisites; None if that is not certain."""
    others = view.waiting[run.phase].prerequisites(run.task)
    ends = [(other.over, other) for other in others if other.over is not None]
    if not ends:
        return Moment(0, view.over_before(run.phase), 0)
    if any("cancelled" in other.verdicts and other.attempts_left for _, other in ends):
        return None  # Its wait for a retry ended with a cancel, some time after its last attempt.
    last, _ = max(ends, key=lambda pair: pair[0])
    near = [other for over, other in ends if over.cycle >= last.cycle - TASK_GROUP_ROUNDS]
    if len(near) > 1 and any(other.last.is_blurred for other in near):
        return None
    if view.refused and view.graph.max_concurrency is not None:
        return None  # A task whose when has said no is passed in its turn.
    return last


def _check_first_come(released: dict[Moment | None, list[FunctionRun]]) -> Iterator[str]:
    events = sorted(event for event in released if event is not None)
    for event, later in pairwise(events):
        if later.time <= event.time + TOLERANCE:
            continue
        for run in released[event]:
            for other in released[later]:
                if run.begun > other.begun:
                    yield f"9: {other.name} became ready after {run.name} and began before it"

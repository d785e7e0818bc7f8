"""Many runs of one graph: undisturbed, then cancelled at every step in every manner."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sdax_proof.building import build
from sdax_proof.choices import Choices
from sdax_proof.graph_spec import GraphSpec, written
from sdax_proof.one_run import Result, run_once
from sdax_proof.oracle import broken_promises
from sdax_proof.plans import EVERY_USE, LOOP_KINDS, USES, Cancelling, How, Plan, Watching
from sdax_proof.shrinking import shrink

MANNERS: tuple[How, ...] = ("steps", "repeatedly", "scope", "shutdown")
"""The manners that are tried at every step."""
_WATCHING: tuple[Watching, ...] = (
    *("nobody", "nobody", "silent", "recording", "recording", "raising"),
)


@dataclass
class Tally:
    """What a number of runs showed."""

    runs: int = 0
    cancelled: int = 0
    starts: int = 0
    broken: list[tuple[Plan, str]] = field(default_factory=list[tuple[Plan, str]])

    def add(self, result: Result) -> None:
        """Check one run."""
        self.runs += 1
        self.cancelled += bool(result.trace.requests)
        self.starts += len(result.trace.calls)
        self.broken += [(result.plan, promise) for promise in broken_promises(result)]

    def count(self, words: str) -> int:
        """How many broken promises contain these words."""
        return sum(words in promise for _, promise in self.broken)

    def report(self, graph: GraphSpec) -> str:
        """What is broken, and the smallest graph that shows it; empty if nothing is."""
        if not self.broken:
            return ""
        plan, promise = self.broken[0]
        smallest = smallest_graph(graph, plan, promise)
        lines = [f"{broken}\n    {by}" for by, broken in self.broken[:3]]
        return "\n".join([f"{len(self.broken)} broken promises", *lines, f"the first: {smallest}"])


def smallest_graph(graph: GraphSpec, plan: Plan, promise: str) -> str:
    """The smallest graph that breaks the same guarantee when it is run in the same manner."""
    number = promise.partition(":")[0]

    def breaks_it(candidate: GraphSpec) -> bool:
        return breaking_plan(candidate, plan, number) is not None

    found = shrink(graph, breaks_it) if breaks_it(graph) else graph
    return f"{written(found)}\nby {breaking_plan(found, plan, number) or plan}\n"


def breaking_plan(graph: GraphSpec, plan: Plan, number: str) -> Plan | None:
    """The plan, or the same at another step, that breaks the guarantee of that number."""
    plans = [plan]
    if plan.cancelling.steps:
        first, *others = plan.cancelling.steps
        plans += [
            replace(plan, cancelling=replace(plan.cancelling, steps=(step, *further)))
            for step in range(1, undisturbed(graph, plan).steps + 1)
            for further in [[other - first + step for other in others]]
        ]
    for candidate in plans:
        broken = broken_promises(run_once(graph, candidate))
        if any(promise.startswith(f"{number}:") for promise in broken):
            return candidate
    return None


def try_plans(graph: GraphSpec, plans: list[Plan]) -> Tally:
    """Run the graph by each plan; warnings and errors that nobody catches are broken promises."""
    tally = Tally()
    processor = build(graph)
    with nothing_unnoticed() as noticed:
        for plan in plans:
            tally.add(run_once(graph, plan, processor))
    if noticed:
        tally.broken += _by_plan(graph, plans) or [(plans[0], f"20: {noticed}, by some plan")]
    return tally


def hold_promises(graph: GraphSpec, plans: list[Plan]) -> None:
    """Fail with a report if a run of the graph by one of the plans breaks a promise."""
    report = try_plans(graph, plans).report(graph)
    if report:
        raise AssertionError(report)


def _by_plan(graph: GraphSpec, plans: list[Plan]) -> list[tuple[Plan, str]]:
    """Which plan it is that leaves something behind."""
    found: list[tuple[Plan, str]] = []
    for plan in plans:
        with nothing_unnoticed() as noticed:
            run_once(graph, plan)
        found += [(plan, f"20: {message}") for message in noticed]
    return found


def undisturbed(graph: GraphSpec, plan: Plan) -> Result:
    """The run by that plan without its cancelling, which tells how many steps there are."""
    return run_once(graph, replace(plan, cancelling=Cancelling()))


def at_every_step(
    graph: GraphSpec, base: Plan, *, most: int = 400, manners: tuple[How, ...] = MANNERS
) -> list[Plan]:
    """`base`, cancelled at every step of the run in every manner.

    In longer runs than `most` steps some are left out, evenly.
    """
    steps = undisturbed(graph, base).steps
    stride = max(1, steps // most)
    return [
        replace(base, cancelling=Cancelling(how, (step,)))
        for how in manners
        for step in range(1, steps + 1, stride)
    ]


def random_plan(choices: Choices, graph: GraphSpec) -> Plan:
    """One cancelled run: any use, any kind of loop, any manner, at any step."""
    base = Plan(choices.one_of(USES), Cancelling(), choices.one_of(LOOP_KINDS), choices.chance(30))
    result = undisturbed(graph, base)
    return replace(base, cancelling=random_cancelling(choices, result))


def random_rich_plan(choices: Choices, graph: GraphSpec) -> Plan:
    """One run, perhaps cancelled, for which all that a run can be told is used."""
    base = Plan(
        choices.one_of(EVERY_USE),
        loop=choices.one_of(LOOP_KINDS),
        anyio=choices.chance(10),
        own_clock=choices.chance(20),
    )
    base = random_deadline(choices, graph, base) if choices.chance(40) else base
    base = replace(base, watching=choices.one_of(_WATCHING), raises_at=choices.integer(0, 30))
    if choices.chance(50):
        return base
    result = undisturbed(graph, base)
    if choices.chance(25):
        step = choices.integer(1, max(1, result.steps))
        return replace(base, cancelling=Cancelling("fail", (step,)))
    return replace(base, cancelling=random_cancelling(choices, result))


def random_deadline(choices: Choices, graph: GraphSpec, base: Plan) -> Plan:
    """The same with a `timeout=`, often at the very instant of something else."""
    instants = instants_of(undisturbed(graph, base))
    return replace(base, timeout=choices.one_of(instants) + choices.one_of([0, 0, 0, 1 / 32]))


def instants_of(result: Result) -> list[float]:
    """The times at which attempts of the run began or ended."""
    moments = [moment for call in result.trace.calls for moment in (call.begun, call.ended)]
    return sorted({moment.time for moment in moments if moment is not None} | {0.0})


def random_cancelling(choices: Choices, result: Result) -> Cancelling:
    """Any manner, at any step of that run; sometimes a second time."""
    manners: list[How] = [*MANNERS, "steps", "timeout"]
    how = choices.one_of(manners)
    if how == "timeout":
        # Half of the limits fall on the very instant of something else.
        ends = [call.ended.time for call in result.trace.calls if call.ended] or [0.0]
        return Cancelling(how, (), choices.one_of(ends) + choices.one_of([0, 0, 1 / 32]))
    step = choices.integer(1, max(1, result.steps))
    if how == "steps" and choices.chance(50):
        return Cancelling(how, (step, step + choices.integer(1, 12)))
    return Cancelling(how, (step,))


@contextmanager
def nothing_unnoticed() -> Generator[list[str]]:
    """Collect warnings, and errors in finalizers: "never awaited", "never retrieved" and the like."""
    noticed: list[str] = []

    def unraisable(problem: Any) -> None:
        noticed.append(f"{problem.err_msg}: {problem.exc_value!r}")

    previous = sys.unraisablehook
    sys.unraisablehook = unraisable
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield noticed
            gc.collect()
        noticed += [str(warning.message) for warning in caught]
    finally:
        sys.unraisablehook = previous

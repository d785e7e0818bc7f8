"""One process that measures some contestants and prints what it found as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib import import_module
from typing import Any

from benchmarks import floor
from benchmarks.cases import Case, all_cases, one_phase
from benchmarks.contestants import BY_HAND, BY_NAME, Entry
from benchmarks.functions import returns_at_once
from benchmarks.measure import measure
from benchmarks.work import AsyncFunction, CannotDo, Contestant, Run, Work, WrongWork

LONGEST_RUN = 30.0
"""Seconds that a contestant may take for a case before it is given up."""

INDISPENSABLE = ("sdax", BY_HAND)
"""Whose failure is not a matter for the table, but ends the measurement."""

NewLoop = Callable[[], asyncio.AbstractEventLoop]
Row = dict[str, Any]
"""What was found about each contestant: the fields of a `Ratio`, or the reason why there is none."""


def prepare(contestant: Contestant, case: Case, work: Work) -> Run:
    """What the contestant does in the case, ready to be measured."""
    if case.building:
        build = contestant.prepare_build(work)

        async def run() -> None:
            build()

        return run
    once = contestant.prepare_run(work)
    return together(once, work.at_once) if work.at_once > 1 else once


def together(run: Run, count: int) -> Run:
    """Several runs at the same time."""

    async def runs() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(run())

    return runs


async def check(contestant: Contestant, case: Case) -> None:
    """Have a contestant do the work once, and count.

    Raises:
        CannotDo: It cannot do it.
        WrongWork: It did not call every function once.
    """
    done = 0

    def counted(function: AsyncFunction | None) -> AsyncFunction | None:
        if function is None:
            return None

        async def call(ctx: object) -> None:
            nonlocal done
            await function(ctx)
            done += 1

        return call

    phases = (case.work.pre_execute, case.work.execute, case.work.post_execute)
    pre_execute, execute, post_execute = map(counted, phases)
    work = replace(case.work, pre_execute=pre_execute, execute=execute, post_execute=post_execute)
    async with asyncio.timeout(LONGEST_RUN):
        await prepare(contestant, case, work)()
    expected = 0 if case.building else work.calls
    if done != expected:
        raise WrongWork(f"did {done} of {expected} calls")


def describe(error: BaseException) -> str:
    """The error, or the first one of a group."""
    while nested := getattr(error, "exceptions", ()):
        error = nested[0]
    return f"fails with {type(error).__name__}: {error}"


async def row(case: Case, entries: Sequence[Entry], budget: float) -> Row:
    """Check every contestant, and measure those that can do the case."""
    runs: dict[str, Run] = {}
    found: Row = {}
    for entry in entries:
        try:
            await check(entry.load(), case)
            runs[entry.name] = prepare(entry.load(), case, case.work)
        except CannotDo as reason:
            found[entry.name] = str(reason)
        except Exception as error:
            if entry.name in INDISPENSABLE:
                raise
            found[entry.name] = describe(error)
    if runs.keys() - {BY_HAND}:
        ratios = await measure(runs, budget=budget)
        found |= {name: asdict(ratio) for name, ratio in ratios.items()}
    return found


def rows(
    cases: Sequence[Case], names: Sequence[str], budget: float, new_loop: NewLoop | None
) -> Mapping[str, Row]:
    """Measure all cases, each on an event loop of its own."""
    entries = [BY_NAME[name] for name in {BY_HAND: 0} | dict.fromkeys(names)]
    found: dict[str, Row] = {}
    for case in cases:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            found[case.name] = runner.run(row(case, entries, budget))
        print(".", end="", file=sys.stderr, flush=True)
    return found


def bare_costs(budget: float, new_loop: NewLoop | None) -> Mapping[str, Row]:
    """What a thousand awaits, callbacks and Tasks cost, against one TaskGroup by hand."""
    count = 1_000
    by_hand = BY_NAME[BY_HAND].load().prepare_run(one_phase(returns_at_once, count))
    runs = {BY_HAND: by_hand, **floor.bare_costs(count)}
    with asyncio.Runner(loop_factory=new_loop) as runner:
        ratios = runner.run(measure(runs, budget=budget))
    hand = asdict(ratios.pop(BY_HAND))
    return {name: {BY_HAND: hand, "floor": asdict(ratio)} for name, ratio in ratios.items()}


def loop_factory(name: str) -> NewLoop | None:
    """What makes the event loops: asyncio's own, or those of uvloop."""
    if name == "asyncio":
        return None
    module: Any = import_module(name)
    factory: NewLoop = module.new_event_loop
    return factory


def main() -> None:
    """Do what the command asks for, and print the result as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=tuple(BY_NAME))
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds for each case")
    parser.add_argument("--loop", default="asyncio")
    arguments = parser.parse_args()

    cases = [case for case in all_cases() if arguments.only in case.name]
    if not arguments.full:
        cases = [case for case in cases if not case.full_only]
    new_loop = loop_factory(arguments.loop)
    found = dict(rows(cases, arguments.names, arguments.budget, new_loop))
    if "floor" in arguments.names and not arguments.only:
        found |= bare_costs(arguments.budget, new_loop)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

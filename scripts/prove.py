"""Prove the engine on many random graphs: `uv run scripts/prove.py --runs 10000`.

It runs graphs that are made from seeds, cancelled at random steps of the event loop in every manner,
on every kind of loop, and checks each run against the guarantees; and, on a virtual clock, graphs in
which nothing fails, where every function must start at exactly the end of its last prerequisite. Of
four graphs one is "rich": it uses optional tasks, `after`, `when`, retry policies and interceptors, and its
runs have deadlines and observers; each run that is observed must go as it does alone. It
prints a table, and for each broken promise the seed, the plan and the smallest graph that shows it.

`--seed` chooses other graphs. `--replay SEED` repeats one of them. `--everywhere` goes through every
Python that `scripts/matrix.py` finds.
"""

import argparse
import faulthandler
import gc
import os
import platform
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matrix

sys.path.insert(0, str(matrix.ROOT / "packages/sdax-core/tests/support"))

from sdax_proof.campaign import Tally, random_plan, random_rich_plan, try_plans
from sdax_proof.choices import SeededChoices
from sdax_proof.graph_spec import GraphSpec
from sdax_proof.plans import LOOP_KINDS, USES, Cancelling, LoopKind, Plan
from sdax_proof.random_graphs import seeded_graph
from sdax_proof.same_trace import difference
from sdax_proof.wildness import CALM, HARDY, RICH, WILD, Wildness
from sdax_proof.without_waiting import without_waiting

WILDNESS: dict[str, Wildness] = {"calm": CALM, "hardy": HARDY, "wild": WILD, "rich": RICH}
PLANS_PER_GRAPH = 4
REPORTS = 5
STUCK = 60.0
COLUMNS = ("loop", "runs", "cancelled", "functions", "broken", "late starts", "early starts")


@dataclass
class Row:
    """The counts of one kind of loop."""

    runs: int = 0
    cancelled: int = 0
    functions: int = 0
    broken: int = 0
    late: int = 0
    early: int = 0

    def add(self, tally: Tally) -> None:
        """Add what some runs showed."""
        self.runs += tally.runs
        self.cancelled += tally.cancelled
        self.functions += tally.starts
        self.broken += len({id(plan) for plan, _ in tally.broken})
        self.late += tally.count("late start")
        self.early += tally.count("early start")


@contextmanager
def ended_if_stuck(name: str) -> Generator[None]:
    """End the process, with a traceback, if the block hangs without ever going back to its loop."""

    def end() -> None:
        print(f"{name}: stuck for {STUCK} seconds", flush=True)
        faulthandler.dump_traceback()
        os._exit(2)

    watch = threading.Timer(STUCK, end)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


class Campaign:
    """Runs graphs and keeps the counts."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, Row] = defaultdict(Row)
        self.reports = 0

    def run(self, seed: str, graph: GraphSpec, plans: list[Plan]) -> None:
        """Run one graph by these plans."""
        for plan in plans:
            with ended_if_stuck(f"seed {seed}, {plan}"):
                tally = try_plans(graph, [plan])
                if plan.watching != "nobody" and (found := difference(graph, plan)):
                    tally.broken.append((plan, found))
            self.rows[plan.loop.name].add(tally)
            if tally.broken and self.reports < REPORTS:
                self.reports += 1
                print(f"seed {seed}: {tally.report(graph)}", flush=True)

    def table(self) -> str:
        """The counts as a table in Markdown."""
        total = Row()
        for row in self.rows.values():
            for name, count in vars(row).items():
                setattr(total, name, getattr(total, name) + count)
        lines = [" | ".join(COLUMNS), " | ".join("---" for _ in COLUMNS)]
        for name, row in [*self.rows.items(), ("all", total)]:
            lines.append(" | ".join([name, *(str(count) for count in vars(row).values())]))
        return "\n".join(f"| {line} |" for line in lines)

    @property
    def cancelled(self) -> int:
        """How many runs were cancelled."""
        return sum(row.cancelled for row in self.rows.values())

    @property
    def held(self) -> bool:
        """Whether nothing was broken."""
        return not any(row.broken for row in self.rows.values())


def graph_of(seed: str) -> GraphSpec:
    """The graph of a seed such as `wild/0/17`."""
    return seeded_graph(seed, WILDNESS[seed.partition("/")[0]])


def cancelled_plans(seed: str, graph: GraphSpec) -> list[Plan]:
    """Some plans that cancel a run of the graph; half of those of a rich one do not."""
    plan_of = random_rich_plan if seed.startswith("rich/") else random_plan
    return [plan_of(SeededChoices(f"{seed}/{number}"), graph) for number in range(PLANS_PER_GRAPH)]


def schedule_plans(number: int) -> list[Plan]:
    """One plan that does not cancel; all kinds of loops and uses come in turn."""
    use = USES[number % len(USES)]
    return [Plan(use, loop=LOOP_KINDS[number // len(USES) % len(LOOP_KINDS)])]


def uvloop_plans(number: int) -> list[Plan]:
    """Plans for uvloop; none where it does not exist."""
    if sys.platform == "win32":
        return []
    loop = LoopKind("uvloop", "custom" if number % 2 else None, uvloop=True)
    use = USES[number % len(USES)]
    return [Plan(use, loop=loop), Plan(use, Cancelling("rounds", (1 + number % 30,)), loop)]


def prove(base: str, runs: int, schedules: int) -> Campaign:
    """Run everything once."""
    campaign = Campaign()
    gc.freeze()  # What exists by now need not be looked through after each run.
    for number in range(schedules):
        seed = f"calm/{base}/schedule {number}"
        campaign.run(seed, graph_of(seed), schedule_plans(number))
    number = 0
    while campaign.cancelled < runs:
        number += 1
        seed = f"{list(WILDNESS)[number % len(WILDNESS)]}/{base}/{number}"
        graph = graph_of(seed)
        campaign.run(seed, graph, cancelled_plans(seed, graph))
        if number % 9 == 0:
            campaign.run(seed, without_waiting(graph), uvloop_plans(number))
    return campaign


def everywhere(options: list[str]) -> bool:
    """Run this script on each Python that is present; whether all of them held."""
    held = True
    for version in matrix.SUPPORTED:
        python = matrix.find_python(version)
        if python is not None:
            environment = os.environ | {"UV_PROJECT_ENVIRONMENT": f".venv-{version}"}
            command = [matrix.UV, "run", "--quiet", "--locked", "--python", str(python), "python"]
            finished = subprocess.run(
                [*command, str(Path(__file__)), *options],
                cwd=matrix.ROOT,
                env=environment,
                check=False,
            )
            held &= finished.returncode == 0
    return held


def main() -> int:
    """Read the options, run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=10_000, help="cancelled runs")
    parser.add_argument("--schedules", type=int, default=2_000, help="runs in which nothing fails")
    parser.add_argument("--seed", default="0", help="another seed makes other graphs")
    parser.add_argument("--replay", metavar="SEED", help="only the graph of this seed")
    parser.add_argument("--everywhere", action="store_true", help="on every Python that is present")
    options = parser.parse_args()
    if options.everywhere:
        return (
            0 if everywhere([option for option in sys.argv[1:] if option != "--everywhere"]) else 1
        )
    if options.replay:
        campaign, graph = Campaign(), graph_of(options.replay)
        every = [Plan(use, loop=loop) for use in USES for loop in LOOP_KINDS]
        campaign.run(options.replay, graph, every + cancelled_plans(options.replay, graph))
    else:
        campaign = prove(options.seed, options.runs, options.schedules)
    print(f"Python {platform.python_version()}, {sys.platform}, seed {options.seed}")
    print(campaign.table())
    return 0 if campaign.held else 1


if __name__ == "__main__":
    sys.exit(main())

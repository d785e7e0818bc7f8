"""From a thousand tasks to a million: time and memory for each task, each size in a process of its own.

`uv run python -m benchmarks.scale`; `--full` goes up to a million.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

from benchmarks.processes import ROOT
from benchmarks.report import aligned
from benchmarks.scale_jobs import SHAPES, Numbers

SHORT = (1_000, 100_000)
FULL = (1_000, 10_000, 100_000, 1_000_000)
COLUMNS = {
    "build": "build, ns",
    "build by hand": "build by hand",
    "run": "run, ns",
    "run by hand": "run by hand",
    "bare Tasks": "bare Tasks",
    "built": "built, bytes",
    "peak of building": "peak of building",
    "peak of a run": "peak of a run",
    "in flight": "in flight",
    "in flight by hand": "in flight by hand",
}
TIMES = ("build", "build by hand", "run", "run by hand", "bare Tasks")
ScaleReport = dict[str, dict[str, Numbers]]
"""For each shape and size (a string, as JSON has it) what was found, for one task."""


def measure_scale(sizes: Sequence[int]) -> ScaleReport:
    """Measure all shapes and sizes."""
    found: ScaleReport = {}
    for shape in SHAPES:
        found[shape] = {}
        for size in sizes:
            jobs = ["times", "memory"]
            if shape == "one level, each suspends once":
                jobs.append("in flight")
            print(f"{shape}: {size:,}", file=sys.stderr, flush=True)
            numbers = found[shape][str(size)] = {}
            for job in jobs:
                numbers |= in_a_process(job, shape, size)
    return found


def in_a_process(job: str, shape: str, size: int) -> Numbers:
    """Do one job in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scale_jobs", job, shape, str(size)]
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    numbers: Numbers = json.loads(finished.stdout)
    return numbers


def scale_table(report: ScaleReport) -> str:
    """Everything for one task, as Markdown; below it the growth from the smallest to the largest size."""
    lines = [["shape", "tasks", *COLUMNS.values()]]
    for shape, sizes in report.items():
        for size, numbers in sizes.items():
            cells = (f"{numbers[name]:,.0f}" if name in numbers else "" for name in COLUMNS)
            lines.append([shape, f"{int(size):,}", *cells])
    title = "For one task: nanoseconds of processor time, bytes"
    return "\n".join([title, "", *aligned(lines), "", *growth(report)])


def growth(report: ScaleReport) -> Iterator[str]:
    """How much more a task costs in the largest graph than in the smallest."""
    for shape, sizes in report.items():
        (smallest, first), *_, (largest, last) = sizes.items()
        factors = (f"{name} {last[name] / first[name]:.2f}" for name in TIMES if name in first)
        yield f"- {shape}, {int(largest):,} against {int(smallest):,}: {', '.join(factors)}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--full", action="store_true", help="up to a million tasks")
    parser.add_argument("--json", action="store_true", help="print JSON in the place of the table")
    arguments = parser.parse_args()
    report = measure_scale(FULL if arguments.full else SHORT)
    print(json.dumps(report, indent=2) if arguments.json else scale_table(report))


if __name__ == "__main__":
    main()

"""Says what moved by more than 15 % since the baseline: `uv run python -m benchmarks.compare [report.json]`.

Without a report (what `python -m benchmarks --json` prints) it measures anew, without peers. `--save` makes the
report the baseline of its Python.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.report import Report, environment, measure_all

BASELINE = Path(__file__).with_name("baseline.json")
LIMIT = 0.15
BUDGET = 1.5
"""Seconds for each case of a fresh measurement."""

Figures = Mapping[str, tuple[float, ...]]
"""Names of what is compared, each with one or more figures for it."""


def figures(report: Report) -> dict[str, tuple[float, ...]]:
    """What can be compared between machines: ratios to the work by hand, and bytes."""
    found: dict[str, tuple[float, ...]] = {
        case: (row["sdax"]["best"], row["sdax"]["median"])
        for case, row in report["cases"].items()
        if isinstance(row.get("sdax"), dict)
    }
    for shape, sizes in report.get("scale", {}).items():
        for size, numbers in sizes.items():
            found[f"scale, {shape}, {size}: run / by hand"] = (
                numbers["run"] / numbers["run by hand"],
            )
            for name in ("built", "in flight"):
                if name in numbers:
                    found[f"scale, {shape}, {size}: bytes {name}"] = (numbers[name],)
    return {name: tuple(round(value, 4) for value in values) for name, values in found.items()}


def moves(before: Figures, now: Figures) -> Iterator[str]:
    """One line for each name whose figures all moved by more than the limit, the same way."""
    for name in before.keys() & now.keys():
        factors = [new / old for old, new in zip(before[name], now[name], strict=True)]
        if min(factors) > 1 + LIMIT or max(factors) < 1 / (1 + LIMIT):
            word = "worse" if factors[0] > 1 else "better"
            yield f"{word}: {name}: {shown(before[name])} -> {shown(now[name])}"


def shown(values: tuple[float, ...]) -> str:
    """Figures with the digits that tell something."""
    return " ".join(f"{value:.3g}" for value in values)


def key(report: Report) -> str:
    """What a baseline is for: `CPython 3.13, asyncio`."""
    python = ".".join(report["python"].split(".")[:2])
    return f"{python}, {report['loop']}"


def main() -> int:
    """Compare, print, and fail if something became worse."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("report", nargs="?", type=Path)
    parser.add_argument("--save", action="store_true")
    arguments = parser.parse_args()

    report: Report = environment("asyncio")
    if arguments.report is not None:
        report = json.loads(arguments.report.read_text("utf-8"))
    baselines: dict[str, dict[str, Any]] = json.loads(BASELINE.read_text("utf-8"))
    name = key(report)
    if not arguments.save and name not in baselines:
        print(f"There is no baseline for {name}.")
        return 1
    if arguments.report is None:
        report = measure_all((), "asyncio", ["--budget", str(BUDGET)])
    if arguments.save:
        baselines[name] = figures(report)
        BASELINE.write_text(json.dumps(baselines, indent=1) + "\n", "utf-8")
        return 0
    lines = sorted(moves(baselines[name], figures(report)))
    print("\n".join(lines) or f"Nothing moved by more than {LIMIT:.0%}.")
    return int(any(line.startswith("worse") for line in lines))


if __name__ == "__main__":
    sys.exit(main())

"""The command: `uv run python -m benchmarks`. README.md says what it measures, and how."""

import argparse
import json

from benchmarks.contestants import PEERS
from benchmarks.report import measure_all, table
from benchmarks.scale import FULL as FULL_SIZES
from benchmarks.scale import measure_scale, scale_table

SHORT, FULL = 0.5, 5.0
"""Seconds for each case in each process; more where three rounds take longer."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="all cases, ten times the rounds, scale"
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only cases with TEXT in their name"
    )
    parser.add_argument("--no-peers", action="store_true", help="nothing has to be installed then")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--json", action="store_true", help="print JSON in the place of the table")
    arguments = parser.parse_args()

    options = ["--only", arguments.only, "--budget", str(FULL if arguments.full else SHORT)]
    if arguments.full:
        options.append("--full")
    peers = () if arguments.no_peers else PEERS
    report = measure_all(peers, arguments.loop, options)
    if arguments.full and not arguments.only:
        report["scale"] = measure_scale(FULL_SIZES)
    if arguments.json:
        print(json.dumps(report, indent=2, ensure_ascii=False))
        return
    print(table(report))
    if "scale" in report:
        print(f"\n{scale_table(report['scale'])}")


if __name__ == "__main__":
    main()

"""A whole measurement: taken, named, and shown as one table."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from benchmarks.contestants import AT_HOME, BY_HAND, PEERS, Entry
from benchmarks.processes import Found, NotInstalled, measure_together

COLUMNS = tuple(entry.name for entry in (*AT_HOME, *PEERS) if entry.name != BY_HAND)
Report = dict[str, Any]


def environment(loop: str) -> dict[str, str]:
    """Interpreter, loop and machine, in words."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "loop": loop,
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
    }


def measure_all(peers: Sequence[Entry], loop: str, options: Sequence[str]) -> Report:
    """Measure everything, in one process after another."""
    cases: Found = measure_together(
        [entry for entry in AT_HOME if entry.name != BY_HAND], loop, options
    )
    for peer in peers:
        try:
            found = measure_together([peer], loop, options)
        except NotInstalled as reason:
            missing = {peer.name: f"not measured: {reason}"}
            found = {case: missing for case, row in cases.items() if "sdax" in row}
        for case, row in found.items():
            cases[case][peer.name] = row[peer.name]
    print(file=sys.stderr)
    return environment(loop) | {"cases": cases}


def table(report: Report) -> str:
    """The ratios as Markdown, and below it why there are none where there are none."""
    cases: Found = report["cases"]
    present = [name for name in COLUMNS if any(name in row for row in cases.values())]
    reasons: dict[str, int] = {}
    lines = [["case", "by hand, µs", *present]]
    for case, row in cases.items():
        cells = [cell(row.get(name), reasons) for name in present]
        lines.append([case, by_hand(row), *cells])
    title = "Time / time by hand on {python}, loop {loop}, {machine}: best, median".format(**report)
    notes = (f"{number}. {reason}" for reason, number in reasons.items())
    return "\n".join([title, "", *aligned(lines), "", *notes])


def by_hand(row: dict[str, Any]) -> str:
    """The shortest time for one run by hand, which all ratios of a row are relative to."""
    found = row.get(BY_HAND)
    return f"{found['microseconds']:,.1f}" if found else ""


def cell(found: Any, reasons: dict[str, int]) -> str:
    """Best and median; or a dash and the number of the reason."""
    if found is None:
        return ""
    if isinstance(found, str):
        number = reasons.setdefault(found, len(reasons) + 1)
        return f"- ({number})"
    return f"{found['best']:.2f} {found['median']:.2f}"


def aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a Markdown table whose columns are also straight as plain text."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    def padded(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return line([first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)])

    header, *rest = lines
    yield padded(header)
    yield line(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    yield from map(padded, rest)

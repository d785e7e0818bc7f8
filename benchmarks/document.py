"""Writes tables into docs/explanation/speed.md: `python -m benchmarks.document main.json [other Pythons' ...]`.

The reports are what `python -m benchmarks --json` prints. All of the first is shown, of the others the column of sdax.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.report import Report, aligned, cell, table
from benchmarks.scale import scale_table

PAGE = ROOT / "docs" / "explanation" / "speed.md"


def pythons_table(reports: Sequence[Report]) -> str:
    """The column of sdax, for each Python."""
    lines = [["case", *(report["python"] for report in reports)]]
    for case, row in reports[0]["cases"].items():
        if "sdax" in row:
            rows = (report["cases"].get(case, {}) for report in reports)
            lines.append([case, *(cell(each.get("sdax"), {}) for each in rows)])
    return "\n".join(aligned(lines))


def replaced(page: str, name: str, text: str) -> str:
    """The page with `text` between the marks of `name`."""
    marks = re.compile(f"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not marks.search(page):
        raise ValueError(f"{PAGE} has no marks for {name}")
    return marks.sub(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page)


def main() -> None:
    """Write the tables of the reports that are named."""
    reports: list[Report] = [json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:]]
    page = replaced(PAGE.read_text("utf-8"), "table", table(reports[0]))
    page = replaced(page, "pythons", pythons_table(reports))
    if "scale" in reports[0]:
        page = replaced(page, "scale", scale_table(reports[0]["scale"]))
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()

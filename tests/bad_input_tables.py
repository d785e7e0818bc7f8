"""The table in the section "Bad input" of a how-to page."""

import re
from pathlib import Path

PAGES = Path(__file__).resolve().parents[1] / "docs" / "how-to"
EXACT = re.compile(r"`(?P<kind>\w+Error)`: `(?P<message>.+)`")
"""An answer that names the class and the words of the error."""


def answers(page: str) -> list[str]:
    """The right column of the table."""
    _, _, section = (PAGES / f"{page}.md").read_text("utf-8").partition("\n## Bad input\n")
    section, _, _ = section.partition("\n## ")
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return [row[-1] for row in rows[2:]]

"""Write docs/guarantees.md from tests/guarantees.toml: `python scripts/write_guarantees_page.py`."""

import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "tests" / "guarantees.toml"
PAGE = ROOT / "docs" / "guarantees.md"

WIDTH = 120
NOT_SENTENCES = ("title", "remark")
WARNING = (
    "Made by scripts/write_guarantees_page.py from tests/guarantees.toml: edit that file instead."
)
INTRODUCTION = """\
This page says what a run of sdax promises. Each sentence has a number, and tests carry that number: a sentence
that no test holds up cannot stay here. The code cites the page by the number in the heading ("guarantee 22").

A *graph* is made of *tasks*. A task has a *key* and up to three *functions*, one for each *phase*: `pre_execute`
acquires, `execute` works, `post_execute` cleans up. A *run* is one call of `process_tasks(ctx)`, or one block of
`open(ctx)`. An *attempt* is one call of a function; a function that is retried has several.
"""

Guarantee = Mapping[str, str]
"""Title, sentences by their ids, and sometimes a remark."""


def page(manifest: Mapping[str, Mapping[str, Guarantee]]) -> str:
    """The whole page as Markdown, from the manifest as `tomllib` reads it."""
    return "\n".join(_lines(manifest)) + "\n"


def _lines(manifest: Mapping[str, Mapping[str, Guarantee]]) -> Iterator[str]:
    yield f"<!-- {WARNING} -->"
    yield "# Guarantees"
    yield ""
    yield INTRODUCTION.rstrip()
    for section, guarantees in manifest.items():
        yield ""
        yield f"## {section}"
        for number, guarantee in guarantees.items():
            yield from _guarantee_lines(number, guarantee)


def _guarantee_lines(number: str, guarantee: Guarantee) -> Iterator[str]:
    yield ""
    yield f"### {number}. {guarantee['title']}" if number.isdigit() else f"### {guarantee['title']}"
    yield ""
    for identity, sentence in guarantee.items():
        if identity not in NOT_SENTENCES:
            yield from _wrapped(f"- **{identity}** {sentence}", indent="  ")
    if "remark" in guarantee:
        yield ""
        yield from _wrapped(guarantee["remark"], indent="")


def _wrapped(text: str, *, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width=WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def main() -> None:
    """Read the manifest and write the page."""
    PAGE.write_text(page(tomllib.loads(MANIFEST.read_text("utf-8"))), "utf-8", newline="\n")


if __name__ == "__main__":
    main()

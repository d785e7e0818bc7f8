"""Makes links of the guarantees that docstrings speak of; mkdocstrings loads it, see mkdocs.yml."""

import re
import tomllib
from pathlib import Path

import griffe

MANIFEST = Path(__file__).resolve().parents[2] / "tests" / "guarantees.toml"
MENTION = re.compile(r"\bguarantees? \d+(?:(?:, | and )\d+)*")


def addresses() -> dict[str, str]:
    """Where each guarantee is, seen from a page of the reference, by its number."""
    sections = tomllib.loads(MANIFEST.read_text("utf-8")).values()
    titles = {number: each["title"] for section in sections for number, each in section.items()}
    return {
        number: f"../guarantees.md#{_slug(f'{number} {title}')}" for number, title in titles.items()
    }


def _slug(heading: str) -> str:
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


class GuaranteeLinks(griffe.Extension):
    """Changes the docstrings while they are loaded."""

    def __init__(self) -> None:
        self._addresses = addresses()

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Change one docstring."""
        if obj.docstring:
            obj.docstring.value = MENTION.sub(self._linked, obj.docstring.value)

    def _linked(self, mention: re.Match[str]) -> str:
        return re.sub(r"\d+", self._link, mention.group())

    def _link(self, number: re.Match[str]) -> str:
        return f"[{number.group()}]({self._addresses[number.group()]})"

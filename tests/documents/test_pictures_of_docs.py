"""The pictures of the documents are those that `scripts/draw_pictures.py` draws, and each is on a page."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import draw_pictures
import pytest

ROOT = Path(__file__).resolve().parents[2]
DRAWN = draw_pictures.pictures()
PAGES = [page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("name", DRAWN)
def test_the_committed_picture_is_the_one_that_is_drawn(name: str) -> None:
    committed = (ROOT / "docs" / "pictures" / name).read_text("utf-8")
    assert committed == DRAWN[name], "run: uv run scripts/draw_pictures.py"


def test_every_picture_is_drawn_and_shown_with_a_text_for_those_who_do_not_see_it() -> None:
    there = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    shown = {name for page in PAGES for name in re.findall(r"!\[[^\]]+\]\(.*pictures/(.+)\)", page)}
    assert there == shown == set(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_refers_to_nothing_outside_and_follows_light_and_dark(name: str) -> None:
    svg = DRAWN[name]
    ET.fromstring(svg)
    assert "prefers-color-scheme: dark" in svg
    assert not re.search(r"href|url\(|@import|<script", svg)


def test_a_run_that_is_drawn_twice_looks_the_same() -> None:
    assert draw_pictures.pictures() == DRAWN

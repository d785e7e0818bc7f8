"""The programs of the documents run, print what is written beside them, and stand on a page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted((ROOT / "docs_src").glob("*.py"))
EXPECTED = sorted((ROOT / "docs_src").glob("*.out"))
PAGES = sorted((ROOT / "docs").rglob("*.md"))
INCLUSION = re.compile(r'^ *--8<-- "([\w.]+)(?::[\w-]+)?"$', re.MULTILINE)
SAME_OUTPUT = (
    "by_hand_sdax.py",
)  # tests/documents/test_by_hand.py holds that it prints what its twin prints
PATIENCE = 60


def name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("program", PROGRAMS, ids=name)
def test_the_program_runs_without_warnings_and_prints_what_is_written_beside_it(
    program: Path,
) -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (finished.stderr, finished.returncode) == ("", 0)
    expected = program.with_suffix(".out")
    if expected.exists():  # what the others print, the tests of their packages know
        assert finished.stdout == expected.read_text("utf-8")


@pytest.mark.parametrize("expected", EXPECTED, ids=name)
def test_a_page_shows_the_output_and_names_the_program(expected: Path) -> None:
    program = expected.with_suffix(".py").name
    pages = [page.read_text("utf-8") for page in PAGES]
    assert any(program in page and expected.name in INCLUSION.findall(page) for page in pages)


def test_everything_that_a_page_includes_is_there() -> None:
    included = [file for page in PAGES for file in INCLUSION.findall(page.read_text("utf-8"))]
    assert [file for file in included if not (ROOT / "docs_src" / file).exists()] == []

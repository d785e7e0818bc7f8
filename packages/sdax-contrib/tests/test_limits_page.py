"""The code of the how-to page on limits is the code that runs here."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "how-to" / "limits.md"
PATIENCE = 60

PRINTS = {
    "how_to_limits_one_limit.py": ["at once: 3"],
    "how_to_limits_one_backend.py": [
        "charge, attempt 2: sdax.breaker.changed",
        "payments: closed -> open",
        "charge, attempt 3: sdax.breaker.refused",
        "failed: CircuitOpen",
        "try again in 30 seconds",
        "charge, attempt 1: sdax.breaker.refused",
        "failed: CircuitOpen",
        "try again in 30 seconds",
        "AdaptiveLimit(limit=10, in_use=0, waiting=0)",
    ],
    "how_to_limits_rate_limit.py": ["3 calls, the third waited: True"],
}


@pytest.mark.parametrize("name", PRINTS)
def test_the_code_of_the_page_runs_and_prints_what_it_should(name: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "docs_src" / name)],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (finished.stderr, finished.returncode) == ("", 0)
    assert finished.stdout.splitlines() == PRINTS[name]


@pytest.mark.parametrize("name", PRINTS)
def test_the_page_shows_that_code_to_the_letter(name: str) -> None:
    source = (ROOT / "docs_src" / name).read_text("utf-8")
    _, _, code = source.partition('"""\n')
    assert f"```python\n{code.strip()}\n```" in PAGE.read_text("utf-8")


def test_every_file_of_the_page_is_run() -> None:
    assert sorted(PRINTS) == sorted(
        path.name for path in (ROOT / "docs_src").glob("how_to_limits*.py")
    )

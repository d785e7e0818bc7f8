"""The example of each package's README runs as it stands there, and prints what the README says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = Path(__file__).resolve().parents[2] / "packages"
EXAMPLE = re.compile(r"```python\n(.*?)```\n\nIt prints:\n\n```text\n(.*?)```", re.DOTALL)
WITH_AN_EXAMPLE = ("sdax", "sdax-core", "sdax-helpers", "sdax-levels")


@pytest.mark.parametrize("name", WITH_AN_EXAMPLE)
def test_the_example_of_the_readme_prints_what_it_says(name: str) -> None:
    text = (PACKAGES / name / "README.md").read_text("utf-8")
    [(code, output)] = EXAMPLE.findall(text)
    assert text.count("```") == 4  # no other block escapes the test
    finished = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (finished.stderr, finished.stdout) == ("", output)

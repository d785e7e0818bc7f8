"""The tests that the documents show are run by pytest, as their readers run them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = [
    path
    for path in sorted((ROOT / "docs_src").glob("*.py"))
    if re.search(r"^def test_", path.read_text("utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_all_tests_of_a_program_pass_without_plugins_and_warnings(program: Path) -> None:
    options = ["-p", "no:cacheprovider", "-c", "/dev/null", "-W", "error", "--quiet"]
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(program)],
        capture_output=True,
        encoding="utf-8",
        cwd=program.parent,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        timeout=60,
        check=False,
    )
    count = len(re.findall(r"^def test_", program.read_text("utf-8"), re.MULTILINE))
    assert f"{count} passed" in finished.stdout, finished.stdout + finished.stderr
    assert finished.returncode == 0

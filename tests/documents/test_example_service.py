"""The example service under clients that hang up: nothing leaks, nothing is lost, everything adds up."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PATIENCE = 90
OPTIONS = ("--seconds", "2", "--clients", "20")


def test_under_load_with_clients_that_hang_up_everything_adds_up() -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-m", "fastapi_service.load_test", *OPTIONS],
        cwd=EXAMPLES,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (finished.stderr, finished.returncode) == ("", 0), finished.stdout
    numbers = dict(line.split(": ", 1) for line in finished.stdout.splitlines() if ": " in line)
    assert finished.stdout.splitlines()[-1] == "all of it adds up"
    # It was a test at all: clients hung up, runs were cancelled and failed, orders went through.
    assert int(numbers["hung up"]) > 0
    assert int(numbers["rows"]) > 0
    assert "'cancelled'" in numbers["runs"]
    assert "'failed'" in numbers["runs"]

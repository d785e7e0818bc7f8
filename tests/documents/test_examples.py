"""Every example is a whole program that runs without warnings and prints what it should."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE = 60

PRINTS = {
    "first_graph.py": [
        "connected",
        "ada pays 40",
        "disconnected",
        "connected",
        "disconnected",
        "total failed: KeyError('unicorn'); skipped: ('payment',)",
    ],
    "levels.py": [
        "sources: print('hello')",
        "notes: says hello",
        "folder left: False",
    ],
    "order_endpoint.py": [
        "order 1 is placed",
        "order 2 failed in reserve: SoldOut('lamp')",
        "orders: [(1, 'ada', 'lamp', 2, 3600)]",
        "stock: [('lamp', 1)]",
    ],
    "phase_by_phase.py": [
        "next: execute",
        "answer: are you there?",
        "closed: True",
    ],
}


@pytest.mark.parametrize("name", PRINTS)
def test_the_example_runs_and_prints_what_it_should(name: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name)],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (finished.stderr, finished.returncode) == ("", 0)
    assert finished.stdout.splitlines() == PRINTS[name]


def test_every_example_is_run() -> None:
    assert sorted(PRINTS) == sorted(path.name for path in EXAMPLES.glob("*.py"))


def test_the_order_endpoint_of_the_example_is_the_one_of_the_demo_to_the_letter() -> None:
    demo = ROOT / "packages" / "sdax" / "src" / "sdax" / "_demo" / "order_endpoint.py"
    source = demo.read_text("utf-8")
    graph = source[source.index("@dataclass(frozen=True, kw_only=True)\nclass Shop:") :]
    assert graph in (EXAMPLES / "order_endpoint.py").read_text("utf-8")

"""The README: its commands stand where they are looked for, and its code runs as pasted."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = FENCE.findall(README)
PATIENCE = 60


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


def section(title: str) -> str:
    """What stands between a heading and the next."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_first_two_blocks_are_the_commands_that_run_and_test_it() -> None:
    assert [language for language, _ in BLOCKS[:2]] == ["sh", "sh"]
    run, test = (text for _, text in BLOCKS[:2])
    assert run in section("Run it")
    assert test in section("Test it")


def test_the_commands_need_nothing_but_python_and_pip() -> None:
    for _, command in BLOCKS[:2]:
        assert command.startswith("python -m pip install uv && python -m uv run ")
        assert len(command.splitlines()) == 1


def test_the_first_program_runs_as_pasted_and_prints_what_the_readme_says(tmp_path: Path) -> None:
    program = tmp_path / "pasted.py"
    program.write_text(blocks("python")[0], "utf-8")
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
    )
    assert finished.stdout == blocks("text")[0]


def test_the_first_program_is_the_example_first_graph() -> None:
    assert blocks("python")[0] == (ROOT / "examples" / "first_graph.py").read_text("utf-8")


def test_the_graph_shown_is_the_one_of_the_example_order_endpoint() -> None:
    assert blocks("python")[1] in (ROOT / "examples" / "order_endpoint.py").read_text("utf-8")


def test_every_relative_link_leads_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?://)([^)#]+)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_table_lists_the_packages_of_the_workspace() -> None:
    listed = re.findall(r"^\| \[([\w-]+)\]\(packages/", section("Packages"), re.MULTILINE)
    assert sorted(listed) == sorted(
        folder.parent.name for folder in ROOT.glob("packages/*/pyproject.toml")
    )

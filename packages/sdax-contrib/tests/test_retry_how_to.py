"""The code on docs/how-to/retry.md is that of docs_src, and does what the page says."""

import asyncio
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "how-to" / "retry.md"
SOURCES = sorted((ROOT / "docs_src").glob("how_to_retry*.py"))


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("how_to_retry", [503, 429, 201]),
        ("how_to_retry_by_hand", [1, 2, 3]),
        ("how_to_retry_hedge", "profile of user 7"),
        ("how_to_retry_tenacity", 3),
    ],
)
def test_the_programs_of_the_page_run(name: str, result: Any) -> None:
    assert asyncio.run(importlib.import_module(f"docs_src.{name}").main()) == result


def test_every_program_is_run() -> None:
    assert [path.stem for path in SOURCES] == [
        "how_to_retry",
        "how_to_retry_by_hand",
        "how_to_retry_hedge",
        "how_to_retry_tenacity",
    ]


def test_every_block_of_the_page_is_a_part_of_a_program() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    programs = [path.read_text("utf-8") for path in SOURCES]
    assert len(blocks) == 7
    assert [block for block in blocks if not any(block in program for program in programs)] == []

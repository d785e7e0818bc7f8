"""Every block of the READMEs published earlier is listed, and runs or says why it does not."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest
from readme_blocks import read_block

TESTS = Path(__file__).parent
READMES = ["readme_0_3", "readme_0_7"]


def listed_blocks(readme: str) -> list[dict[str, Any]]:
    manifest = (TESTS / readme / "manifest.toml").read_text("utf-8")
    blocks: list[dict[str, Any]] = tomllib.loads(manifest)["block"]
    return blocks


def blocks_read_by_tests() -> list[str]:
    """The argument of every call of `read_block` in the test files."""
    return [
        ast.literal_eval(node.args[0])
        for readme in READMES
        for path in (TESTS / readme).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "read_block"
    ]


@pytest.mark.parametrize("readme", READMES)
def test_the_manifest_lists_every_block_once_in_order(readme: str) -> None:
    files = sorted(path.stem for path in (TESTS / readme / "blocks").iterdir())

    assert [block["name"] for block in listed_blocks(readme)] == files


def test_exactly_the_blocks_that_run_are_read_by_a_test() -> None:
    running = [
        f"{readme}/{block['name']}"
        for readme in READMES
        for block in listed_blocks(readme)
        if block["runs"]
    ]

    assert sorted(blocks_read_by_tests()) == running


@pytest.mark.parametrize("readme", READMES)
def test_a_block_that_is_not_python_says_so(readme: str) -> None:
    for listed in listed_blocks(readme):
        block = read_block(f"{readme}/{listed['name']}")
        if listed.get("remark", "").startswith("Not Python"):
            with pytest.raises(SyntaxError):
                block.compile()
        else:
            block.compile()


@pytest.mark.parametrize("readme", READMES)
def test_a_block_that_does_not_run_gives_the_reason(readme: str) -> None:
    for block in listed_blocks(readme):
        assert block["runs"] or block["remark"], block["name"]

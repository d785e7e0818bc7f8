"""The manifest of guarantees, the page made from it and the tests that carry its ids all agree."""

import ast
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "guarantees.md"
MANIFEST_TEXT = (ROOT / "tests" / "guarantees.toml").read_text("utf-8")
MANIFEST: dict[str, dict[str, dict[str, str]]] = tomllib.loads(MANIFEST_TEXT)


def guarantees() -> dict[str, list[str]]:
    """The ids of the sentences of each guarantee, by its number."""
    return {
        number: [identity for identity in guarantee if identity not in ("title", "remark")]
        for section in MANIFEST.values()
        for number, guarantee in section.items()
    }


def known_ids() -> list[str]:
    return [identity for ids in guarantees().values() for identity in ids]


def carried_ids() -> dict[str, list[str]]:
    """The tests that carry each id, found by reading every test file of the workspace."""
    tests_of: dict[str, list[str]] = {}
    for path in sorted([*ROOT.glob("packages/*/tests/**/*.py"), *ROOT.glob("tests/**/*.py")]):
        for test, identity in _markers(ast.parse(path.read_text("utf-8"))):
            where = f"{path.relative_to(ROOT).as_posix()}::{test}"
            tests_of.setdefault(identity, []).append(where)
    return tests_of


def _markers(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(test, id) for every `@pytest.mark.guarantee(id)` on a function that pytest would collect."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _is_guarantee(decorator.func):
                    assert node.name.startswith("test_"), f"{node.name} is not a test"
                    for argument in decorator.args:
                        yield node.name, ast.literal_eval(argument)


def _is_guarantee(function: ast.expr) -> bool:
    return ast.unparse(function) == "pytest.mark.guarantee"


def test_the_numbers_are_in_order_with_the_build_options_after_the_fifth() -> None:
    numbers = list(guarantees())
    assert numbers.pop(5) == "options"
    assert numbers == sorted(numbers, key=int)
    assert numbers[:30] == [str(number) for number in range(1, 31)]


def test_the_sentences_of_a_guarantee_are_counted_from_one() -> None:
    for number, ids in guarantees().items():
        assert ids == [f"{number}.{count}" for count in range(1, len(ids) + 1)]


def test_every_guarantee_is_carried_by_a_test() -> None:
    carried = carried_ids()
    assert [identity for identity in known_ids() if identity not in carried] == []


def test_no_test_names_an_unknown_guarantee() -> None:
    known = set(known_ids())
    unknown = {id_: tests for id_, tests in carried_ids().items() if id_ not in known}
    assert unknown == {}


def test_the_page_is_the_one_that_the_manifest_makes() -> None:
    make_page = runpy.run_path(str(ROOT / "scripts" / "write_guarantees_page.py"))["page"]
    assert PAGE.read_text("utf-8") == make_page(MANIFEST), (
        "run `python scripts/write_guarantees_page.py`"
    )

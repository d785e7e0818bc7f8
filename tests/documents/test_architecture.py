"""ARCHITECTURE.md names every module of every package once, and none that is not there."""

import re

import pytest
from releasing.distributions import ROOT, Distribution, distributions

TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
ROW = re.compile(r"^\| (`.*?) \|", re.MULTILINE)
WITHOUT_A_ROW = {"__init__", "_demo.__init__"}


@pytest.mark.parametrize("name", distributions())
def test_the_tables_of_a_package_name_each_of_its_modules_once(name: str) -> None:
    [section] = re.findall(
        rf"^## {name}\b(?!-)(.*?)^## (?!The walk)", TEXT, re.MULTILINE | re.DOTALL
    )
    named = [module for row in ROW.findall(section) for module in re.findall("`(.*?)`", row)]
    assert sorted(named) == sorted(modules(distributions()[name]))


def modules(distribution: Distribution) -> set[str]:
    folder = distribution.folder / "src" / distribution.package
    paths = [path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py")]
    return {".".join(path.parts) for path in paths} - WITHOUT_A_ROW


def test_the_files_of_the_walk_are_modules_of_core() -> None:
    [walk] = re.findall(r"^## The walk(.*?)^## ", TEXT, re.MULTILINE | re.DOTALL)
    files = set(re.findall(r"`(_\w+)`", walk))
    assert len(files) > 10
    assert files <= modules(distributions()["sdax-core"])

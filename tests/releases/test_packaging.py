"""What the packages say of themselves to an index, to installers and to their readers is right."""

import re
import tomllib
from typing import Any

import matrix
import pytest
from packaging.requirements import Requirement
from releasing.distributions import ROOT, Distribution, distributions
from releasing.versions import next_version

ALL = list(distributions().values())
EVERY = pytest.mark.parametrize("one", ALL, ids=[one.name for one in ALL])
TESTED = ["3.11", "3.12", "3.13"]
"""The Pythons on which the tests have been seen to pass; scripts/matrix.py takes newer ones, too, if there are any."""


@EVERY
def test_the_pythons_that_were_tested_are_those_that_are_named(one: Distribution) -> None:
    prefix = "Programming Language :: Python :: 3."
    named = [entry for entry in one.project["classifiers"] if entry.startswith(prefix)]
    assert [entry.rpartition(" ")[2] for entry in named] == TESTED
    assert set(TESTED) <= set(matrix.SUPPORTED)
    assert one.project["requires-python"] == f">={matrix.SUPPORTED[0]}"


@EVERY
def test_what_every_package_says_alike(one: Distribution) -> None:
    assert one.project["license"] == "MIT"
    assert one.project["license-files"] == ["LICENSE"]
    assert (one.folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert "Typing :: Typed" in one.project["classifiers"]
    assert (one.folder / "src" / one.package / "py.typed").exists()
    assert one.project["name"] == one.name
    assert one.project["description"].endswith(".")


@EVERY
def test_the_readme_works_where_no_other_file_is_beside_it(one: Distribution) -> None:
    readme = (one.folder / one.project["readme"]).read_text("utf-8")
    assert readme.startswith(f"# {one.name}\n")
    links = re.findall(r"\]\((.*?)\)|(?:src|href)=\"(.*?)\"", readme)
    targets = ["".join(link) for link in links]
    assert [
        target for target in targets if not target.startswith("https://pypi.org/project/")
    ] == []


@EVERY
def test_siblings_are_required_by_a_range_that_a_break_leaves(one: Distribution) -> None:
    for text in one.requirements():
        required = Requirement(text)
        if required.name in distributions() and required.name != one.name:
            sibling = distributions()[required.name].version
            assert sibling in required.specifier
            assert next_version(sibling, {"breaking"}) not in required.specifier


def test_core_requires_nothing() -> None:
    assert list(distributions()["sdax-core"].requirements()) == []


@EVERY
def test_a_package_requires_third_parties_by_extras_alone_and_says_from_which_version(
    one: Distribution,
) -> None:
    required = [Requirement(text) for text in one.project["dependencies"]]
    assert {requirement.name for requirement in required} <= distributions().keys()
    for text in one.requirements():
        requirement = Requirement(text)
        if requirement.name not in distributions():
            assert text == f"{requirement.name}>={str(requirement.specifier).removeprefix('>=')}"


@EVERY
def test_the_extra_all_is_all_other_extras(one: Distribution) -> None:
    extras: dict[str, list[str]] = one.project.get("optional-dependencies", {})
    if extras:
        others = sorted(extras.keys() - {"all"})
        assert extras["all"] == [f"{one.name}[{','.join(others)}]"]


@EVERY
def test_the_changelog_has_one_title_and_every_release_under_it(one: Distribution) -> None:
    text = (one.folder / "CHANGELOG.md").read_text("utf-8")
    titles = [line for line in text.splitlines() if re.match("#{1,2} ", line)]
    assert titles[0] == f"# Changes of {one.name}"
    assert text.count(towncrier(one)["start_string"]) == 1
    for title in titles[1:]:
        assert re.fullmatch(r"## \d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", title)


@EVERY
def test_every_fragment_has_a_kind_and_says_something(one: Distribution) -> None:
    one.kinds()  # raises for a file whose kind is unknown
    for fragment in one.fragments:
        text = fragment.read_text("utf-8")
        assert text.strip()
        assert not text.startswith("#")


@EVERY
def test_the_changelogs_are_made_in_the_same_way(one: Distribution) -> None:
    assert towncrier(one) == towncrier(distributions()["sdax-core"]) | {"name": one.name}


def towncrier(one: Distribution) -> dict[str, Any]:
    configuration = tomllib.loads((one.folder / "pyproject.toml").read_text("utf-8"))
    table: dict[str, Any] = configuration["tool"]["towncrier"]
    return table

"""The rules of VERSIONING.md: what the kinds of changes make of a version, and which siblings fit."""

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from releasing.versions import next_version, requirement


@pytest.mark.parametrize(
    ("kinds", "from_zero", "from_one"),
    [
        ({"breaking", "added", "fixed"}, "0.4.0", "2.0.0"),
        ({"added", "fixed"}, "0.3.8", "1.4.0"),
        ({"fixed"}, "0.3.8", "1.3.8"),
        ({"documented"}, "0.3.8", "1.3.8"),
    ],
)
def test_the_gravest_change_decides_which_part_rises(
    kinds: set[str], from_zero: str, from_one: str
) -> None:
    assert next_version(Version("0.3.7"), kinds) == Version(from_zero)
    assert next_version(Version("1.3.7"), kinds) == Version(from_one)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        ("0.1.0", "sdax-core>=0.1,<0.2"),
        ("0.9.12", "sdax-core>=0.9.12,<0.10"),
        ("0.10.0", "sdax-core>=0.10,<0.11"),
        ("1.0.0", "sdax-core>=1.0,<2.0"),
        ("1.2.3", "sdax-core>=1.2.3,<2.0"),
    ],
)
def test_a_sibling_is_required_until_the_next_break(version: str, text: str) -> None:
    assert requirement("sdax-core", Version(version)) == text
    allowed = Requirement(text).specifier
    assert Version(version) in allowed
    assert next_version(Version(version), {"added"}) in allowed
    assert next_version(Version(version), {"breaking"}) not in allowed

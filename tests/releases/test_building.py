"""A step of a release that fails ends it, and what it said is passed on."""

from pathlib import Path

import pytest
from releasing import building
from releasing.distributions import ReleaseError


def test_a_command_that_fails_raises_with_all_that_it_wrote(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n", "utf-8")
    with pytest.raises(ReleaseError, match=r"(?s)uv\S* version\nends with \d+\n.*name"):
        building.run(tmp_path, building.UV, "version")


def test_a_file_that_is_no_distribution_is_refused_by_twine(tmp_path: Path) -> None:
    wheel = tmp_path / "shop-0.1.0-py3-none-any.whl"
    wheel.write_text("Nothing that could be installed.\n", "utf-8")
    with pytest.raises(ReleaseError, match=r"(?s)check --strict.*ends with 1\n.*shop-0"):
        building.check([wheel])

"""What cannot be released is refused with the reason, and the repository stays as it is."""

from pathlib import Path

import pytest
from release_repository import commit, package, refuse, tell
from releasing import building
from releasing.distributions import ReleaseError, git


def test_a_break_that_siblings_leave_out_is_refused_with_their_names_and_the_right_range(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(package(released, "sdax-core"), "breaking")
    message = refuse(released, capsys, "sdax-core")
    for sibling in ("sdax", "sdax-contrib", "sdax-helpers", "sdax-levels"):
        assert f"\n  {sibling} requires sdax-core>=0.1,<0.2\n" in message
    assert "The right range is sdax-core>=0.2,<0.3." in message


def test_a_package_whose_sibling_was_never_released_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(package(root, "sdax-levels"), "added")
    assert "it requires sdax-core, which was never released" in refuse(root, capsys, "sdax-levels")


def test_without_a_fragment_there_is_nothing_to_release(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(package(released, "sdax-levels"), "fixed")
    assert "there is no fragment" in refuse(released, capsys, "sdax-core")


@pytest.mark.parametrize("file", ["packages/sdax-core/README.md", "new.txt"])
def test_what_is_not_committed_is_named_and_refused(
    file: str, released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(package(released, "sdax-core"), "fixed")
    (released / file).write_text("What nobody has committed.\n", "utf-8")
    message = refuse(released, capsys, "sdax-core")
    assert "there is something that is not committed" in message
    assert file in message


def test_an_unknown_package_is_refused_with_the_known_ones(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refuse(released, capsys, "sdax-cor")
    assert "there are sdax, sdax-contrib, sdax-core, sdax-helpers, sdax-levels" in message


def test_a_public_name_that_is_gone_needs_a_breaking_fragment(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = released / "tests" / "public_surface" / "sdax_core.txt"
    text = snapshot.read_text("utf-8")
    snapshot.write_text(text.replace("    def current_run()\n", ""), "utf-8")
    tell(package(released, "sdax-core"), "fixed")
    assert "sdax_core.current_run is gone" in refuse(released, capsys, "sdax-core")


def test_a_version_that_somebody_has_written_by_hand_is_refused(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    building.run(released, building.UV, "version", "--frozen", "--package", "sdax-core", "0.1.7")
    tell(package(released, "sdax-core"), "fixed")
    message = refuse(released, capsys, "sdax-core")
    assert "pyproject.toml has 0.1.7, but the last tag is sdax-core-v0.1.0" in message


def test_a_version_that_another_branch_has_released_is_refused(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(released, "checkout", "--quiet", "-b", "other")
    commit_something(released)
    git(released, "tag", "sdax-core-v0.1.1")
    git(released, "checkout", "--quiet", "-")
    tell(package(released, "sdax-core"), "fixed")
    assert "there is a tag sdax-core-v0.1.1" in refuse(released, capsys, "sdax-core")


def test_a_release_that_twine_does_not_like_leaves_nothing_behind(
    released: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(files: list[Path]) -> None:
        raise ReleaseError(f"{files[0].name} is odd")

    monkeypatch.setattr(building, "check", check)
    tell(package(released, "sdax-core"), "fixed")
    assert "sdax-core.whl is odd" in refuse(released, capsys, "sdax-core")


def commit_something(root: Path) -> None:
    (root / "something.txt").write_text("Something.\n", "utf-8")
    commit(root, "Something")

"""A release writes the version, the changelog, the ranges of siblings and the lock file, and tags it all."""

from pathlib import Path

import pytest
from packaging.version import Version
from release_repository import package, refuse, state, succeed, tell
from releasing.distributions import git


def test_the_first_release_has_the_version_that_is_written_already(root: Path) -> None:
    tell(package(root, "sdax-core"), "added", "First release.")
    succeed(root, "sdax-core")
    assert package(root, "sdax-core").version == Version("0.1.0")
    assert package(root, "sdax-core").last_release() == "sdax-core-v0.1.0"
    assert package(root, "sdax-core").fragments == []
    changelog = (root / "packages" / "sdax-core" / "CHANGELOG.md").read_text("utf-8")
    assert changelog.startswith("# Changes of sdax-core\n")
    assert "\n## 0.1.0 (" in changelog
    assert changelog.endswith("\n### Added\n\n- First release.\n")
    assert git(root, "log", "-1", "--format=%s", "sdax-core-v0.1.0") == "Release sdax-core 0.1.0"
    assert git(root, "rev-parse", "HEAD") == git(root, "rev-parse", "sdax-core-v0.1.0^{commit}")
    assert git(root, "status", "--porcelain") == ""


def test_the_page_of_the_site_does_not_go_on_to_call_it_unreleased(root: Path) -> None:
    page = root / "docs" / "changelogs" / "sdax-core.md"
    page.write_text(page.read_text("utf-8") + "## Next (not yet released)\n", "utf-8")
    tell(package(root, "sdax-core"), "added")
    succeed(root, "sdax-core")
    assert "not yet released" not in page.read_text("utf-8")


@pytest.mark.parametrize("kind", ["fixed", "documented", "added"])
def test_what_breaks_nothing_raises_the_last_part_and_touches_no_sibling(
    kind: str, released: Path
) -> None:
    tell(package(released, "sdax-core"), kind)
    succeed(released, "sdax-core")
    assert package(released, "sdax-core").last_release() == "sdax-core-v0.1.1"
    assert package(released, "sdax-core").version == Version("0.1.1")
    assert locked(released, "sdax-core") == "0.1.1"
    assert set(git(released, "show", "--name-only", "--format=").split()) == {
        "packages/sdax-core/CHANGELOG.md",
        f"packages/sdax-core/changelog.d/+change-0.{kind}.md",
        "packages/sdax-core/pyproject.toml",
        "uv.lock",
    }


def test_a_break_writes_the_ranges_of_the_siblings_if_asked_to_and_they_are_released_next(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(package(released, "sdax-core"), "breaking")
    succeed(released, "sdax-core", "--update-ranges")
    assert package(released, "sdax-core").last_release() == "sdax-core-v0.2.0"
    for sibling in ("sdax", "sdax-contrib", "sdax-helpers", "sdax-levels"):
        assert [*package(released, sibling).requirements_of("sdax-core")] == ["sdax-core>=0.2,<0.3"]
        assert package(released, sibling).kinds() == {"breaking"}
    assert "sdax-helpers, which has a break to release" in refuse(released, capsys, "sdax-contrib")
    succeed(released, "sdax-levels", "--update-ranges")
    succeed(released, "sdax-helpers", "--update-ranges")
    succeed(released, "sdax-contrib", "--update-ranges")
    succeed(released, "sdax")
    assert package(released, "sdax").last_release() == "sdax-v0.9.0"
    assert sorted(map(str, package(released, "sdax").requirements())) == [
        "sdax-contrib>=0.2,<0.3",
        "sdax-core>=0.2,<0.3",
        "sdax-helpers>=0.2,<0.3",
        "sdax-levels>=0.2,<0.3",
        "sdax[contrib,demo]",
    ]
    changelog = (released / "packages" / "sdax" / "CHANGELOG.md").read_text("utf-8")
    assert "- Requires `sdax-contrib>=0.2,<0.3`.\n" in changelog


def test_a_release_requires_the_siblings_that_it_stands_beside(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(package(released, "sdax-core"), "added")
    tell(package(released, "sdax-helpers"), "fixed")
    tell(package(released, "sdax-levels"), "fixed")
    succeed(released, "sdax-levels")
    assert "Mind: sdax-core has additions that are not released" in capsys.readouterr().out
    succeed(released, "sdax-core")
    succeed(released, "sdax-helpers")
    assert "Mind" not in capsys.readouterr().out
    assert [*package(released, "sdax-levels").requirements()] == ["sdax-core>=0.1,<0.2"]
    assert [*package(released, "sdax-helpers").requirements()] == ["sdax-core>=0.1.1,<0.2"]


def test_a_dry_run_tells_what_would_be_released_and_changes_nothing(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(package(released, "sdax-core"), "fixed", "A knot in the plan.")
    before = state(released)
    succeed(released, "sdax-core", "--dry-run")
    assert state(released) == before
    told = capsys.readouterr().out
    assert "Release sdax-core 0.1.1\n" in told
    assert "- A knot in the plan." in told
    assert "publish" not in told


def test_the_files_are_built_and_what_publishes_them_is_printed(
    released: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # this one builds
    tell(package(released, "sdax-levels"), "fixed")
    succeed(released, "sdax-levels")
    wheel, source = "sdax_levels-0.1.1-py3-none-any.whl", "sdax_levels-0.1.1.tar.gz"
    assert sorted(file.name for file in (released / "dist").iterdir()) == [wheel, source]
    told = capsys.readouterr().out
    assert told.endswith(f"    git push --follow-tags\n    uv publish dist/{wheel} dist/{source}\n")


def locked(root: Path, name: str) -> str:
    """The version that the lock file has."""
    _, _, rest = (root / "uv.lock").read_text("utf-8").partition(f'name = "{name}"\nversion = "')
    return rest.partition('"')[0]

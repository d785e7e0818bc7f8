"""Repositories to release something in."""

import shutil
from pathlib import Path

import pytest
import release_repository
from releasing import building
from releasing.distributions import distributions, git


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pristine")
    release_repository.make(root)
    return root


@pytest.fixture
def root(pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own for each test, in which nothing is built: one test does that."""

    def build(_root: Path, folder: Path, *options: str) -> list[Path]:
        folder.mkdir()
        built = folder / f"{options[-1]}.whl"
        built.touch()
        return [built]

    def check(_files: list[Path]) -> None:
        pass

    monkeypatch.setattr(building, "build", build)
    monkeypatch.setattr(building, "check", check)
    return Path(shutil.copytree(pristine, tmp_path / "repository"))


@pytest.fixture
def released(root: Path) -> Path:
    """The same, after the first release of each package."""
    for name, distribution in distributions(root).items():
        text = "# Changes\n\n<!-- towncrier release notes start -->\n\n## First\n"
        (distribution.folder / "CHANGELOG.md").write_text(text, "utf-8")
        release_repository.commit(root, f"Release {name}")
        git(root, "tag", distribution.tag(distribution.version))
    return root

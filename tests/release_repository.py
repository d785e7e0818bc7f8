"""A small copy of the workspace in a repository of its own, to try releases in."""

import re
import shutil
import sys
from pathlib import Path

import pytest
import release
from releasing import building
from releasing.distributions import ROOT, Distribution, distributions, git

WORKSPACE = """
[project]
name = "sdax-workspace"
version = "0"
requires-python = ">=3.11"

[tool.uv]
package = false

[tool.uv.workspace]
members = ["packages/*"]

[tool.uv.sources]
"""

THIRD_PARTY = re.compile(
    r'^(?!requires).*\["(?!sdax)[\w-]+>=.*\n|^    "(?!sdax)[\w-]+>=.*\n', re.MULTILINE
)
"""Lines of a pyproject.toml that require what is not in the workspace: locking would ask an index."""


def make(root: Path) -> dict[str, Distribution]:
    """Copy what a release needs, as it is before the first one, and commit it."""
    for name, original in distributions().items():
        folder = root / "packages" / name
        shutil.copytree(original.folder / "src", folder / "src", ignore=only_the_door)
        for file in ("README.md", "LICENSE"):
            shutil.copy(original.folder / file, folder)
        configuration = (original.folder / "pyproject.toml").read_text("utf-8")
        (folder / "pyproject.toml").write_text(unreleased(name, configuration), "utf-8")
        opening = f"# Changes of {name}\n\n<!-- towncrier release notes start -->\n"
        (folder / "CHANGELOG.md").write_text(opening, "utf-8")
    sources = [f"{name} = {{ workspace = true }}" for name in distributions()]
    (root / "pyproject.toml").write_text(WORKSPACE + "\n".join(sources), "utf-8")
    (root / ".gitignore").write_text("dist/\n.venv/\n", "utf-8")
    shutil.copytree(ROOT / "tests" / "public_surface", root / "tests" / "public_surface")
    (root / "scripts" / "releasing").mkdir(parents=True)
    for file in ("releasing/build-constraints.txt", "write_changelog_pages.py"):
        shutil.copy(ROOT / "scripts" / file, root / "scripts" / file)
    (root / "docs").mkdir()
    git(root, "init", "--quiet")
    git(root, "config", "user.name", "Somebody")
    git(root, "config", "user.email", "somebody@example.org")
    building.run(root, sys.executable, "scripts/write_changelog_pages.py")
    commit(root, "Begin")
    return distributions(root)


def only_the_door(_folder: str, names: list[str]) -> list[str]:
    """What is left out of a package: all modules but the first."""
    return [
        name for name in names if name.endswith((".py", "__pycache__")) and name != "__init__.py"
    ]


def unreleased(name: str, configuration: str) -> str:
    """The configuration of a package before its first release, with siblings alone."""
    version = "0.8.0" if name == "sdax" else "0.1.0"
    configuration = re.sub(
        r'^version = ".*"', f'version = "{version}"', configuration, flags=re.MULTILINE
    )
    configuration = re.sub(r'"(sdax-\w+)>=.*"', r'"\1>=0.1,<0.2"', configuration)
    return THIRD_PARTY.sub("", configuration)


def commit(root: Path, message: str) -> None:
    """Commit all that has changed."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


def tell(distribution: Distribution, kind: str, text: str = "Something is different.") -> None:
    """Commit a changelog fragment."""
    folder = distribution.folder / "changelog.d"
    folder.mkdir(exist_ok=True)
    number = len(list(folder.iterdir()))
    (folder / f"+change-{number}.{kind}.md").write_text(f"{text}\n", "utf-8")
    commit(distribution.root, f"{distribution.name}: {kind}")


def package(root: Path, name: str) -> Distribution:
    return distributions(root)[name]


def succeed(root: Path, *arguments: str) -> None:
    assert release.main([*arguments, "--offline"], root) == 0


def refuse(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Try a release that must fail and leave everything as it is; what it says."""
    before = state(root)
    assert release.main([*arguments, "--offline"], root) == 1
    assert state(root) == before
    message = capsys.readouterr().err
    assert message.startswith(f"{arguments[0]} is not released: ")
    return message


def state(root: Path) -> list[str]:
    """Where the repository stands, what is not committed in it, and what has been built."""
    told = (("rev-parse", "HEAD"), ("tag",), ("status", "--porcelain"), ("worktree", "list"))
    return [*(git(root, *command) for command in told), str((root / "dist").exists())]

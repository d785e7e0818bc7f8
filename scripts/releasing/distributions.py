"""The distributions of the workspace: what each is called, what it requires, what it has yet to release."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("breaking", "added", "fixed", "documented")
FRAGMENT = re.compile(rf"\+[\w.-]+\.({'|'.join(KINDS)})\.md")


class ReleaseError(Exception):
    """Why something cannot be released as it is."""


@dataclass(frozen=True)
class Distribution:
    """One package of the workspace, as its files and the tags of the repository have it."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        """The folder that holds all of it."""
        return self.root / "packages" / self.name

    @property
    def package(self) -> str:
        """What Python imports."""
        return self.name.replace("-", "_")

    @cached_property
    def project(self) -> dict[str, Any]:
        """The table `project` of its pyproject.toml."""
        configuration = tomllib.loads((self.folder / "pyproject.toml").read_text("utf-8"))
        table: dict[str, Any] = configuration["project"]
        return table

    @property
    def version(self) -> Version:
        """The version that pyproject.toml has: of the last release, or of the first one to come."""
        return Version(self.project["version"])

    def requirements(self) -> Iterator[str]:
        """All that it requires, extras included, as pyproject.toml has it."""
        yield from self.project.get("dependencies", ())
        for extra in self.project.get("optional-dependencies", {}).values():
            yield from extra

    def requirements_of(self, other: str) -> Iterator[str]:
        """What it requires of a sibling."""
        for text in self.requirements():
            if Requirement(text).name == other:
                yield text

    @property
    def fragments(self) -> list[Path]:
        """What its changelog is going to say; hidden files keep an empty folder in the repository."""
        return sorted(self.folder.glob("changelog.d/[!.]*"))

    def kinds(self) -> set[str]:
        """The kinds of its fragments.

        Raises:
            ReleaseError: A file among them has no kind that the changelog knows.
        """
        found: set[str] = set()
        for fragment in self.fragments:
            match = FRAGMENT.fullmatch(fragment.name)
            if match is None:
                raise ReleaseError(
                    f"{fragment.relative_to(self.root)}: a fragment is called "
                    f"+<a word or two>.<kind>.md, its kind one of {', '.join(KINDS)}"
                )
            found.add(match[1])
        return found

    def tag(self, version: Version) -> str:
        """The tag of the commit that a version was built from."""
        return f"{self.name}-v{version}"

    def last_release(self) -> str | None:
        """The tag of the last release that this commit stands on; none before the first.

        Raises:
            ReleaseError: The changelog speaks of releases, but their tags are not here.
        """
        pattern = self.tag(Version("0")).removesuffix("0") + "*"
        newest_first = ["--merged", "HEAD", "--sort=-version:refname"]
        tags = git(self.root, "tag", *newest_first, "--list", pattern).split()
        if not tags and "\n## " in (self.folder / "CHANGELOG.md").read_text("utf-8"):
            raise ReleaseError(f"the tags of {self.name} are missing: git fetch --tags")
        return tags[0] if tags else None


def distributions(root: Path = ROOT) -> dict[str, Distribution]:
    """The distributions of a workspace by name."""
    names = sorted(path.parent.name for path in root.glob("packages/*/pyproject.toml"))
    return {name: Distribution(root, name) for name in names}


def git(root: Path, *arguments: str) -> str:
    """Run git and give what it wrote.

    Raises:
        ReleaseError: It failed.
    """
    command = ["git", "-C", str(root), *arguments]
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if finished.returncode:
        raise ReleaseError(f"{' '.join(command)}: {finished.stderr.strip()}")
    return finished.stdout.strip()

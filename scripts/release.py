"""Release one package: `uv run scripts/release.py sdax-core`, with `--dry-run` to see what would happen.

All of it is done in a copy of the last commit: the version, which follows from the kinds of the
changelog fragments, the changelog, the ranges of the siblings, the lock file, a commit, the wheel and
the source distribution. If everything holds, the repository gets the commit and its tag, and dist/ the
files. Nothing leaves this machine: the commands that publish are printed.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from packaging.version import Version
from releasing import building, sibling_ranges
from releasing.distributions import ROOT, Distribution, ReleaseError, distributions, git
from releasing.surface_changes import missing_fragment
from releasing.versions import next_version


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Release what the arguments say, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", help="the name of a folder in packages/")
    parser.add_argument("--dry-run", action="store_true", help="leave the repository as it is")
    parser.add_argument(
        "--update-ranges",
        action="store_true",
        help="let siblings require the new version where their ranges leave it out",
    )
    parser.add_argument("--offline", action="store_true", help="lock with what uv has at hand")
    options = parser.parse_args(arguments)
    try:
        release(root, options)
    except ReleaseError as error:
        print(f"{options.package} is not released: {error}", file=sys.stderr)
        return 1
    return 0


def release(root: Path, options: argparse.Namespace) -> None:
    """Do it in a copy, then in the repository."""
    if changed := git(root, "status", "--porcelain"):
        raise ReleaseError(f"there is something that is not committed:\n{changed}")
    with copy_of_last_commit(root) as copy:
        distribution = find(copy, options.package)
        version = version_to_release(distribution)
        write_release(distribution, version, options)
        files = building.build(copy, copy / "dist", "--package", distribution.name)
        building.check(files)
        print(git(copy, "show", "--stat", "--format=%s"), newest_entry(distribution), sep="\n\n")
        if options.dry_run:
            print(f"\nA dry run: {root} is as it was.")
        else:
            take_over(root, copy, distribution.tag(version), files)


@contextmanager
def copy_of_last_commit(root: Path) -> Generator[Path]:
    """A worktree: commits that are made in it are known to the repository, but nothing refers to them."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        git(root, "worktree", "add", "--quiet", "--detach", str(copy), "HEAD")
        try:
            yield copy
        finally:
            git(root, "worktree", "remove", "--force", str(copy))


def find(root: Path, name: str) -> Distribution:
    """The distribution of that name."""
    known = distributions(root)
    if name not in known:
        raise ReleaseError(f"there is no such package; there are {', '.join(known)}")
    return known[name]


def version_to_release(distribution: Distribution) -> Version:
    """The version in pyproject.toml for the first release; later, what the fragments make of it."""
    kinds, last = distribution.kinds(), distribution.last_release()
    if not kinds:
        raise ReleaseError("nothing has changed: there is no fragment in its changelog.d")
    if problem := missing_fragment(distribution):
        raise ReleaseError(problem)
    if last not in (None, distribution.tag(distribution.version)):
        raise ReleaseError(f"pyproject.toml has {distribution.version}, but the last tag is {last}")
    version = distribution.version if last is None else next_version(distribution.version, kinds)
    if git(distribution.root, "tag", "--list", distribution.tag(version)):
        raise ReleaseError(f"there is a tag {distribution.tag(version)} elsewhere in the history")
    return version


def write_release(
    distribution: Distribution, version: Version, options: argparse.Namespace
) -> None:
    """Write all that the release changes, and commit it."""
    root = distribution.root
    sibling_ranges.raise_floors(distribution)
    sibling_ranges.follow(distribution, version, update=options.update_ranges)
    uv = building.UV
    building.run(root, uv, "version", "--frozen", "--package", distribution.name, str(version))
    towncrier = [sys.executable, "-m", "towncrier", "build", "--yes", "--version", str(version)]
    building.run(root, *towncrier, "--dir", distribution.folder)
    building.run(root, sys.executable, "scripts/write_changelog_pages.py")
    building.run(root, uv, "lock", "--quiet", *(["--offline"] if options.offline else []))
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", f"Release {distribution.name} {version}")


def newest_entry(distribution: Distribution) -> str:
    """What the changelog says of the newest version."""
    text = (distribution.folder / "CHANGELOG.md").read_text("utf-8")
    return "## " + text.split("\n## ")[1].strip()


def take_over(root: Path, copy: Path, tag: str, files: list[Path]) -> None:
    """Give the repository the commit, its tag and the files, and say how to publish them."""
    git(root, "merge", "--quiet", "--ff-only", git(copy, "rev-parse", "HEAD"))
    git(root, "tag", "--annotate", "--message", tag, tag)
    (root / "dist").mkdir(exist_ok=True)
    names = [Path(shutil.copy2(file, root / "dist")).relative_to(root) for file in files]
    print(f"\n{tag} is committed, tagged and built. Once `bash .ci/run` holds, publish it:\n")
    print("    git push --follow-tags")
    print(f"    uv publish {' '.join(map(str, names))}")


if __name__ == "__main__":
    sys.exit(main())

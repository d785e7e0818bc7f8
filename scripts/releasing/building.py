"""Build distributions so that whoever builds the same commit gets the same bytes, and check what they say."""

import os
import subprocess
import sys
from pathlib import Path

from releasing.distributions import ReleaseError, git

UV = os.environ.get("UV", "uv")  # `uv run` says which uv it is
TWINE = (sys.executable, "-m", "twine")


def build(root: Path, folder: Path, *options: str) -> list[Path]:
    """Build with the options of `uv build`, from the last commit's date and the pinned build backend.

    Raises:
        ReleaseError: Something does not build.
    """
    environment = os.environ | {"SOURCE_DATE_EPOCH": git(root, "log", "-1", "--format=%ct")}
    pinned = ["--build-constraints", "scripts/releasing/build-constraints.txt", "--require-hashes"]
    run(
        root,
        UV,
        "build",
        "--quiet",
        *pinned,
        "--out-dir",
        folder,
        *options,
        environment=environment,
    )
    return sorted([*folder.glob("*.whl"), *folder.glob("*.tar.gz")])


def check(files: list[Path]) -> None:
    """Let twine check what an index will show.

    Raises:
        ReleaseError: There is something that it warns of.
    """
    run(Path.cwd(), *TWINE, "--no-color", "check", "--strict", *files)


def run(root: Path, *command: str | Path, environment: dict[str, str] | None = None) -> str:
    """Run a command in a folder, and give what it wrote.

    Raises:
        ReleaseError: It failed; the error says all that it wrote.
    """
    finished = subprocess.run(
        command,
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if finished.returncode:
        line = " ".join(map(str, command))
        raise ReleaseError(f"{line}\nends with {finished.returncode}\n{finished.stdout.strip()}")
    return finished.stdout.strip()

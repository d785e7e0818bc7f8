"""Run the tests with the oldest versions that the packages allow: `uv run scripts/check_floors.py [pytest options]`.

It resolves the workspace anew in a temporary clone of the last commit, every direct dependency at its lower
bound, on the oldest Python; the lock file of the project stays as it is. First it makes sure that the versions at
hand are the bounds themselves, and not newer ones that something else asks for. Without options it runs the tests
of the demo and of `sdax-contrib`: the two packages that have requirements of this kind.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import matrix
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from releasing.building import UV, run
from releasing.distributions import ReleaseError, distributions, git

OLDEST = matrix.SUPPORTED[0]
TESTS = ("packages/sdax/tests", "packages/sdax-contrib/tests")


def main() -> int:
    """Clone, resolve, compare, test."""
    python = matrix.find_python(OLDEST)
    if python is None:
        print(f"Python {OLDEST} was not found.")
        return 1
    own = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "sdax")
        try:
            git(matrix.ROOT, "clone", "--quiet", str(matrix.ROOT), str(clone))
            lowest = ["--resolution", "lowest-direct", "--python", str(python)]
            run(clone, UV, "sync", "--quiet", *lowest, environment=own)
            for line in compare(clone):
                print(line, flush=True)
        except ReleaseError as error:
            print(error)
            return 1
        tests = [UV, "run", "--no-sync", "pytest", "--quiet", *(sys.argv[1:] or TESTS)]
        return subprocess.run(tests, cwd=clone, env=own, check=False).returncode


def compare(clone: Path) -> Iterator[str]:
    """What is installed for each lower bound.

    Raises:
        ReleaseError: It is something newer, so that the bound would not be tested.
    """
    listed = run(clone, UV, "pip", "freeze", "--python", str(clone / ".venv"))
    pairs = (line.split("==") for line in listed.splitlines() if "==" in line)
    installed = {canonicalize_name(name): Version(version) for name, version in pairs}
    for text in sorted(
        {text for one in distributions(clone).values() for text in one.requirements()}
    ):
        requirement = Requirement(text)
        if requirement.name in distributions(clone):
            continue
        found = installed[canonicalize_name(requirement.name)]
        [floor] = requirement.specifier
        yield f"{text}: {found} is installed"
        if found != Version(floor.version):
            raise ReleaseError(f"{text}: what else is installed does not go with this version")


if __name__ == "__main__":
    sys.exit(main())

"""Run the tests with the oldest versions that the packages allow: `uv run scripts/check_floors.py [pytest options]`.

It resolves the workspace anew in a temporary clone of the last commit, every direct dependency at its lower
bound, on the oldest Python; the lock file of the project stays as it is. Without options it runs the tests of
`sdax-contrib`, whose integrations are what the bounds are about.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matrix

OLDEST = matrix.SUPPORTED[0]


def main() -> int:
    """Clone, resolve, test."""
    python = matrix.find_python(OLDEST)
    if python is None:
        print(f"Python {OLDEST} was not found.")
        return 1
    options = sys.argv[1:] or ["packages/sdax-contrib/tests"]
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "sdax")
        subprocess.run(["git", "clone", "--quiet", matrix.ROOT, clone], check=True)
        lowest = ["--resolution", "lowest-direct", "--python", str(python)]
        command = [matrix.UV, "run", "--quiet", *lowest, "pytest", "--quiet", *options]
        own = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        return subprocess.run(command, cwd=clone, env=own, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

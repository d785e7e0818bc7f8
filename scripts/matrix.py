"""Run the tests on every supported Python that is present: `uv run scripts/matrix.py [pytest options]`.

Each Python has an environment of its own, `.venv-3.X`; as many run at once as there are processors.
`--skip 3.X` leaves one out. It fails if the tests fail anywhere, or if there is no Python to run
them on.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = tuple(f"3.{minor}" for minor in range(11, 16))
UV = os.environ.get("UV", "uv")  # `uv run` says which uv it is


def find_python(version: str) -> Path | None:
    """The interpreter that uv finds (PATH, its own, the registry), else the one pyenv installed last."""
    command = [UV, "python", "find", "--system", "--no-project", "--no-python-downloads", version]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return Path(found.stdout.strip())
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [*pyenv.glob(f"versions/{version}[.-]*/bin/python")]
    return max(candidates, key=lambda path: path.stat().st_mtime, default=None)


def passes(version: str, python: Path, pytest_options: list[str]) -> bool:
    """Whether the tests pass on this Python; what they print comes when they have ended."""
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": f".venv-{version}"}
    command = [UV, "run", "--quiet", "--locked", "--python", str(python), "pytest", *pytest_options]
    finished = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(f"\n--- Python {version}: {python}\n{finished.stdout}", flush=True)
    return finished.returncode == 0


def main() -> int:
    """Run the tests everywhere and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip", action="append", default=[], choices=SUPPORTED)
    arguments, pytest_options = parser.parse_known_args()

    pythons = {version: find_python(version) for version in SUPPORTED}
    present = {version: python for version, python in pythons.items() if python is not None}
    if not present:
        print(f"No Python of {', '.join(SUPPORTED)} was found.")
        return 1
    wanted = {key: python for key, python in present.items() if key not in arguments.skip}
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        started = {
            version: pool.submit(passes, version, python, pytest_options)
            for version, python in wanted.items()
        }
        results = {version: future.result() for version, future in started.items()}
    print()
    for version in SUPPORTED:
        state = "not present" if version not in present else "skipped"
        if version in results:
            state = "passed" if results[version] else "FAILED"
        print(f"Python {version}: {state}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

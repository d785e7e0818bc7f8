"""Check the types with pyright and mypy, both strict: `uv run scripts/check_types.py`.

Source and tests, as the oldest and as the newest Python read them, and the completeness of what
each package shows to its users.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = "3.11", "3.14"
PACKAGES = ("sdax", "sdax_contrib", "sdax_core", "sdax_helpers", "sdax_levels")
OTHERS = ("tests", "docs_src", "examples", "benchmarks", "scripts")


def python_folders() -> Iterator[list[Path]]:
    """Folders to check together: in one group, no two files may have the same module name."""
    yield sorted(ROOT.glob("packages/*/src"))
    for folder in [*sorted(ROOT.glob("packages/*/tests")), *(ROOT / name for name in OTHERS)]:
        if any(folder.rglob("*.py")):
            yield [folder]


def pyright(*options: str) -> subprocess.CompletedProcess[str]:
    """Run pyright against the environment that runs this script."""
    # It looks for an interpreter on the path: `--verifytypes` does not heed `--pythonpath`.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-m", "pyright", *options]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )


def pyright_holds(version: str) -> bool:
    """Whether pyright finds nothing in all of the folders."""
    folders = [str(folder) for group in python_folders() for folder in group]
    finished = pyright("--pythonversion", version, *folders)
    print(f"pyright, Python {version}: {finished.stdout.strip()}", flush=True)
    return finished.returncode == 0


def mypy_holds(version: str) -> bool:
    """Whether mypy finds nothing in any group of folders."""
    held = True
    for group in python_folders():
        names = [str(folder.relative_to(ROOT)) for folder in group]
        print(f"mypy, Python {version}, {' '.join(names)}: ", end="", flush=True)
        is_package = (group[0] / "__init__.py").exists()  # then its modules are named with it
        search = str(ROOT) if is_package else os.pathsep.join(names)
        options = ["--explicit-package-bases"] if is_package else []
        environment = os.environ | {"MYPYPATH": search}
        command = [sys.executable, "-m", "mypy", "--python-version", version, *options, *names]
        held &= subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
    return held


def completeness_holds(package: str) -> bool:
    """Whether the type of every name that the package shows is known."""
    finished = pyright("--verifytypes", package, "--ignoreexternal", "--outputjson")
    report = json.loads(finished.stdout)
    shown = report["typeCompleteness"]["exportedSymbolCounts"]
    unknown = shown["withUnknownType"] + shown["withAmbiguousType"]
    print(
        f"pyright --verifytypes {package}: {shown['withKnownType']} known, {unknown} not",
        flush=True,
    )
    problems = [problem["message"] for problem in report["generalDiagnostics"]]
    for symbol in report["typeCompleteness"]["symbols"]:
        if symbol["isExported"] and not symbol["isTypeKnown"]:
            reasons = "; ".join(problem["message"] for problem in symbol["diagnostics"])
            problems.append(f"{symbol['name']}: {reasons}")
    for problem in problems:
        print(f"  {problem}")
    return not unknown and not problems


def main() -> int:
    """Run all of them, whatever the first ones say."""
    held = [check(version) for version in (OLDEST, NEWEST) for check in (pyright_holds, mypy_holds)]
    held += [completeness_holds(package) for package in PACKAGES]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Build all packages twice, and install them in every way: `uv run scripts/check_packages.py`.

It takes the last commit. Two clones of it, in different places and under different conditions, must give the same
bytes; the wheels of one are made from its source distributions, those of the other from the files of the
repository. Then each package is installed alone, all are together, and `sdax[all]` is, on every supported Python at
hand: each in an empty environment, in which the example of its README must print what it says. At last every package
that has something to release is released, in one of the clones.
"""

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZipFile

import matrix
from releasing import building, installation
from releasing.distributions import ROOT, ReleaseError, distributions, git
from releasing.installation import Installation
from releasing.rehearsal import rehearse

SIZE_LIMIT_OF_CORE = 105_000  # bytes; without any docstring and comment it would still be 65,000


def main() -> int:
    """Build, look at it, install it."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            clones = Path(folder, "here"), Path(folder, "some", "where", "else")
            for clone in clones:
                git(ROOT, "clone", "--quiet", str(ROOT), str(clone))
            files = build_twice(*clones)
            print(f"{len(files)} files, each built twice, are the same to the byte", flush=True)
            building.check(files)
            check_contents(clones[0], files)
            install_everywhere(Path(folder), files[0].parent)
            print(f"rehearsed the release of {rehearse(clones[1])}")
    except ReleaseError as error:
        print(error)
        return 1
    return 0


def build_twice(first: Path, second: Path) -> list[Path]:
    """Build all packages in two clones; give the files of the first one.

    Raises:
        ReleaseError: They differ.
    """
    built = building.build(first, first / "dist", "--all-packages")
    before = os.umask(0o077)
    try:
        direct = ["--all-packages", "--sdist", "--wheel"]  # named, neither is made from the other
        again = building.build(second, second / "dist", *direct)
    finally:
        os.umask(before)
    if [file.name for file in built] != [file.name for file in again]:
        raise ReleaseError(f"built first: {built}\nbuilt again: {again}")
    for one, other in zip(built, again, strict=True):
        if one.read_bytes() != other.read_bytes():
            raise ReleaseError(f"{one.name} is not the same when it is built again")
    return built


def check_contents(root: Path, files: list[Path]) -> None:
    """Each wheel holds its package, complete, with its licence, and nothing else.

    Raises:
        ReleaseError: It does not, or the wheel of core is not small any more.
    """
    for distribution in distributions(root).values():
        base = f"{distribution.package}-{distribution.version}"
        [wheel] = [file for file in files if file.name.startswith(base) and file.suffix == ".whl"]
        with ZipFile(wheel) as archive:
            packed = set(archive.namelist())
        wanted = set(git(distribution.folder / "src", "ls-files").splitlines())
        wanted |= {f"{distribution.package}/py.typed", f"{base}.dist-info/licenses/LICENSE"}
        others = {file for file in packed - wanted if not file.startswith(f"{base}.dist-info/")}
        if wrong := (wanted - packed) | others:
            raise ReleaseError(f"{wheel.name} lacks, or should not have: {sorted(wrong)}")
        size = wheel.stat().st_size
        print(f"{wheel.name}: {size} bytes", flush=True)
        if distribution.name == "sdax-core" and size > SIZE_LIMIT_OF_CORE:
            raise ReleaseError(f"it must not have more than {SIZE_LIMIT_OF_CORE}")


def install_everywhere(folder: Path, wheels: Path) -> None:
    """Install every combination on every Python.

    Raises:
        ReleaseError: One does not install or run, or brings something else than it requires.
    """
    pythons = {version: matrix.find_python(version) for version in matrix.SUPPORTED}
    combinations = [*([name] for name in distributions()), list(distributions()), ["sdax[all]"]]
    installations = {
        f"Python {version}: {' '.join(names)}": Installation(
            folder / f"{version}-{number}", python, names, wheels
        )
        for version, python in pythons.items()
        if python is not None
        for number, names in enumerate(combinations)
    }
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        brought = pool.map(installation.check, installations.values())
        for title, found in zip(installations, brought, strict=True):
            print(f"{title} brings {found}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""The wheels are small and complete, and they install alone and together."""

import os
import subprocess
import sys
import tomllib
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent
UV = os.environ.get("UV", "uv")  # `uv run` says which uv it is
SIZE_LIMIT_OF_CORE = 100_000  # bytes; without any docstring and comment it would still be 65,000

RUN_A_GRAPH = """
import asyncio
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

async def greet(ctx):
    print("hello from", ctx)

builder = AsyncDagTaskProcessor.builder()
builder.add_task(AsyncTask("greet", execute=TaskFunction(greet)))
asyncio.run(builder.build().process_tasks("core"))
"""

IMPORT_ALL_OF_CONTRIB = """
import importlib, pkgutil, sdax_contrib
for found in sorted(name for _, name, _ in pkgutil.iter_modules(sdax_contrib.__path__)):
    if not found.startswith("_"):
        try:
            importlib.import_module(f"sdax_contrib.{found}")
        except ImportError as error:
            print(f"{found}: {error}")
"""

DISTRIBUTIONS = ("sdax", "sdax-contrib", "sdax-core", "sdax-helpers", "sdax-levels")


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of each distribution, built from its source distribution as a release is."""
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--quiet", "--all-packages", "--out-dir", folder, cwd=ROOT)
    return {wheel.name.split("-")[0].replace("_", "-"): wheel for wheel in folder.glob("*.whl")}


def test_every_package_of_the_workspace_builds_a_wheel(wheels: dict[str, Path]) -> None:
    assert sorted(wheels) == sorted(DISTRIBUTIONS)


def test_the_wheel_of_core_is_small(wheels: dict[str, Path]) -> None:
    assert wheels["sdax-core"].stat().st_size < SIZE_LIMIT_OF_CORE


def test_core_depends_on_nothing(wheels: dict[str, Path]) -> None:
    assert metadata(wheels["sdax-core"]).get_all("Requires-Dist") is None


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_wheel_holds_its_package_the_type_marker_and_the_licence(
    distribution: str, wheels: dict[str, Path]
) -> None:
    package = distribution.replace("-", "_")
    with ZipFile(wheels[distribution]) as archive:
        names = archive.namelist()
        [licence] = [name for name in names if name.endswith("/licenses/LICENSE")]
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert {name.split("/")[0].split("-")[0] for name in names} == {package}
    source = ROOT / "packages" / distribution / "src"
    sources = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    assert sources | {f"{package}/py.typed"} <= set(names)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_siblings_are_required_by_a_range_that_holds_their_version(distribution: str) -> None:
    requirements: list[str] = project(distribution)["dependencies"]
    for requirement in requirements:
        sibling, _, floor = requirement.partition(">=")
        assert sibling in DISTRIBUTIONS
        major, minor, _ = version(sibling).split(".")
        assert floor == f"{major}.{minor},<{major}.{int(minor) + 1}"


def test_core_installs_and_runs_alone_in_an_empty_environment(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    python = environment(tmp_path / "alone")
    install(python, wheels["sdax-core"])
    assert installed(python) == {"sdax-core"}
    assert run(python, "-I", "-c", RUN_A_GRAPH) == "hello from core"


def test_contrib_without_any_extra_says_what_to_install_and_the_rest_of_it_works(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    python = environment(tmp_path / "contrib")
    install(python, "sdax-contrib", "--find-links", wheels["sdax-contrib"].parent)
    assert installed(python) == set(DISTRIBUTIONS) - {"sdax"}
    refused = dict(
        line.split(": ", 1) for line in run(python, "-I", "-c", IMPORT_ALL_OF_CONTRIB).splitlines()
    )
    extras = set(project("sdax-contrib")["optional-dependencies"]) - {"all"}
    assert set(refused) == extras
    for module, message in refused.items():
        assert f"pip install 'sdax-contrib[{module}]'" in message


def test_all_wheels_install_and_import_together(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = environment(tmp_path / "together")
    install(python, *wheels.values())
    assert installed(python) == set(DISTRIBUTIONS)
    run(UV, "pip", "check", "--python", python)
    for name in DISTRIBUTIONS:
        code = f"import {name.replace('-', '_')} as package; print(package.__version__)"
        assert run(python, "-I", "-c", code) == version(name)


def test_sdax_alone_brings_what_it_needs(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = environment(tmp_path / "sdax")
    install(python, "sdax", "--find-links", wheels["sdax"].parent)
    assert installed(python) == {"sdax", "sdax-core", "sdax-helpers", "sdax-levels"}


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command and give what it wrote; show all of it when it fails."""
    finished = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=110
    )
    assert finished.returncode == 0, f"{command}\n{finished.stdout}{finished.stderr}"
    return finished.stdout.strip()


def environment(folder: Path) -> Path:
    """Make an empty virtual environment and give its interpreter."""
    run(UV, "venv", "--quiet", "--no-project", "--python", sys.executable, folder)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(python: Path, *requirements: str | Path) -> None:
    """Install from what is named and from nowhere else: no index is asked."""
    run(UV, "pip", "install", "--quiet", "--no-index", "--python", python, *requirements)


def installed(python: Path) -> set[str]:
    listed = run(UV, "pip", "list", "--python", python, "--format", "freeze")
    return {line.partition("==")[0] for line in listed.splitlines()}


def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def project(distribution: str) -> dict[str, Any]:
    path = ROOT / "packages" / distribution / "pyproject.toml"
    table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))["project"]
    return table


def version(distribution: str) -> str:
    text: str = project(distribution)["version"]
    return text

"""Imports point down only, the graph half of core knows no event loop, and doors are used as doors."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "packages" / "sdax-core" / "src" / "sdax_core"

PACKAGES = ("sdax", "sdax_contrib", "sdax_core", "sdax_helpers", "sdax_levels")
WITHOUT_DEPENDENCIES = ("sdax_core", "sdax_helpers", "sdax_levels")

# The modules of core that may know asyncio. All others belong to the graph half, which may not.
RUN_HALF = {
    "_attempt",
    "_binding",
    "_body",
    "_builder",
    "_burst_pump",
    "_cancellation",
    "_held",
    "_function_wrappers",
    "_lane",
    "_lane_task",
    "_observation",
    "_observed_walk",
    "_open_lanes",
    "_owner_task",
    "_parent_scope",
    "_processor",
    "_pump",
    "_reported_attempt",
    "_reported_function",
    "_reporting",
    "_retrying",
    "_run",
    "_run_handle",
    "_runner",
    "_timer",
    "_waiting",
    "_walk",
}


def test_every_contract_between_the_modules_is_kept() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    finished = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_every_module_of_core_belongs_to_one_half() -> None:
    modules = {path.stem for path in CORE.glob("*.py")} - {"__init__"}
    assert modules - graph_half() == RUN_HALF


@pytest.mark.parametrize("package", WITHOUT_DEPENDENCIES)
def test_a_package_without_dependencies_imports_only_the_standard_library(package: str) -> None:
    graph = grimp.build_graph(
        package,
        include_external_packages=True,
        exclude_type_checking_imports=True,
        cache_dir=None,
    )
    others = {name for name in graph.modules if name.partition(".")[0] != package}
    assert others <= sys.stdlib_module_names | set(PACKAGES)


def test_underscored_modules_are_imported_only_by_their_own_package() -> None:
    strays = [
        f"{path.relative_to(ROOT)}: {module}"
        for path in python_files()
        for module in imported_modules(path)
        if is_private(module) and module.partition(".")[0] != owner(path)
    ]
    assert strays == []


def graph_half() -> set[str]:
    """The modules that the contract in pyproject.toml keeps away from asyncio."""
    configuration: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts: list[dict[str, Any]] = configuration["tool"]["importlinter"]["contracts"]
    [contract] = [contract for contract in contracts if contract["type"] == "forbidden"]
    return {name.removeprefix("sdax_core.") for name in contract["source_modules"]}


def python_files() -> Iterator[Path]:
    for folder in ("packages", "tests", "docs_src", "examples", "benchmarks", "scripts"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def owner(path: Path) -> str | None:
    """The package that the file is the source or a test of: `packages/<name>/...`."""
    parts = path.relative_to(ROOT).parts
    return parts[1].replace("-", "_") if parts[0] == "packages" else None


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def is_private(module: str) -> bool:
    package, *inside = module.split(".")
    return package in PACKAGES and any(
        name.startswith("_") and not name.startswith("__") for name in inside
    )

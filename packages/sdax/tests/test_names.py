"""One name for everything: what `sdax` shows, and where users of sdax 0.7 find it."""

import importlib
import importlib.metadata
import json
import subprocess
import sys
from types import ModuleType

import pytest
import sdax
import sdax_core
import sdax_helpers
import sdax_levels

# What core shows to packages that are built on it, and to nobody else.
FOR_PACKAGES = {"Held", "K", "OwnerTask", "ParentScope", "StringKeysByDefault", "T"}

# Every name that these modules of sdax 0.7 defined or passed on, except two parts of its engine that
# had no underscore (Phase, PhaseContext).
NAMES_OF_0_7 = {
    "sdax": """
        AsyncDagLevelAdapterBuilder AsyncDagTaskProcessor AsyncDagTaskProcessorBuilder AsyncTask
        AsyncTaskProcessor RetryableException SdaxExecutionError SdaxTaskGroup TaskFunction
        flatten_exceptions join task task_func task_group_func task_group_task task_sync_func
    """,
    "sdax.sdax_core": """
        AsyncDagLevelAdapterBuilder AsyncDagTaskProcessor AsyncDagTaskProcessorBuilder
        AsyncPhaseRunner AsyncTask AsyncTaskProcessor AsyncTaskProcessorBuilder ExecutionWave K
        LevelKey PhaseId SdaxExecutionError SdaxTaskGroup T TaskAnalysis TaskAnalyzer TaskFunction
        flatten_exceptions join
    """,
    "sdax.tasks": """
        AsyncTask K RetryableException SdaxTaskGroup T TaskFunction join task task_func
        task_group_func task_group_task task_sync_func
    """,
    "sdax.sdax_task_analyser": """
        AsyncTask ExecutionGraph ExecutionWave K T TaskAnalysis TaskAnalyzer
    """,
}


@pytest.mark.parametrize(
    "package", [sdax_core, sdax_levels, sdax_helpers], ids=lambda p: p.__name__
)
def test_every_public_name_of_the_packages_below_is_shown(package: ModuleType) -> None:
    names: set[str] = set(package.__all__) - FOR_PACKAGES - {"__version__"}

    assert names <= set(sdax.__all__)
    assert {name for name in names if getattr(sdax, name) is not getattr(package, name)} == set()


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in NAMES_OF_0_7.items() for name in names.split()],
)
def test_a_name_of_sdax_0_7_is_where_it_was_and_is_the_same_thing(module: str, name: str) -> None:
    found = getattr(importlib.import_module(module), name)

    assert found is (getattr(sdax_core, name) if name in FOR_PACKAGES else getattr(sdax, name))


def test_the_version_is_the_installed_one_however_it_is_asked_for() -> None:
    from sdax import __version__

    shown: dict[str, object] = {}
    exec("from sdax import *", shown)

    installed = importlib.metadata.version("sdax")
    assert (sdax.__version__, __version__, shown["__version__"]) == (installed,) * 3


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'sdax' has no attribute 'AsyncTaks'$"):
        _ = sdax.AsyncTaks  # type: ignore[attr-defined]


def test_importing_sdax_imports_nothing_that_must_be_installed_and_nothing_slow() -> None:
    program = "import json, sys, sdax; print(json.dumps(sorted(sys.modules)))"
    clean = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, timeout=60
    )
    loaded = set(json.loads(clean.stdout))

    others = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert {name for name in others if name.startswith("sdax")} == {
        "sdax",
        "sdax_core",
        "sdax_helpers",
        "sdax_levels",
    }
    for name in (
        "httpx2",
        "aiosqlite",
        "sqlite3",
        "importlib.metadata",
        "argparse",
        "typing_extensions",
    ):
        assert name not in loaded, name

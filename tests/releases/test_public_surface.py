"""What the packages show to their users is what `__all__` says, and changes only on purpose."""

import importlib.metadata
from types import ModuleType

import pytest
from releasing.distributions import ROOT, distributions
from releasing.surface_changes import missing_fragment
from update_public_surface import PACKAGES, SNAPSHOTS, public_modules, snapshot

MODULES = [module for package in PACKAGES for module in public_modules(package)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_all_lists_exactly_the_public_names(module: ModuleType) -> None:
    for name in module.__all__:
        getattr(module, name)  # Some are there only once they have been asked for.
    shown = {
        name
        for name, value in vars(module).items()
        # TYPE_CHECKING is the one name that a module may import for its own use.
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and name != "TYPE_CHECKING"
    }
    assert set(module.__all__) - {"__version__"} == shown
    assert len(set(module.__all__)) == len(module.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_the_public_surface_is_that_of_the_snapshot(package: str) -> None:
    written = (SNAPSHOTS / f"{package}.txt").read_text("utf-8")
    assert snapshot(package) == written, "if meant, run scripts/update_public_surface.py"


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="the last release is found by git")
@pytest.mark.parametrize("name", distributions())
def test_what_has_changed_since_the_last_release_has_its_changelog_fragment(name: str) -> None:
    assert missing_fragment(distributions()[name]) is None


@pytest.mark.parametrize("package", PACKAGES)
def test_the_version_is_that_of_the_installed_distribution(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__version__ == importlib.metadata.version(package.replace("_", "-"))
    assert "__version__" in module.__all__

"""The door of sdax-contrib stays cheap: it imports nothing until something is asked for."""

import importlib.metadata
import subprocess
import sys

import pytest
import sdax_contrib

NEW_MODULES = """
import sys, typing
before = set(sys.modules)
import sdax_contrib
print(*sorted(set(sys.modules) - before))
"""


def test_importing_the_package_imports_nothing_else() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", NEW_MODULES], capture_output=True, text=True, check=True, timeout=60
    )
    assert finished.stdout.split() == ["sdax_contrib"]


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert sdax_contrib.__version__ == importlib.metadata.version("sdax-contrib")


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'sdax_contrib' has no attribute 'nonsense'"):
        getattr(sdax_contrib, "nonsense")  # noqa: B009

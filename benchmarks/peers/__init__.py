"""Other libraries doing the same work, each at its best settings.

They are not installed where the types of this project are checked, so what they provide is `Any`
there: `library` imports them.
"""

from importlib import import_module
from typing import Any


def library(name: str) -> Any:
    """The module of that name."""
    return import_module(name)

"""Retry policies and integrations for sdax.

This release holds the frame only: there is nothing to import from it yet. Importing the package
imports nothing else. Every integration will be a module of its own and an extra named after the
library that it needs.
"""

from typing import TYPE_CHECKING

__all__ = ["__version__"]

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        # Read when it is asked for, because importlib.metadata is slow to import.
        if name == "__version__":
            from importlib.metadata import version

            return version("sdax-contrib")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Levels on top of the graph.

All tasks of a level run in parallel, level after level, like an elevator that goes up and comes
down again: cleanup goes level by level in reverse.

- `_level_key`: the keys of a level's entry and exit.
- `_builder`: what every builder with levels can do.
- `_adapter`: the builder that makes a graph of the levels.
- `_processor`: what it builds, and the door to all builders.
"""

from typing import TYPE_CHECKING

from sdax_levels._adapter import AsyncDagLevelAdapterBuilder
from sdax_levels._builder import AsyncTaskProcessorBuilder
from sdax_levels._level_key import LevelKey
from sdax_levels._processor import AsyncTaskProcessor

__all__ = [  # noqa: RUF022 - grouped by concept
    # Processors
    "AsyncTaskProcessor",
    # Builders
    "AsyncDagLevelAdapterBuilder",
    "AsyncTaskProcessorBuilder",
    # Keys
    "LevelKey",
    # The installed version
    "__version__",
]

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        # Read when it is asked for, because importlib.metadata is slow to import.
        if name == "__version__":
            from importlib.metadata import version

            return version("sdax-levels")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

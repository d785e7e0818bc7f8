"""The quick start, whose functions later blocks use without repeating them."""

from types import SimpleNamespace
from typing import Any

import pytest
from readme_blocks import read_block


class DatabaseConnection:
    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


async def create_database_connection() -> DatabaseConnection:
    return DatabaseConnection()


@pytest.fixture
def quick_start() -> SimpleNamespace:
    """All names of the block of the quick start."""
    return read_block("readme_0_7/05_quick_start_graph").run(
        Any=Any, create_database_connection=create_database_connection
    )

"""The keys of the two nodes that every level has around its tasks."""

from __future__ import annotations

from typing import Literal, TypeAlias

_Entry: TypeAlias = tuple[int, Literal["below"]]
_Exit: TypeAlias = tuple[int, Literal["above"]]

LevelKey: TypeAlias = _Entry | _Exit | str
"""A key in a graph of levels: the entry `(level, "below")`, the exit `(level, "above")`, or the
name of a task."""


def entry_of(level: int) -> _Entry:
    """Give the key of the node that every task of `level` waits for."""
    return (level, "below")


def exit_of(level: int) -> _Exit:
    """Give the key of the node that waits for every task of `level`."""
    return (level, "above")


def is_reserved(key: object) -> bool:
    """Say whether `key` is, or is equal to, the entry or the exit of some level.

    `(1.0, "below")` is equal to `(1, "below")`, so that it would be the same key in a graph.
    """
    match key:
        case (int() | float(), "below" | "above"):
            return True
        case _:
            return False

"""How much may go wrong in a random graph, and what of sdax it uses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wildness:
    """How much may go wrong, and what else is used; chances in per cent.

    They are per function; those of `after`, `optional` and `whens` per edge or task.
    """

    fails: int = 0
    stubborn: int = 0
    interrupts: int = 0
    strays: int = 0
    cancels_run: int = 0
    options: bool = False
    timeouts: bool = False
    after: int = 0
    optional: int = 0
    whens: int = 0
    policies: int = 0
    interceptors: int = 0
    fails_run: int = 0


CALM = Wildness(after=10, optional=5, whens=5)
"""Nothing fails: every start time follows from the graph alone."""
WILD = Wildness(
    fails=9,
    stubborn=25,
    interrupts=1,
    strays=2,
    cancels_run=1,
    options=True,
    timeouts=True,
    after=10,
    optional=10,
    whens=5,
    policies=5,
    interceptors=3,
    fails_run=1,
)
"""Anything may happen."""
HARDY = Wildness(
    stubborn=20, options=True, timeouts=True, after=10, optional=10, policies=5, interceptors=3
)
"""Little fails by itself, so that a cancel is the first thing that goes wrong."""
RICH = Wildness(
    fails=14,
    stubborn=10,
    interrupts=1,
    strays=1,
    cancels_run=1,
    options=True,
    timeouts=True,
    after=35,
    optional=45,
    whens=25,
    policies=25,
    interceptors=20,
    fails_run=3,
)
"""All that tasks and runs can be told is used, and much fails."""

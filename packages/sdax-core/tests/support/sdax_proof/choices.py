"""Where a random graph's decisions come from: a seed, or hypothesis (which can then shrink it)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar

from hypothesis import strategies

Option = TypeVar("Option")


class Choices(Protocol):
    """A source of decisions; the simplest answer always comes first."""

    def integer(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        ...

    def one_of(self, options: Sequence[Option]) -> Option:
        """One of the options."""
        ...

    def chance(self, percent: int) -> bool:
        """True in that many of a hundred cases."""
        ...


class SeededChoices:
    """Decisions that a seed fixes."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return self._random.randint(low, high)

    def one_of(self, options: Sequence[Option]) -> Option:
        """One of the options."""
        return self._random.choice(options)

    def chance(self, percent: int) -> bool:
        """True in that many of a hundred cases."""
        return self._random.random() * 100 < percent


class DrawnChoices:
    """Decisions that hypothesis draws."""

    def __init__(self, draw: strategies.DrawFn) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return self._draw(strategies.integers(low, high))

    def one_of(self, options: Sequence[Option]) -> Option:
        """One of the options."""
        return self._draw(strategies.sampled_from(options))

    def chance(self, percent: int) -> bool:
        """True in roughly that many of a hundred cases."""
        return self._draw(strategies.integers(0, 99)) >= 100 - percent

"""Backoffs: how long to wait before the next attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, get_args, runtime_checkable

from sdax_contrib._retry_setting_checks import (
    check_at_least,
    check_choice,
    check_maximum,
    check_seconds,
    check_share,
)

if TYPE_CHECKING:
    from random import Random

Jitter: TypeAlias = Literal["none", "equal", "full", "proportional"]
"""How a delay is spread, so that callers that failed together do not come back together."""


@runtime_checkable
class Backoff(Protocol):
    """A value that says how long to wait; anything with this method is one."""

    def seconds(self, attempt: int, previous_delay: float | None, rng: Random, /) -> float:
        """Give the seconds to wait, 0 or more.

        Args:
            attempt: The attempt that failed; the first is 1.
            previous_delay: Seconds that were waited before that attempt; `None` for the first one.
            rng: Where to take random numbers from.
        """
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """The same delay each time.

    Args:
        delay: Seconds to wait.

    Raises:
        ValueError: `delay` is negative, NaN or infinite.
        TypeError: `delay` is no number.
    """

    delay: float

    def __post_init__(self) -> None:
        check_seconds("delay", self.delay)

    def seconds(self, attempt: int, previous_delay: float | None, rng: Random, /) -> float:
        """Give `delay`."""
        return self.delay


@dataclass(frozen=True, slots=True)
class Exponential:
    """A delay that grows by a factor, up to a maximum, and is then spread by jitter.

    Before retry *k*, counted from 0, the delay *d* is `min(maximum, initial * factor**k)`. Of that the
    jitter makes a random number, and never one above `maximum`:

    - `"none"`: *d* itself.
    - `"equal"`: from *d* / 2 to *d*.
    - `"full"`: from 0 to *d*. It spreads the most, so it is the default.
    - `"proportional"`: from *d* (1 - `proportion`) to *d* (1 + `proportion`).

    Args:
        initial: Seconds before the first retry, before jitter.
        factor: By what the delay grows, 1 or more.
        maximum: Bound of the delay, in seconds.
        jitter: How the delay is spread.
        proportion: The width of the proportional jitter, from 0 to 1. The others take no notice of it.

    Raises:
        ValueError: A number is out of its range, `maximum` is below `initial`, or there is no such jitter.
        TypeError: A setting that should be a number is none.
    """

    initial: float = 0.1
    factor: float = 2.0
    maximum: float = 30.0
    jitter: Jitter = "full"
    proportion: float = 0.2

    def __post_init__(self) -> None:
        check_seconds("initial", self.initial)
        check_at_least("factor", self.factor, 1)
        check_seconds("maximum", self.maximum)
        check_maximum(self.initial, self.maximum)
        check_choice("jitter", self.jitter, get_args(Jitter))
        check_share("proportion", self.proportion)

    def seconds(self, attempt: int, previous_delay: float | None, rng: Random, /) -> float:
        """Give the delay after `attempt`, finite whatever that is."""
        try:
            delay = min(self.maximum, self.initial * float(self.factor) ** (attempt - 1))
        except OverflowError:
            delay = self.maximum if self.initial else 0.0
        if self.jitter == "none":
            return delay
        lowest, highest = self._range(delay)
        # Bounded before the draw: a bound after it would let many callers wait for exactly `maximum`.
        return _draw(rng, lowest, min(highest, self.maximum))

    def _range(self, delay: float) -> tuple[float, float]:
        if self.jitter == "full":
            return 0.0, delay
        if self.jitter == "equal":
            return delay / 2, delay
        return delay * (1 - self.proportion), delay * (1 + self.proportion)


@dataclass(frozen=True, slots=True)
class Decorrelated:
    """A random delay whose range depends on the delay before it, not on the number of the attempt.

    `min(maximum, uniform(initial, 3 * previous))`, where `previous` is the delay before; for the first
    retry, `initial`. Callers that failed together drift apart faster than with a common exponent.

    Args:
        initial: The shortest delay, in seconds.
        maximum: The longest.

    Raises:
        ValueError: A number is out of its range, or `maximum` is below `initial`.
        TypeError: A setting is no number.
    """

    initial: float = 0.1
    maximum: float = 30.0

    def __post_init__(self) -> None:
        check_seconds("initial", self.initial)
        check_seconds("maximum", self.maximum)
        check_maximum(self.initial, self.maximum)

    def seconds(self, attempt: int, previous_delay: float | None, rng: Random, /) -> float:
        """Give the delay that follows on `previous_delay`."""
        # The delay before may have been another one than this backoff's, such as a Retry-After of 0.
        previous = self.initial if previous_delay is None else previous_delay
        return min(self.maximum, _draw(rng, self.initial, max(self.initial, 3 * previous)))


def _draw(rng: Random, lowest: float, highest: float) -> float:
    # `uniform` may give a bit more than its upper bound, because it rounds.
    return min(rng.uniform(lowest, highest), highest)

"""Backoffs: every delay is within its bounds, and grows as the formula says."""

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdax_contrib.retry import Backoff, Constant, Decorrelated, Exponential, Jitter

SECONDS = st.floats(min_value=0, max_value=1e9)
JITTERS: list[Jitter] = ["none", "equal", "full", "proportional"]
ATTEMPTS = st.one_of(st.integers(1, 40), st.integers(1, 10**9))


class Highest(random.Random):
    def random(self) -> float:
        return math.nextafter(1.0, 0.0)


class Lowest(random.Random):
    def random(self) -> float:
        return 0.0


@given(
    bounds=st.tuples(SECONDS, SECONDS).map(sorted),
    factor=st.floats(min_value=1, max_value=1e6),
    jitter=st.sampled_from(JITTERS),
    proportion=st.floats(min_value=0, max_value=1),
    attempt=ATTEMPTS,
    seed=st.integers(),
)
def test_an_exponential_delay_is_within_the_bounds_of_its_jitter(
    bounds: list[float],
    factor: float,
    jitter: Jitter,
    proportion: float,
    attempt: int,
    seed: int,
) -> None:
    initial, maximum = bounds
    backoff = Exponential(initial, factor, maximum, jitter, proportion)
    whole = Exponential(initial, factor, maximum, "none").seconds(attempt, None, random.Random())
    lowest = {"none": 1.0, "equal": 0.5, "full": 0.0, "proportional": 1 - proportion}[jitter]
    highest = 1 + proportion if jitter == "proportional" else 1.0

    delay = backoff.seconds(attempt, None, random.Random(seed))

    assert whole * lowest <= delay <= min(maximum, whole * highest)
    assert initial <= whole <= maximum


@given(
    bounds=st.tuples(SECONDS, SECONDS).map(sorted),
    seed=st.integers(),
    first=st.one_of(st.none(), SECONDS),
)
def test_decorrelated_delays_stay_between_initial_and_three_times_the_one_before(
    bounds: list[float], seed: int, first: float | None
) -> None:
    initial, maximum = bounds
    backoff, rng, previous = Decorrelated(initial, maximum), random.Random(seed), first
    for attempt in range(1, 20):
        delay = backoff.seconds(attempt, previous, rng)
        longest = max(initial, 3 * (initial if previous is None else previous))
        assert initial <= delay <= min(maximum, longest)
        previous = delay


@pytest.mark.parametrize(
    ("backoff", "lowest", "highest"),
    [
        (Exponential(1, 2, 100, "none"), [1, 2, 4, 8], [1, 2, 4, 8]),
        (Exponential(1, 2, 100, "equal"), [0.5, 1, 2, 4], [1, 2, 4, 8]),
        (Exponential(1, 2, 100, "full"), [0, 0, 0, 0], [1, 2, 4, 8]),
        (Exponential(1, 2, 100, "proportional", 0.25), [0.75, 1.5, 3, 6], [1.25, 2.5, 5, 10]),
        (Exponential(1, 2, 3, "proportional", 0.25), [0.75, 1.5, 2.25, 2.25], [1.25, 2.5, 3, 3]),
        (Exponential(1, 2, 3, "none"), [1, 2, 3, 3], [1, 2, 3, 3]),
        (Exponential(1, 1, 3, "none"), [1, 1, 1, 1], [1, 1, 1, 1]),
        (Decorrelated(1, 20), [1, 1, 1, 1], [3, 9, 20, 20]),
        (Constant(0.7), [0.7] * 4, [0.7] * 4),
    ],
    ids=repr,
)
def test_the_extremes_of_the_first_four_delays(
    backoff: Backoff, lowest: list[float], highest: list[float]
) -> None:
    assert delays(backoff, Lowest(), 4) == pytest.approx(lowest)
    assert delays(backoff, Highest(), 4) == pytest.approx(highest)


def test_the_same_random_source_gives_the_same_delays() -> None:
    backoff = Exponential()
    assert delays(backoff, random.Random(7), 9) == delays(backoff, random.Random(7), 9)
    assert delays(backoff, random.Random(7), 9) != delays(backoff, random.Random(8), 9)


def test_a_backoff_is_a_value() -> None:
    assert Exponential(1) == Exponential(1.0)
    assert hash(Constant(1)) == hash(Constant(1))
    with pytest.raises(AttributeError):
        Constant(1).delay = 2  # type: ignore[misc]


def invalid(make: Any, error: type[Exception], message: str) -> Any:
    return pytest.param(make, error, message, id=message)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        invalid(lambda: Constant(-1), ValueError, "delay must be a finite number of seconds"),
        invalid(lambda: Constant(math.nan), ValueError, "0 or more; got nan"),
        invalid(lambda: Constant(math.inf), ValueError, "0 or more; got inf"),
        invalid(lambda: Constant(10**400), ValueError, "delay must be a finite"),
        invalid(lambda: Constant(True), TypeError, "got True .bool."),
        invalid(lambda: Constant("1"), TypeError, "delay must be .* got '1' .str."),  # type: ignore[arg-type]
        invalid(lambda: Exponential(initial=-1), ValueError, "initial must be a finite"),
        invalid(
            lambda: Exponential(factor=0.5), ValueError, "factor must be .* 1 or more; got 0.5"
        ),
        invalid(lambda: Exponential(maximum=math.inf), ValueError, "maximum must be a finite"),
        invalid(lambda: Exponential(9, maximum=3), ValueError, "maximum=3 with initial=9"),
        invalid(
            lambda: Exponential(jitter="some"),  # type: ignore[arg-type]
            ValueError,
            "jitter must be one of 'none', 'equal', 'full', 'proportional'; got 'some'",
        ),
        invalid(lambda: Exponential(proportion=1.5), ValueError, "proportion must be .* 0 to 1"),
        invalid(lambda: Decorrelated(-1), ValueError, "initial must be"),
        invalid(lambda: Decorrelated(9, 3), ValueError, "maximum=3 with initial=9"),
        invalid(lambda: Decorrelated(maximum=-3), ValueError, "maximum must be a finite"),
    ],
)
def test_a_bad_setting_names_itself(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def delays(backoff: Backoff, rng: random.Random, count: int) -> list[float]:
    waited: list[float] = []
    for attempt in range(1, count + 1):
        waited.append(backoff.seconds(attempt, waited[-1] if waited else None, rng))
    return waited

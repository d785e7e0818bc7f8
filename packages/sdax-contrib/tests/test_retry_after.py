"""`retry_after`: seconds and dates, wherever a client keeps them; capped, a little late, never early."""

import random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sdax_contrib.retry import retry_after

SENT = "Sun, 06 Nov 1994 08:49:37 GMT"


class Refused(Exception):
    """An error with any attributes, as those of the clients have."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


def with_headers(**headers: str) -> Refused:
    return Refused(headers={name.replace("_", "-"): value for name, value in headers.items()})


def asked(error: Exception) -> float | None:
    return retry_after(error, cap=1e9, jitter=0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60.0),
        ("Sun Nov  6 08:50:37 1994", 60.0),
        ("Sun, 06 Nov 1994 08:40:00 GMT", 0.0),
        ("9" * 5000, 1e9),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        ("soon", None),
    ],
)
def test_the_header_is_read_as_the_rfc_says(value: str, seconds: float | None) -> None:
    assert asked(with_headers(Retry_After=value, Date=SENT)) == seconds


def test_a_date_counts_from_this_clock_if_the_response_has_none() -> None:
    assert asked(with_headers(Retry_After=SENT)) == 0.0
    late = asked(with_headers(Retry_After="Tue, 01 Jan 2115 00:00:00 GMT"))
    assert late is not None
    assert late > 365 * 24 * 3600


@pytest.mark.parametrize(
    "error",
    [
        Refused(response=SimpleNamespace(headers={"Retry-After": "3"})),
        Refused(response=SimpleNamespace(headers={"retry-after": "3"})),
        Refused(headers={"Retry-After": "3"}, response=None),
        Refused(retry_after=3),
        Refused(retry_after=3.0, headers={"Retry-After": "9"}),
        Refused(trailing_metadata=lambda: (("other", "1"), ("grpc-retry-pushback-ms", "3000"))),
    ],
    ids=["response", "lower case", "error", "attribute", "attribute first", "gRPC"],
)
def test_it_is_found_wherever_a_client_keeps_it(error: Exception) -> None:
    assert asked(error) == 3.0


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        Refused(response=None, headers=None),
        Refused(response=SimpleNamespace(headers=["Retry-After", "3"])),
        Refused(headers={"Retry-After": 3}),
        Refused(retry_after=True),
        Refused(retry_after=-1),
        Refused(retry_after=float("nan")),
        Refused(retry_after="3"),
        Refused(trailing_metadata=None),
        Refused(trailing_metadata=lambda: None),
        Refused(trailing_metadata=lambda: (("grpc-retry-pushback-ms", "-1"),)),
        Refused(trailing_metadata=lambda: (("grpc-retry-pushback-ms", "later"),)),
    ],
)
def test_an_error_that_asks_for_nothing_readable_gives_none(error: Exception) -> None:
    assert retry_after(error) is None


@given(
    seconds=st.integers(0, 10**6),
    cap=st.floats(0, 1e5),
    jitter=st.floats(0, 1),
    seed=st.integers(),
)
def test_it_is_capped_and_never_shorter_than_asked(
    seconds: int, cap: float, jitter: float, seed: int
) -> None:
    error = with_headers(Retry_After=str(seconds))
    wait = retry_after(error, cap=cap, jitter=jitter, rng=random.Random(seed))
    assert wait is not None
    assert min(seconds, cap) <= wait <= min(seconds, cap) * (1 + jitter)


def test_by_default_at_most_a_minute_and_a_tenth() -> None:
    waits = [retry_after(with_headers(Retry_After="3600")) or 0 for _ in range(100)]
    assert 60 <= min(waits) < max(waits) <= 66


@given(st.text())
@example("Sun, 06 Nov 1994 99:49:37 GMT")
@example("Sun, 06 Nov 99999 08:49:37 GMT")
@example("Mon, 01 Jan 0001 00:00:00 +2300")
def test_whatever_a_server_sends_nothing_is_raised(value: str) -> None:
    wait = retry_after(with_headers(Retry_After=value, Date=value))
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"cap": -1}, ValueError, "cap must be a finite number of seconds, 0 or more; got -1"),
        ({"cap": "1"}, TypeError, "cap must be"),
        ({"jitter": 2}, ValueError, "jitter must be a number from 0 to 1; got 2"),
    ],
)
def test_a_bad_setting_names_itself(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        retry_after(ValueError(), **settings)

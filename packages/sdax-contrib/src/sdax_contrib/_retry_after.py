"""`retry_after`: how long the other side has asked to be left alone."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from typing import Any

from sdax_contrib._retry_setting_checks import check_seconds, check_share

_PUSHBACK = "grpc-retry-pushback-ms"


def retry_after(
    error: BaseException,
    *,
    cap: float = 60.0,
    jitter: float = 0.1,
    rng: random.Random | None = None,
) -> float | None:
    """Give the seconds that the other side asks to wait, or `None` if it asks for nothing.

    No library is imported for it. It looks, in this order, at

    - a number `error.retry_after`, as `sdax_contrib.circuit_breaker.CircuitOpen` has one;
    - the `Retry-After` header (RFC 9110: seconds or a date) of `error.response` (httpx, httpx2,
      requests) or of the error itself (aiohttp, urllib). A date counts from the response's own
      `Date`, so that the two clocks need not agree; without one, from the clock of this machine;
    - gRPC's `grpc-retry-pushback-ms`.

    What cannot be read counts as absent, and a date in the past as 0 seconds.

    Args:
        error: What a client library raised.
        cap: Bound of what is believed, in seconds.
        jitter: By what share, from 0 to 1, the wait may be longer, so that all those who were told the
            same do not come back together. It is never shorter.
        rng: Where to take a random number from; `None` is the `random` module.

    Raises:
        ValueError: `cap` or `jitter` is out of its range.
        TypeError: One of them is no number.
    """
    check_seconds("cap", cap)
    check_share("jitter", jitter)
    asked = asked_seconds(error)
    if asked is None:
        return None
    uniform = random.uniform if rng is None else rng.uniform
    return min(asked, cap) * uniform(1.0, 1.0 + jitter)


def asked_seconds(error: BaseException) -> float | None:
    """What the error says, neither capped nor spread."""
    own: object = getattr(error, "retry_after", None)
    if isinstance(own, (int, float)) and not isinstance(own, bool) and 0 <= own < math.inf:
        return own
    for owner in (getattr(error, "response", None), error):
        headers: object = getattr(owner, "headers", None)
        value = _header(headers, "Retry-After")
        if value is not None:
            return parse_retry_after(value, _header(headers, "Date"))
    pushback = pushback_seconds(error)
    return pushback if pushback is not None and pushback >= 0 else None


def parse_retry_after(value: str, date: str | None = None) -> float | None:
    """Read the value of a `Retry-After` header; `date` is that of the `Date` header."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)  # infinite if there are more digits than a float has room for
    moment = _parse_date(value)
    if moment is None:
        return None
    sent = None if date is None else _parse_date(date)
    return max(0.0, (moment - (sent or datetime.now(UTC))).total_seconds())


def pushback_seconds(error: BaseException) -> float | None:
    """The gRPC server's pushback; negative means that it asks not to be tried again."""
    trailing_metadata: Any = getattr(error, "trailing_metadata", None)
    if not callable(trailing_metadata):
        return None
    for entry in _pairs(trailing_metadata()):
        if entry[0] == _PUSHBACK:
            try:
                return int(entry[1]) / 1000
            except (ValueError, TypeError, OverflowError):
                return -1.0  # gRPC: what cannot be read means the same as a negative number
    return None


def _pairs(metadata: Any) -> list[tuple[Any, Any]]:
    return [] if metadata is None else [(entry[0], entry[1]) for entry in metadata]


def _header(headers: Any, name: str) -> str | None:
    get = getattr(headers, "get", None)
    if not callable(get):
        return None
    # The mappings of the clients take no notice of case; a plain dict does.
    value = get(name) or get(name.lower())
    return value if isinstance(value, str) else None


def _parse_date(value: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # slow to import, and seldom needed

    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # asctime's form names no zone, and RFC 9110 says that it is UTC.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

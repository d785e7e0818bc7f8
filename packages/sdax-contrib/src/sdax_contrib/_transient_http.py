"""Transient errors of HTTP clients."""

from __future__ import annotations

from sdax_contrib._classifier import Classifier
from sdax_contrib._transient_names import is_always_transient, names_of

STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

_HTTPX = ("TimeoutException", "NetworkError", "RemoteProtocolError", "ProxyError")
_REQUESTS = ("ConnectionError", "Timeout", "ChunkedEncodingError")
_AIOHTTP = ("ClientConnectionError", "ClientPayloadError")
_TRANSIENT = frozenset(
    f"{package}.{name}"
    for package, names in {
        "httpx": _HTTPX,
        "httpx2": _HTTPX,
        "requests": _REQUESTS,
        "aiohttp": _AIOHTTP,
    }.items()
    for name in names
)
# Subclasses of the above: who is at the other end will be no other at the next attempt.
_LASTING = frozenset(
    {"requests.SSLError", "aiohttp.ClientSSLError", "aiohttp.ServerFingerprintMismatch"}
)


def _is_transient(error: Exception) -> bool:
    status = _status(error)
    if status is not None:
        return status in STATUSES
    names = names_of(error)
    if names & _LASTING:
        return False
    return is_always_transient(error) or bool(names & _TRANSIENT)


def _status(error: Exception) -> int | None:
    """The HTTP status: of the response (httpx, requests), or of the error (aiohttp, urllib)."""
    response: object = getattr(error, "response", None)
    candidates: list[object] = [getattr(response, "status_code", None)]
    candidates += [getattr(error, name, None) for name in ("status", "status_code")]
    for candidate in candidates:
        if isinstance(candidate, int) and 100 <= candidate <= 599:
            return candidate
    return None


http: Classifier = Classifier(_is_transient, name="transient.http")
"""Transient errors of httpx, httpx2, requests, aiohttp and urllib.

A response with status 408, 425, 429, 500, 502, 503 or 504; a connection that cannot be made or is lost;
a timeout of any kind; a malformed response. Not a failed check of a certificate."""

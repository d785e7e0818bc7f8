"""Transient errors of Redis."""

from __future__ import annotations

from sdax_contrib._classifier import Classifier
from sdax_contrib._transient_names import is_always_transient, names_of

_PACKAGES = ("redis", "valkey")
_TRANSIENT = frozenset(
    f"{package}.{name}"
    for package in _PACKAGES
    for name in (
        "ConnectionError",  # with BusyLoadingError and what Sentinel raises
        "TimeoutError",
        "ReadOnlyError",  # a replica: the primary has moved
        "ClusterDownError",
        "TryAgainError",
    )
)
# The clients make these out as errors of the connection.
_LASTING = frozenset(
    f"{package}.{name}"
    for package in _PACKAGES
    for name in ("AuthenticationError", "AuthorizationError", "ExternalAuthProviderError")
)


def _is_transient(error: Exception) -> bool:
    names = names_of(error)
    if names & _LASTING:
        return False
    return is_always_transient(error) or bool(names & _TRANSIENT)


redis: Classifier = Classifier(_is_transient, name="transient.redis")
"""Transient errors of redis-py and of valkey.

A connection that cannot be made or is lost, a timeout, a server that is loading, a replica that was written
to, a cluster that is down or moving slots. Not a refused login, though the clients call that a connection error."""

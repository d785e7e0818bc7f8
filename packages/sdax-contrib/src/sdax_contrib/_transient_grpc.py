"""Transient errors of gRPC."""

from __future__ import annotations

from typing import Any

from sdax_contrib._classifier import Classifier
from sdax_contrib._retry_after import pushback_seconds
from sdax_contrib._transient_names import is_always_transient, names_of

CODES = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED"})


def _is_transient(error: Exception) -> bool:
    if "grpc.RpcError" not in names_of(error):
        return is_always_transient(error)
    pushback = pushback_seconds(error)
    if pushback is not None and pushback < 0:
        return False
    code: Any = getattr(error, "code", None)
    status = code() if callable(code) else None
    return getattr(status, "name", None) in CODES


grpc: Classifier = Classifier(_is_transient, name="transient.grpc")
"""Transient errors of grpcio, `grpc.aio` among them.

The status codes UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED and ABORTED, unless the server's
`grpc-retry-pushback-ms` asks not to be tried again."""

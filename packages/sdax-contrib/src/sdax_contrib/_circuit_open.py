"""`CircuitOpen`: what a circuit breaker raises instead of calling."""

from __future__ import annotations

from sdax_contrib._durations import in_seconds


class CircuitOpen(ConnectionError):
    """The call was refused, because the backend has failed too often.

    A `ConnectionError`, so that it is retried wherever a lost connection is.
    """

    def __init__(self, name: str, retry_after: float) -> None:
        super().__init__(f"circuit {name!r} is open: try again in {in_seconds(retry_after)}")
        self.name: str = name
        """The name of the breaker."""
        self.retry_after: float = retry_after
        """Seconds after which a call may be let through."""

    def __reduce__(self) -> tuple[type[CircuitOpen], tuple[str, float]]:
        return type(self), (self.name, self.retry_after)

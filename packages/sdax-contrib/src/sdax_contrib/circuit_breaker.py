"""`CircuitBreaker`: leave a backend alone that does not answer."""

from sdax_contrib._circuit_breaker import (
    CircuitBreaker,
    CircuitFailures,
    CircuitListener,
    CircuitOpen,
    CircuitState,
)

__all__ = ["CircuitBreaker", "CircuitFailures", "CircuitListener", "CircuitOpen", "CircuitState"]

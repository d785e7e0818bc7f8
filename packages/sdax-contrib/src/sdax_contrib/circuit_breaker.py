"""`CircuitBreaker`: leave a backend alone that does not answer."""

from sdax_contrib._circuit_breaker import (
    CircuitBreaker,
    CircuitFailures,
    CircuitListener,
    CircuitState,
)
from sdax_contrib._circuit_open import CircuitOpen

__all__ = ["CircuitBreaker", "CircuitFailures", "CircuitListener", "CircuitOpen", "CircuitState"]

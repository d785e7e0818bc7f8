"""Retry policies, limits, breakers, telemetry, web and clusters for sdax, a module for each.

Importing the package imports nothing else, and each module no more than it needs. A module that needs a library is
an extra named after it; if it is missing, the `ImportError` says what to install.

- `retry`, `transient`, `hedge`, `tenacity`: what is tried again, and when.
- `limited`, `adaptive_limit`, `limits`, `circuit_breaker`: what stands in front of a backend.
- `otel`, `prometheus`, `logging`, `structlog`, `rich`, `pictures`: what a run and a graph look like.
- `starlette`, `fastapi`: graphs in a web application.
- `engine`, `anyio`, `dask`: functions that run somewhere else.
"""

from typing import TYPE_CHECKING

__all__ = ["__version__"]

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        # Read when it is asked for, because importlib.metadata is slow to import.
        if name == "__version__":
            from importlib.metadata import version

            return version("sdax-contrib")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

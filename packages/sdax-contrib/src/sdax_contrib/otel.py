"""Traces and metrics of runs by OpenTelemetry: `build(observers=[Tracing(), Metrics()])`.

Needs `pip install 'sdax-contrib[otel]'`, which brings OpenTelemetry's API alone: the program decides about the SDK and
about exporters.
"""

from sdax_contrib._otel_metrics import Metrics
from sdax_contrib._otel_tracing import Tracing

__all__ = ["Metrics", "Tracing"]

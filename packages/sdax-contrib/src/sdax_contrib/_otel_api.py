"""What is used of OpenTelemetry's API, or what to install."""

from __future__ import annotations

try:
    from opentelemetry.context import Context, attach, detach
    from opentelemetry.metrics import MeterProvider, get_meter
    from opentelemetry.trace import (
        Link,
        Span,
        SpanContext,
        Status,
        StatusCode,
        TracerProvider,
        get_tracer,
        set_span_in_context,
    )
except ImportError as missing:
    raise ImportError(
        "sdax_contrib.otel needs OpenTelemetry: pip install 'sdax-contrib[otel]'",
        name="opentelemetry",
    ) from missing

__all__ = [
    "Context",
    "Link",
    "MeterProvider",
    "Span",
    "SpanContext",
    "Status",
    "StatusCode",
    "TracerProvider",
    "attach",
    "detach",
    "get_meter",
    "get_tracer",
    "set_span_in_context",
]

SCOPE = "sdax_contrib.otel"
"""The name of the instrumentation scope."""

"""Metrics of runs for Prometheus: `build(observers=[PrometheusMetrics()])`.

Needs `pip install 'sdax-contrib[prometheus]'`.
"""

from sdax_contrib._prometheus import PrometheusMetrics

__all__ = ["PrometheusMetrics"]

"""Which errors of real clients are worth another attempt: `Retry(on=transient.http | transient.redis)`.

Hardly any client raises Python's own `ConnectionError` or `TimeoutError`. These classifiers know the errors of
the clients by the names of their classes and by their attributes, and import none of them. Each of them also
says yes to what a plain `TaskFunction` tries again: `TimeoutError` (that of an attempt is one), `ConnectionError`
and `RetryableException`.
"""

from sdax_contrib._classifier import Answer, Classifier, On
from sdax_contrib._transient_grpc import grpc
from sdax_contrib._transient_http import http
from sdax_contrib._transient_postgres import postgres
from sdax_contrib._transient_redis import redis
from sdax_contrib._transient_sqlalchemy import sqlalchemy

__all__ = [
    "Answer",
    "Classifier",
    "On",
    "grpc",
    "http",
    "postgres",
    "redis",
    "sqlalchemy",
]

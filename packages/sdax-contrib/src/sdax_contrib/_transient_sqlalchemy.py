"""Transient errors of databases behind SQLAlchemy."""

from __future__ import annotations

from sdax_contrib._classifier import Classifier
from sdax_contrib._transient_names import is_always_transient, names_of
from sdax_contrib._transient_postgres import is_transient_in_postgres

_SQLITE_BUSY, _SQLITE_LOCKED = 5, 6
_PRIMARY_CODE = 0xFF  # SQLite's extended codes have the primary one in their lowest byte


def _is_transient(error: Exception) -> bool:
    names = names_of(error)
    if is_always_transient(error) or "sqlalchemy.TimeoutError" in names:
        return True
    if "sqlalchemy.DBAPIError" not in names:
        return False
    if getattr(error, "connection_invalidated", False) is True:
        return True
    original: object = getattr(error, "orig", None)
    if not isinstance(original, BaseException):
        return False
    return is_transient_in_postgres(original) or _is_locked_in_sqlite(original)


def _is_locked_in_sqlite(error: BaseException) -> bool:
    code: object = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & _PRIMARY_CODE in (_SQLITE_BUSY, _SQLITE_LOCKED)


sqlalchemy: Classifier = Classifier(_is_transient, name="transient.sqlalchemy")
"""Transient errors of SQLAlchemy.

A connection that SQLAlchemy found dead, no free connection in the pool in time, and an error of the driver
that `postgres` calls transient or by which SQLite says that it is busy or locked."""

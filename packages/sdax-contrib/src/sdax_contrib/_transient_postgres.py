"""Transient errors of PostgreSQL."""

from __future__ import annotations

from sdax_contrib._classifier import Classifier
from sdax_contrib._transient_names import is_always_transient, names_of

_PREFIXES = ("08", "53", "57P0")
_STATES = frozenset({"40001", "40P01"})
# What has no SQLSTATE did not come from the server: a connection that was refused or lost.
_WITHOUT_STATE = frozenset({"psycopg.OperationalError", "psycopg2.OperationalError"})
_LASTING = frozenset({"psycopg_pool.PoolClosed"})


def is_transient_in_postgres(error: BaseException) -> bool:
    """Whether PostgreSQL, or the way to it, may well do better at the next attempt."""
    state = _sqlstate(error)
    if state is not None:
        return state.startswith(_PREFIXES) or state in _STATES
    names = names_of(error)
    return bool(names & _WITHOUT_STATE) and not names & _LASTING


def _sqlstate(error: BaseException) -> str | None:
    for name in ("sqlstate", "pgcode"):  # psycopg and asyncpg; psycopg2
        state: object = getattr(error, name, None)
        if isinstance(state, str):
            return state
    return None


def _is_transient(error: Exception) -> bool:
    return is_always_transient(error) or is_transient_in_postgres(error)


postgres: Classifier = Classifier(_is_transient, name="transient.postgres")
"""Transient errors of psycopg, psycopg2 and asyncpg, by SQLSTATE.

Class 08 (connection), 40001 (serialization failure), 40P01 (deadlock), class 53 (out of resources), 57P0*
(shutting down, crashed, starting up); and an `OperationalError` without SQLSTATE, which is a connection
that was refused or lost. libpq reports a wrong password in the same way, so it is tried again, too.
A transaction has to be repeated as a whole: the function that is tried again should begin it."""

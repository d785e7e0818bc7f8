"""The names of the three phases."""

from __future__ import annotations

from enum import StrEnum


class PhaseId(StrEnum):
    """A phase of a run. The value is the name of the field of `AsyncTask` with the function."""

    PRE_EXEC = "pre_execute"
    """Acquires what the task needs."""
    EXECUTE = "execute"
    """Works."""
    POST_EXEC = "post_execute"
    """Cleans up."""

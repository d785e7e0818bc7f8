"""Tracebacks as users want to see them."""

from __future__ import annotations

from types import TracebackType

_PACKAGE = __name__.partition(".")[0]


def start_at_the_function(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback from the user's function on: the frames above it are the same for every task."""
    while traceback is not None and traceback.tb_frame.f_globals.get("__package__") == _PACKAGE:
        traceback = traceback.tb_next
    return traceback

"""How the run's own Task waits for its lanes."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractContextManager

from sdax_core._open_lanes import Lane

_ADD_TO_AWAITED_BY = getattr(asyncio, "future_add_to_awaited_by", None)  # from 3.14 on
CAN_SHOW_WAITING = _ADD_TO_AWAITED_BY is not None


def shield() -> AbstractContextManager[object] | None:
    """What to wait in once a cancel was received: out of the reach of anyio's cancel scopes.

    A cancelled anyio scope cancels again in every cycle of the event loop; absorbing that would
    burn the processor for as long as cleanup takes. Without anyio nothing is needed.
    """
    scope = getattr(sys.modules.get("anyio"), "CancelScope", None)
    return None if scope is None else scope(shield=True)


def show_waiting(owner: asyncio.Task[object], lane: Lane) -> None:
    """Show that the run's own Task waits for a lane (guarantee 28)."""
    if _ADD_TO_AWAITED_BY is not None:
        _ADD_TO_AWAITED_BY(lane, owner)

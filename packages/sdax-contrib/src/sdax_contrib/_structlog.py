"""Which attempt a log entry comes from, by structlog's context variables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from sdax_contrib._telemetry_names import task_name

try:
    from structlog.contextvars import bind_contextvars, reset_contextvars
except ImportError as missing:
    raise ImportError(
        "sdax_contrib.structlog needs structlog: pip install 'sdax-contrib[structlog]'",
        name="structlog",
    ) from missing

if TYPE_CHECKING:
    from sdax_core import Attempt


async def bind_attempt(attempt: Attempt, proceed: Callable[[], Awaitable[Any]], /) -> Any:
    """An interceptor that has log entries say where they come from: `build(interceptors=[bind_attempt])`.

    For the time of an attempt `task` (its key as text, in a nested run after those of the tasks around it), `phase` and
    `attempt` (from 1) are bound to structlog's context variables. Subtasks see them, and so do threads that are given
    the context. Afterwards what was bound to these names before is bound again. For entries to show them,
    `structlog.contextvars.merge_contextvars` must be among structlog's processors, as it is by default.
    """
    call = attempt.call
    # Not `bound_contextvars`: it leaves a trace in the context, which would cost each function an asyncio Task.
    tokens = bind_contextvars(
        task=task_name(call.path), phase=call.phase.value, attempt=attempt.number
    )
    try:
        return await proceed()
    finally:
        reset_contextvars(**tokens)

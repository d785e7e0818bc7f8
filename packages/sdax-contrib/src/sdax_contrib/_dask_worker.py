"""What runs on the workers of a Dask cluster around a function, and how it and the client tell each other."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Protocol, cast

try:
    import distributed
except ImportError as missing:
    raise ImportError(
        "sdax_contrib.dask needs distributed: pip install 'sdax-contrib[dask]'", name="distributed"
    ) from missing

_distributed: Any = distributed  # it has no types

_STOP: ContextVar[Any] = ContextVar("sdax_dask_stop")


class Flag(Protocol):
    """What is used of `distributed.Event`, which has no types: awaitable at the client, plain on a worker."""

    def set(self) -> Any: ...
    def clear(self) -> Any: ...
    def is_set(self) -> Any: ...


class LostWorkerError(ConnectionError):
    """The worker was lost while it ran a function that may not be run twice.

    A `ConnectionError`, so that a policy which retries those has it run again; do that only if it may be.
    """


async def is_wanted(client: Any, key: str) -> bool:
    """Whether the scheduler still knows the call; it forgets one that was cancelled."""
    status = await client.scheduler.get_task_status(keys=[key])
    return status[key] is not None


def stop_requested() -> bool:
    """Whether the call in which this is asked should stop, because it was cancelled or its time is up.

    It asks the scheduler, which takes about a millisecond. Outside a call by `on_dask` it is `False`.
    """
    stop = _STOP.get(None)
    return stop is not None and bool(stop.is_set())


def begun_flag(key: str, **options: Any) -> Flag:
    """The flag that says that a call has begun."""
    return cast("Flag", _distributed.Event(f"{key}-begun", **options))


def stop_flag(key: str, **options: Any) -> Flag:
    """The flag that asks a call to stop."""
    return cast("Flag", _distributed.Event(f"{key}-stop", **options))


def run_on_worker(
    function: Callable[..., Any], args: tuple[Any, ...], key: str, idempotent: bool
) -> Any:
    """Call `function(*args)` unless it has begun before, or nobody wants it any more."""
    begun, stop = begun_flag(key), stop_flag(key)
    if begun.is_set() and not idempotent:
        raise LostWorkerError(
            f"the worker was lost while it ran {getattr(function, '__qualname__', function)}, which may not be run "
            "twice: idempotent=True would allow it"
        )
    begun.set()
    token = _STOP.set(stop)
    try:
        # Asked after `begun` was set. The client looks the other way round, so that one of the two sees the other.
        client = _distributed.get_client()
        if stop.is_set() or not client.sync(is_wanted, client, key):
            begun.clear()
            raise RuntimeError("the call was cancelled before it began")
        return function(*args)
    finally:
        _STOP.reset(token)
        if stop.is_set():  # nobody waits for it any more
            begun.clear()
            stop.clear()

"""Functions in worker processes that are killed when their call is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, cast

from sdax_core import Interceptor, RetryPolicy, T, TaskFunction

from sdax_contrib._engine import call_was_left, on_engine
from sdax_contrib._setting_checks import given
from sdax_contrib._stopped_call import StoppedCall

try:
    from anyio import BrokenWorkerProcess, CapacityLimiter, to_process
except ImportError as missing:
    raise ImportError(
        "sdax_contrib.anyio needs anyio: pip install 'sdax-contrib[anyio]'", name="anyio"
    ) from missing


class KillableProcesses:
    """An engine: anyio's worker processes, which are kept for the next call, and killed when a call is cancelled.

    Args:
        limiter: Bounds how many run at once; `None` is anyio's own limit, as many as there are processors.

    Raises:
        TypeError: `limiter` is something else.
    """

    def __init__(self, limiter: CapacityLimiter | None = None) -> None:
        if limiter is not None and not isinstance(cast("object", limiter), CapacityLimiter):
            raise TypeError(f"limiter must be an anyio.CapacityLimiter or None; {given(limiter)}")
        self._limiter = limiter

    async def run(self, function: Callable[..., Any], args: tuple[Any, ...], /) -> Any:
        """Call the function in a worker process.

        Raises:
            anyio.BrokenWorkerProcess: The process died.
            BaseException: What the function raised.
        """
        # anyio forgets a worker whose start is cancelled, and the process stays. Whatever else stops it has it killed.
        call = StoppedCall(
            to_process.run_sync(function, *args, cancellable=True, limiter=self._limiter)
        )
        try:
            return await call
        except BaseException as error:
            if call.cancelled is None:
                raise
            # Else there was no process yet: the call waited for the limiter.
            if isinstance(error, (BrokenWorkerProcess, asyncio.CancelledError)):
                name = getattr(function, "__qualname__", repr(function))
                call_was_left("sdax.process.killed", f"sdax: the process for {name} was killed")
            raise call.cancelled from None


def on_process(
    function: Callable[..., Any],
    *,
    args: Callable[[T], tuple[Any, ...]],
    into: str | Callable[[T, Any], Any] | None,
    limiter: CapacityLimiter | None = None,
    timeout: float | None = None,
    retry: RetryPolicy | None = None,
    interceptors: Iterable[Interceptor] = (),
) -> TaskFunction[T]:
    """Make the function of a phase from a plain function that runs in a worker process of anyio.

    On a cancel or a timeout the process is killed: nothing is left running. Else it is kept, and the next call has no
    process to start. Function, arguments and result travel as pickles.

    Args:
        function: A plain function that another process can import by its name.
        args: Takes the context and returns the tuple of arguments.
        into: Where the result goes: the name of an attribute of the context, a function that takes the context and
            the result, or `None`.
        limiter: Bounds how many run at once; by default as many as there are processors.
        timeout: Limit in seconds of each attempt; waiting for the limiter and starting a process count.
        retry: Decides about further attempts. A process that died is an `anyio.BrokenWorkerProcess`.
        interceptors: Run around each attempt, in this process.

    Raises:
        TypeError: A setting is of the wrong type.
        ValueError: `into` is empty, or `timeout` is out of its range.
    """
    processes = KillableProcesses(limiter)
    return on_engine(
        function,
        engine=lambda _: processes,
        args=args,
        into=into,
        timeout=timeout,
        retry=retry,
        interceptors=interceptors,
    )

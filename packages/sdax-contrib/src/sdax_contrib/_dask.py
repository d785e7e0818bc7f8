"""Functions on a Dask cluster, by an asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from sdax_core import Interceptor, RetryPolicy, T, TaskFunction

from sdax_contrib._dask_worker import Flag, begun_flag, is_wanted, run_on_worker, stop_flag
from sdax_contrib._engine import call_was_left, on_engine
from sdax_contrib._setting_checks import given

if TYPE_CHECKING:
    from distributed import Client

_PATIENCE = 5.0
"""Seconds that asking the scheduler about a cancelled call may take; it may be gone."""

_PAUSE = 0.01
"""Seconds between two questions to the scheduler."""


class DaskEngine:
    """An engine: a function is one task of a Dask cluster.

    Args:
        client: An asynchronous client (`distributed.Client(..., asynchronous=True)`), of the running event loop.
        workers: Addresses or names of the workers that may run it; `None` is any.
        resources: What it takes of the workers' resources, for example `{"GPU": 1}`.
        idempotent: Whether Dask may run it again when a worker is lost. If not, the call raises
            `LostWorkerError` then.

    Raises:
        TypeError: `workers` or `resources` is of the wrong type.
    """

    def __init__(
        self,
        client: Client,
        *,
        workers: Sequence[str] | None = None,
        resources: Mapping[str, float] | None = None,
        idempotent: bool = False,
    ) -> None:
        self._client: Any = client
        self._options = _options(workers, resources)
        self._idempotent = idempotent

    async def run(self, function: Callable[..., Any], args: tuple[Any, ...], /) -> Any:
        """Call the function on the cluster.

        Raises:
            TypeError: The client is no asynchronous one of the running event loop.
            LostWorkerError: Its worker was lost, and it may not be run twice.
            BaseException: What the function raised, or `distributed.KilledWorker` if several workers were lost.
        """
        client = self._client
        if not getattr(client, "asynchronous", False):
            raise TypeError(
                "client must be an asynchronous one of the running event loop, Client(..., asynchronous=True); "
                f"got {client!r}"
            )
        name = getattr(function, "__qualname__", "function")
        key = f"sdax-{name}-{uuid4().hex}"
        begun, stop = begun_flag(key, client=client), stop_flag(key, client=client)
        future = client.submit(
            run_on_worker,
            function,
            args,
            key,
            self._idempotent,
            key=key,
            pure=False,
            **self._options,
        )
        try:
            result = await future
        except asyncio.CancelledError:
            await self._leave(name, future, begun, stop)
            raise
        except BaseException:
            await begun.clear()
            raise
        await begun.clear()
        return result

    async def _leave(self, name: str, future: Any, begun: Flag, stop: Flag) -> None:
        """Have a call that is queued removed, and ask one that runs to stop."""
        try:
            async with asyncio.timeout(_PATIENCE):
                has_begun = await begun.is_set()
                await stop.set()
                await self._client.cancel([future], force=True)
                if not has_begun:
                    while await is_wanted(  # noqa: ASYNC110 - it is the scheduler that is asked
                        self._client, future.key
                    ):  # the request is on its way
                        await asyncio.sleep(_PAUSE)
                    # A call that begins from now on sees that nobody wants it, and ends.
                    has_begun = await begun.is_set()
                if not has_begun:
                    await stop.clear()
        except (OSError, RuntimeError):  # TimeoutError and CommClosedError are OSErrors
            has_begun = True  # nobody can say
        if has_begun:
            call_was_left(
                "sdax.dask.abandoned",
                f"sdax: the call of {name} was abandoned: it was asked to stop, and may go on on its worker",
            )


def on_dask(
    function: Callable[..., Any],
    *,
    client: Callable[[T], Client],
    args: Callable[[T], tuple[Any, ...]],
    into: str | Callable[[T, Any], Any] | None,
    workers: Sequence[str] | None = None,
    resources: Mapping[str, float] | None = None,
    idempotent: bool = False,
    timeout: float | None = None,
    retry: RetryPolicy | None = None,
    interceptors: Iterable[Interceptor] = (),
) -> TaskFunction[T]:
    """Make the function of a phase from a plain function that runs on a Dask cluster.

    Graph, cleanup, retries and timeouts stay here; the function is one task of the cluster. On a cancel or a timeout
    a call that is queued is removed. One that has begun cannot be interrupted: it is *abandoned*, which the error
    says and observers are told (`sdax.dask.abandoned`), and asked to stop: it looks at `stop_requested()`.

    Args:
        function: A plain function that the workers can import or unpickle.
        client: Finds the asynchronous client for a context: `lambda ctx: ctx.dask`.
        args: Takes the context and returns the tuple of arguments.
        into: Where the result goes: the name of an attribute of the context, a function that takes the context and
            the result, or `None`.
        workers: Addresses or names of the workers that may run it; `None` is any.
        resources: What it takes of the workers' resources, for example `{"GPU": 1}`.
        idempotent: Whether Dask may run it again when a worker is lost. If not, the attempt fails with
            `LostWorkerError` then.
        timeout: Limit in seconds of each attempt; waiting for a worker counts.
        retry: Decides about further attempts.
        interceptors: Run around each attempt, here.

    Raises:
        TypeError: A setting is of the wrong type.
        ValueError: `into` is empty, or `timeout` is out of its range.
    """
    if not callable(client):
        raise TypeError(f"client must be a function that finds the client; got {client!r}")
    _options(workers, resources)
    return on_engine(
        function,
        engine=lambda ctx: DaskEngine(
            client(ctx), workers=workers, resources=resources, idempotent=idempotent
        ),
        args=args,
        into=into,
        timeout=timeout,
        retry=retry,
        interceptors=interceptors,
    )


def _options(workers: object, resources: object) -> dict[str, Any]:
    """What is passed on to `Client.submit`."""
    if workers is not None and (isinstance(workers, str) or not isinstance(workers, Sequence)):
        raise TypeError(f"workers must be a list of addresses or names, or None; {given(workers)}")
    if resources is not None and not isinstance(resources, Mapping):
        raise TypeError(f"resources must be a dict, like {{'GPU': 1}}, or None; {given(resources)}")
    return {
        "workers": None if workers is None else list(cast("Sequence[str]", workers)),
        "resources": None if resources is None else dict(cast("Mapping[str, float]", resources)),
    }

"""A task out of a context manager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import partial
from typing import Any, Generic, cast

from sdax_core import AsyncTask, Interceptor, K, RetryPolicy, T, TaskFunction, current_run

from sdax_helpers._resource_manager import Acquirable, Manager, is_manager, manager_of
from sdax_helpers._resource_owner import ResourceOwner


def resource(
    name: K,
    factory: Callable[[T], Acquirable | Awaitable[Acquirable]],
    *,
    execute: TaskFunction[T] | Callable[[T], Awaitable[Any]] | None = None,
    timeout: float | None = None,
    retry: RetryPolicy | None = None,
    into: str | None = None,
    when: Callable[[T], bool] | None = None,
    optional: bool = False,
    interceptors: Iterable[Interceptor] = (),
) -> AsyncTask[T, K]:
    """Make a task that enters a context manager in `pre_execute` and leaves it in `post_execute` (guarantee 40).

    Both happen in one asyncio Task and one context, which do nothing else, so that task groups, cancel scopes,
    timeouts and tokens of context variables can be resources. On leaving, the context manager is given what the run
    would raise, so that a transaction commits or rolls back; it cannot suppress that, and to raise it again is no
    new failure. A resource that dies while the run needs it makes the run fail.

    Args:
        name: The key of the task: any hashable value (guarantee 1).
        factory: Called with the context, anew for each attempt. It may return an async context manager, an
            async generator that yields once, an object with `aclose()`, or a sync context manager, which is entered
            and left in a thread of its own; or it may be an async function that returns one of these.
        execute: What the task does in between; it sees the context variables that entering has set.
        timeout: Limit in seconds of each attempt to enter, `None` for none. An attempt that was
            cancelled has left what it entered before the next one begins. A thread cannot be interrupted.
        retry: Decides whether entering is tried again, and when (guarantee 33).
        into: The attribute of the context, or the key if the context is a mapping, that the entered value is
            stored as, also in the place of one that is there. `None`: it is not stored.
        when: Asked once with the context; if it says no, the task is skipped (guarantee 37).
        optional: Whether a run goes on without the task if it fails (guarantee 38).
        interceptors: Run around each attempt to enter; the first is the outermost (guarantee 35).

    Raises:
        ValueError: `timeout` is negative, NaN or infinite, or `into` is empty.
        TypeError: `factory` cannot be called or is a context manager itself, or another setting is of the
            wrong type.
    """
    held = _Resource(name, factory, into)
    try:
        work = _task_function(execute)
        pre_execute: TaskFunction[T] = TaskFunction(
            held.enter,
            timeout=timeout,
            retry=retry,
            interceptors=cast("tuple[Interceptor, ...]", interceptors),  # it makes one of them
        )
    except (TypeError, ValueError) as error:
        raise type(error)(f"resource {name!r}: {error}") from None
    return AsyncTask(
        name,
        pre_execute,
        work,
        TaskFunction(held.leave),
        when=when,
        optional=optional,
    )


def _task_function(
    function: TaskFunction[T] | Callable[[T], Awaitable[Any]] | None,
) -> TaskFunction[T] | None:
    if function is None or isinstance(function, TaskFunction):
        return function  # pyright: ignore[reportUnknownVariableType] - of what it narrows a callable to
    return TaskFunction(function)


class _Resource(Generic[T]):
    """The functions of the task. It is shared by all runs, and knows of none."""

    def __init__(self, key: Any, factory: Callable[[T], object], into: str | None) -> None:
        _check_factory(key, factory)
        _check_into(key, into)
        self._key = key
        self._factory = factory
        self._into = into

    async def enter(self, ctx: T) -> None:
        """Enter a new one."""
        owner = ResourceOwner(self._key, partial(self._make, ctx), partial(self._take, ctx))
        await owner.enter()

    async def leave(self, _: T) -> None:
        """Leave it, unless it was not entered, or has died."""
        owner = current_run().held.get(self._key)
        if isinstance(owner, ResourceOwner):
            await owner.leave()

    async def _make(self, ctx: T) -> Manager:
        return await manager_of(self._factory(ctx), self._key)

    def _take(self, ctx: T, value: Any) -> None:
        if self._into is None:
            return
        if isinstance(ctx, MutableMapping):
            cast("MutableMapping[str, Any]", ctx)[self._into] = value
            return
        try:
            setattr(ctx, self._into, value)
        except Exception as error:
            raise TypeError(
                f"task {self._key!r}: the context, a {type(ctx).__name__}, refuses the attribute "
                f"{self._into!r} that into= names ({type(error).__name__}: {error})"
            ) from error


def _check_factory(key: object, factory: object) -> None:
    if is_manager(factory):
        raise TypeError(
            f"resource {key!r}: factory must make a new context manager for each attempt; got "
            f"{type(factory).__name__}, which is one: write lambda ctx: ..."
        )
    if not callable(factory):
        raise TypeError(
            f"resource {key!r}: factory must be a function that takes the context; got {factory!r}"
        )


def _check_into(key: object, into: object) -> None:
    if into is not None and not isinstance(into, str):
        raise TypeError(f"resource {key!r}: into must be the name of an attribute; got {into!r}")
    if into == "":
        raise ValueError(f"resource {key!r}: into must be the name of an attribute; got ''")

"""Functions of a phase, made from async functions, with the task group, and from plain ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from sdax_core import (
    Interceptor,
    RetryableException,
    RetryPolicy,
    SdaxTaskGroup,
    T,
    TaskFunction,
)

from sdax_helpers._plain_function import awaitable

RETRYABLE: tuple[type[BaseException], ...] = (TimeoutError, ConnectionError, RetryableException)
"""What is tried again unless a function says otherwise: the default of `TaskFunction`."""


def task_func(
    function: Callable[[T], Awaitable[Any]],
    *,
    timeout: float | None = None,
    retries: int = 0,
    initial_delay: float = 1.0,
    backoff_factor: float = 2.0,
    retryable_exceptions: tuple[type[BaseException], ...] = RETRYABLE,
    retry: RetryPolicy | None = None,
    interceptors: Iterable[Interceptor] = (),
) -> TaskFunction[T]:
    """Make the function of a phase from an async function that takes the context.

    Args:
        function: An async function, or any callable that returns an awaitable.
        timeout: Limit of each attempt in seconds, `None` for none (guarantee 22).
        retries: How many further attempts may follow a failed one (guarantee 23).
        initial_delay: Upper bound of the delay before the first retry, in seconds.
        backoff_factor: By what the delay grows from one retry to the next.
        retryable_exceptions: What is tried again; subclasses are, too.
        retry: A policy that decides about retries, in the place of the four settings before it (guarantee 33).
        interceptors: Run around each attempt; the first is the outermost (guarantee 35).

    Raises:
        ValueError: A number is out of its range, or there are retries but nothing to retry
            (guarantee 25).
        TypeError: A setting is of the wrong type, or `function` cannot be called.
    """
    return TaskFunction(
        function,
        timeout=timeout,
        retries=retries,
        initial_delay=initial_delay,
        backoff_factor=backoff_factor,
        retryable_exceptions=retryable_exceptions,
        retry=retry,
        interceptors=tuple(interceptors),
    )


def task_group_func(
    function: Callable[[T, SdaxTaskGroup], Awaitable[Any]],
    *,
    timeout: float | None = None,
    retries: int = 0,
    initial_delay: float = 1.0,
    backoff_factor: float = 2.0,
    retryable_exceptions: tuple[type[BaseException], ...] = RETRYABLE,
    retry: RetryPolicy | None = None,
    interceptors: Iterable[Interceptor] = (),
) -> TaskFunction[T]:
    """Make the function of a phase from one that takes the context and a task group.

    Every attempt has a task group of its own, and ends when all its subtasks have ended (guarantee
    24). `timeout` bounds them, too.

    Args:
        function: An async function of two arguments.
        timeout: As for `task_func`, like the settings that follow.
        retries: How many further attempts may follow a failed one.
        initial_delay: Upper bound of the delay before the first retry, in seconds.
        backoff_factor: By what the delay grows from one retry to the next.
        retryable_exceptions: What is tried again; subclasses are, too.
        retry: A policy that decides about retries, in the place of the four settings before it (guarantee 33).
        interceptors: Run around each attempt; the first is the outermost (guarantee 35).

    Raises:
        ValueError: As for `task_func`.
        TypeError: As for `task_func`.
    """
    return TaskFunction(
        function,
        timeout=timeout,
        retries=retries,
        initial_delay=initial_delay,
        backoff_factor=backoff_factor,
        retryable_exceptions=retryable_exceptions,
        retry=retry,
        interceptors=tuple(interceptors),
        has_task_group_argument=True,
    )


def task_sync_func(
    function: Callable[[T], Any],
    *,
    retries: int = 0,
    initial_delay: float = 1.0,
    backoff_factor: float = 2.0,
    retryable_exceptions: tuple[type[BaseException], ...] = RETRYABLE,
    retry: RetryPolicy | None = None,
    interceptors: Iterable[Interceptor] = (),
) -> TaskFunction[T]:
    """Make the function of a phase from a plain function, which runs in the event loop.

    Nothing else runs meanwhile, so it should be quick; use `asyncio.to_thread` in an async function
    for what is not. It takes no timeout, because nothing could interrupt it.

    Args:
        function: A plain function that takes the context.
        retries: As for `task_func`, like the settings that follow.
        initial_delay: Upper bound of the delay before the first retry, in seconds.
        backoff_factor: By what the delay grows from one retry to the next.
        retryable_exceptions: What is tried again; subclasses are, too.
        retry: A policy that decides about retries, in the place of the four settings before it (guarantee 33).
        interceptors: Run around each attempt; the first is the outermost (guarantee 35).

    Raises:
        ValueError: As for `task_func`.
        TypeError: As for `task_func`, or `function` is an async function. One that is found out
            only when it returns a coroutine fails its task with a `TypeError`.
    """
    return TaskFunction(
        awaitable(function),
        retries=retries,
        initial_delay=initial_delay,
        backoff_factor=backoff_factor,
        retryable_exceptions=retryable_exceptions,
        retry=retry,
        interceptors=tuple(interceptors),
    )

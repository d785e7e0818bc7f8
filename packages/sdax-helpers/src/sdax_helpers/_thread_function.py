"""A plain function that blocks, as the function of a phase: it runs in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Executor
from contextvars import copy_context
from functools import wraps
from threading import Event, Lock
from typing import Any, Generic

from sdax_core import Interceptor, RetryPolicy, T, TaskFunction

from sdax_helpers._cancelled_flag import FLAG
from sdax_helpers._end_of_call import end_of
from sdax_helpers._executors import (
    ExecutorChoice,
    check_executor,
    chosen_executor,
    never_begun,
    not_accepted,
    shares_memory,
)
from sdax_helpers._functions import RETRYABLE
from sdax_helpers._left_call import call_was_left, log_failure, tell_of_left_calls
from sdax_helpers._plain_function import check_plain_function, name_of, refuse_coroutine

_CANCELLATIONS = (asyncio.CancelledError, CancelledError)


def task_thread_func(
    function: Callable[[T], Any],
    *,
    executor: ExecutorChoice[T] = None,
    wait_on_cancel: bool = False,
    timeout: float | None = None,
    retries: int = 0,
    initial_delay: float = 1.0,
    backoff_factor: float = 2.0,
    retryable_exceptions: tuple[type[BaseException], ...] = RETRYABLE,
    retry: RetryPolicy | None = None,
    interceptors: Iterable[Interceptor] = (),
) -> TaskFunction[T]:
    """Make the function of a phase from a plain function that blocks: it runs in a thread.

    The function sees the context variables of its task, `current_run()` among them; what it sets stays
    in its call. Nothing can interrupt a thread, so a cancelled or timed-out call is *abandoned*: the run
    goes on at once, the error carries a note that says so, and the function may ask `cancelled()`
    and return early. What an abandoned call raises later is logged (logger `sdax`), unless it is a
    `CancelledError`. With retries, the next attempt may then run beside an abandoned one.

    Args:
        function: A plain function that takes the context. It runs beside the event loop and shares
            the context with it, so it is up to both to take turns.
        executor: Where it runs: an executor of threads, or a function that finds one on the context.
            `None`: the default executor of the event loop, which `asyncio.run` awaits when it closes.
        wait_on_cancel: Whether a cancel or timeout is delivered only when the call has ended, for
            functions that must not be left running. `cancelled()` is true meanwhile. What the function
            raises then is a failure of its task (guarantee 14).
        timeout: As for `task_func`, like the settings that follow. Waiting for a free thread counts.
        retries: How many further attempts may follow a failed one.
        initial_delay: Upper bound of the delay before the first retry, in seconds.
        backoff_factor: By what the delay grows from one retry to the next.
        retryable_exceptions: What is tried again; subclasses are, too.
        retry: Decides about retries in the place of the four settings before it.
        interceptors: Run around each attempt, on the event loop.

    Raises:
        ValueError: As for `task_func`.
        TypeError: As for `task_func`, or `function` is an async function, or `executor` is none.
    """
    check_plain_function(function, "task_thread_func")
    check_executor(executor)

    @wraps(function, updated=())
    async def call(context: T) -> None:
        chosen = chosen_executor(executor, context)
        if not shares_memory(chosen):
            raise TypeError(
                f"task_thread_func needs an executor of threads, got {chosen!r}: use task_process_func"
            )
        await _run(_ThreadCall(function, context), chosen, wait_on_cancel)

    return TaskFunction(
        call,
        timeout=timeout,
        retries=retries,
        initial_delay=initial_delay,
        backoff_factor=backoff_factor,
        retryable_exceptions=retryable_exceptions,
        retry=retry,
        interceptors=(*interceptors, tell_of_left_calls),
    )


async def _run(call: _ThreadCall[Any], executor: Executor | None, wait_on_cancel: bool) -> None:
    loop = asyncio.get_running_loop()
    try:
        future = loop.run_in_executor(executor, call.run)
    except RuntimeError as error:
        raise not_accepted(executor, call.name, error) from error
    try:
        await end_of(future, call.flag.set, waits_on_cancel=wait_on_cancel)
    except asyncio.CancelledError:
        if not future.done():
            call.abandon()
            future.cancel()  # it takes the call back, if no thread has come to it
        call.raise_failure()
        raise
    if future.cancelled():
        raise never_begun(executor, call.name)
    call.raise_failure()


class _ThreadCall(Generic[T]):
    """One call in a thread, as the thread and the event loop share it."""

    __slots__ = (
        "_abandoned",
        "_begun",
        "_context",
        "_ctx",
        "_ended",
        "_error",
        "_function",
        "_lock",
        "flag",
    )

    def __init__(self, function: Callable[[T], Any], ctx: T) -> None:
        self._function = function
        self._ctx = ctx
        self.flag = Event()
        self._context = copy_context()
        self._context.run(FLAG.set, self.flag)
        self._lock = Lock()
        self._begun = False
        self._ended = False
        self._abandoned = False
        self._error: BaseException | None = None

    @property
    def name(self) -> str:
        """The name of the function."""
        return name_of(self._function)

    # In the thread

    def run(self) -> None:
        """Call the function, unless the call was abandoned. It raises nothing.

        A future could not carry everything that a function may raise: a `StopIteration` in it would
        leave the waiting Task waiting for ever.
        """
        with self._lock:
            if self._abandoned:
                return
            self._begun = True
        failure: BaseException | None = None
        try:
            self._context.run(self._call)
        except BaseException as error:
            failure = error
        with self._lock:
            self._ended = True
            if not self._abandoned:
                self._error = failure
                return
        if failure is not None and not isinstance(failure, _CANCELLATIONS):
            log_failure(self.name, failure)

    def _call(self) -> None:
        result = self._function(self._ctx)
        refuse_coroutine(result, self._function, "task_thread_func")

    # On the event loop

    def abandon(self) -> None:
        """Leave the call; one that has just ended stays as it is."""
        with self._lock:
            self._abandoned = not self._ended
            goes_on = self._begun and not self._ended
        if goes_on:
            note = f"sdax: the call of {self.name} was abandoned: it goes on in its thread"
            call_was_left("sdax.thread.abandoned", note)

    def raise_failure(self) -> None:
        """Raise what the function raised, if it has ended."""
        with self._lock:
            error, self._error = self._error, None
        if error is None:
            return
        if isinstance(error, StopIteration):  # Python lets none out of what is awaited
            raise RuntimeError(f"{self.name} raised StopIteration") from error
        if self.flag.is_set() and isinstance(error, _CANCELLATIONS):
            return  # the answer of a function that asked cancelled(), not a failure
        try:
            raise error
        finally:
            del error  # an exception's traceback holds this frame: no cycle

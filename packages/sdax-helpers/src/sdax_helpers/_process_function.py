"""A plain function that computes, as the function of a phase: it runs in another process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future
from functools import wraps
from typing import Any, TypeVar, cast

from sdax_core import Interceptor, RetryPolicy, T, TaskFunction

from sdax_helpers._end_of_call import end_of
from sdax_helpers._executors import (
    ExecutorChoice,
    check_executor,
    chosen_executor,
    never_begun,
    not_accepted,
)
from sdax_helpers._functions import RETRYABLE
from sdax_helpers._left_call import call_was_left, log_failure, tell_of_left_calls
from sdax_helpers._pickled_call import check_importable, pack_call, run_packed_call, unpack_outcome
from sdax_helpers._plain_function import check_plain_function, name_of

R = TypeVar("R")
"""What the function returns."""


def task_process_func(
    function: Callable[..., R],
    *,
    args: Callable[[T], tuple[Any, ...]],
    into: str | Callable[[T, R], Any] | None,
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
    """Make the function of a phase from a plain function that computes: it runs in another process.

    The context stays here: `args` says what the function is called with, `into` where its result goes. Both
    travel as pickles, made when they are handed over. Context variables do not travel, nor does `cancelled()`.

    Without an executor each attempt has a new process of its own, which costs some tenth of a second. It is
    killed when the attempt is cancelled or its timeout runs out, so nothing is left behind. A call in an
    executor cannot be ended: it is *abandoned*, as in `task_thread_func`, unless it had not begun.

    Args:
        function: A plain function that another process can import by its name.
        args: Takes the context and returns the tuple of arguments.
        into: The attribute of the context that the result is stored in, or a function that takes the context and
            the result and stores it; `None` if there is nothing to store.
        executor: Where it runs: a `concurrent.futures.ProcessPoolExecutor` or its like, or a function that
            finds one on the context. `None`: a process of its own. At most as many of these run at once as
            the default executor of the event loop has threads.
        wait_on_cancel: Whether a cancel or timeout is delivered only when the call has ended; its result is
            stored then, and what it raised is a failure of its task (guarantee 14).
        timeout: As for `task_func`, like the settings that follow. Starting the process counts.
        retries: How many further attempts may follow a failed one.
        initial_delay: Upper bound of the delay before the first retry, in seconds.
        backoff_factor: By what the delay grows from one retry to the next.
        retryable_exceptions: What is tried again; subclasses are, too. A process that died, without an
            executor or with one, is a `concurrent.futures.BrokenExecutor`; a broken executor stays broken.
        retry: Decides about retries in the place of the four settings before it.
        interceptors: Run around each attempt, in this process.

    Raises:
        ValueError: As for `task_func`, or `into` is no name of an attribute.
        TypeError: As for `task_func`, or `function` is an async function or cannot be imported by its name, or
            `args`, `into` or `executor` is of the wrong type.
    """
    check_plain_function(function, "task_process_func")
    check_importable(function)
    if not callable(args):
        raise TypeError(
            f"args must be a function that takes the context; got {args!r} ({type(args).__name__})"
        )
    _check_into(into)
    check_executor(executor)

    @wraps(function, updated=())
    async def call(context: T) -> None:
        packed = pack_call(function, _checked_arguments(args(context)))
        chosen = chosen_executor(executor, context)
        running = (
            _OwnProcessCall(name_of(function), packed, wait_on_cancel)
            if chosen is None
            else _ExecutorCall(name_of(function), packed, wait_on_cancel, chosen)
        )
        try:
            await running.end()
        except asyncio.CancelledError:
            # It may have ended all the same: what it gave, or raised, must not get lost.
            if running.has_outcome():
                _store(context, into, unpack_outcome(name_of(function), running.outcome()))
            raise
        _store(context, into, unpack_outcome(name_of(function), running.outcome()))

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


class _OwnProcessCall:
    """A call in a process of its own."""

    def __init__(self, name: str, packed: bytes, wait_on_cancel: bool) -> None:
        from sdax_helpers._own_process import OwnProcess  # multiprocessing is slow to import

        self._name = name
        self._wait_on_cancel = wait_on_cancel
        self._process = OwnProcess(name, packed)
        loop = asyncio.get_running_loop()
        try:
            self._future = loop.run_in_executor(None, self._process.run)
        except RuntimeError as error:
            raise not_accepted(None, name, error) from error

    async def end(self) -> None:
        """Wait until the process has ended, which it soon does after a cancel."""
        try:
            await end_of(self._future, self._ask_to_stop, waits_on_cancel=True)
        except asyncio.CancelledError:
            if not self.has_outcome():
                note = f"sdax: the process that ran {self._name} was killed"
                call_was_left("sdax.process.killed", note)
            raise

    def _ask_to_stop(self) -> None:
        if not self._wait_on_cancel and not self._process.kill():
            self._future.cancel()  # no thread had come to it

    def has_outcome(self) -> bool:
        """Whether the call has ended by itself."""
        if self._future.cancelled():
            return False
        return self._future.exception() is not None or self._future.result() != b""

    def outcome(self) -> bytes:
        """How it has ended."""
        if self._future.cancelled():
            raise never_begun(None, self._name)
        return self._future.result()


class _ExecutorCall:
    """A call in an executor, which cannot be ended."""

    def __init__(self, name: str, packed: bytes, wait_on_cancel: bool, executor: Executor) -> None:
        self._name = name
        self._wait_on_cancel = wait_on_cancel
        self._executor = executor
        try:
            self._submitted = executor.submit(run_packed_call, packed)
        except RuntimeError as error:
            raise not_accepted(executor, name, error) from error
        self._future = asyncio.wrap_future(self._submitted)

    async def end(self) -> None:
        """Wait until the call has ended, or is left."""
        try:
            await end_of(self._future, lambda: None, waits_on_cancel=self._wait_on_cancel)
        except asyncio.CancelledError:
            if not self._future.done():
                self._leave()
            raise

    def _leave(self) -> None:
        if not self._submitted.cancel():  # it has begun
            note = f"sdax: the call of {self._name} was abandoned: it goes on in its process"
            call_was_left("sdax.process.abandoned", note)
            self._submitted.add_done_callback(self._log_failure)
        self._future.cancel()

    def _log_failure(self, submitted: Future[bytes]) -> None:
        try:
            unpack_outcome(self._name, submitted.result())
        except BaseException as error:
            log_failure(self._name, error)

    def has_outcome(self) -> bool:
        """Whether the call has ended."""
        return self._future.done() and not self._future.cancelled()

    def outcome(self) -> bytes:
        """How it has ended."""
        if self._future.cancelled():
            raise never_begun(self._executor, self._name)
        try:
            return self._future.result()
        except BrokenExecutor as error:
            error.add_note(
                f"sdax: {self._name} was called in {self._executor!r}, which takes no more calls"
            )
            raise


def _check_into(into: object) -> None:
    right = "into must be the name of an attribute, a function that takes the context and the result, or None"
    if isinstance(into, str):
        if not into.isidentifier():
            raise ValueError(f"{right}; got {into!r}")
    elif into is not None and not callable(into):
        raise TypeError(f"{right}; got {into!r} ({type(into).__name__})")


def _checked_arguments(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(cast("object", arguments), tuple):
        raise TypeError(
            f"the function given as args= must return a tuple of arguments; "
            f"it returned {arguments!r} ({type(arguments).__name__})"
        )
    return arguments


def _store(context: T, into: str | Callable[[T, Any], Any] | None, result: Any) -> None:
    if into is None:
        return
    if not isinstance(into, str):
        into(context, result)
        return
    try:
        setattr(context, into, result)
    except AttributeError as error:
        raise TypeError(
            f"into={into!r}: the context, a {type(context).__name__}, takes no such attribute ({error}); "
            "give a function that stores the result: into=lambda ctx, result: ..."
        ) from error

"""A call as bytes, on its way to another process, and its outcome, on the way back.

Executors pickle, too, but badly: arguments are pickled in a thread while other tasks may be changing them, and an
argument or an exception that cannot be unpickled breaks the whole pool. Here both are packed when they are handed
over, and whatever is wrong with one call is that call's error.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any, Final

from sdax_helpers._plain_function import name_of, refuse_coroutine

_RETURNED: Final = "returned"
_RAISED: Final = "raised"
_UNSENDABLE: Final = "unsendable"


class _WorkerTraceback(Exception):
    """Stands below an error that came from another process: the traceback that it had there."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"


def check_importable(function: object) -> None:
    """Raise a `TypeError` unless another process can find `function`."""
    try:
        pickle.dumps(function)
    except Exception as error:
        raise TypeError(
            f"task_process_func takes a function that another process can import by its name, no lambda and no "
            f"inner function; {function!r} cannot be sent there: {error}"
        ) from error


# Here


def pack_call(function: Callable[..., Any], arguments: Sequence[object]) -> bytes:
    """Give the call as bytes.

    Raises:
        TypeError: An argument cannot be pickled; the message says which.
    """
    try:
        return pickle.dumps((function, tuple(arguments)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise TypeError(
            f"{name_of(function)} runs in another process, so its arguments are pickled; "
            f"{_unpicklable(arguments)}: {error}"
        ) from error


def unpack_outcome(function: str, packed: bytes) -> Any:
    """Give what the call of `function`, a name, returned, or raise what it raised."""
    try:
        kind, value, traceback = pickle.loads(packed)
    except Exception as error:
        raise RuntimeError(
            f"{function} has run in another process, but what it gave could not be unpickled here: {error}"
        ) from error
    if kind == _RETURNED:
        return value
    failure = value if kind == _RAISED else RuntimeError(f"{function} {value}")
    if isinstance(failure, StopIteration):  # Python lets none out of what is awaited
        failure = RuntimeError(f"{function} raised StopIteration")
    raise failure from _WorkerTraceback(traceback)


def _unpicklable(arguments: Sequence[object]) -> str:
    for position, argument in enumerate(arguments):
        try:
            pickle.dumps(argument, pickle.HIGHEST_PROTOCOL)
        except Exception:
            return f"argument {position}, a {type(argument).__name__}, cannot be"
    return "they cannot be"


# There


def run_packed_call(packed: bytes) -> bytes:
    """Run the call in this process and give its outcome as bytes. It raises nothing."""
    try:
        return _returned(packed)
    except BaseException as error:
        return _raised(error)


def _returned(packed: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(packed)
    except Exception as error:
        return _unsendable(
            f"or its arguments could not be unpickled in the other process: {error}", error
        )
    result = function(*arguments)
    refuse_coroutine(result, function, "task_process_func")
    try:
        return pickle.dumps((_RETURNED, result, ""), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return _unsendable(
            f"returned a {type(result).__name__}, which cannot be pickled: {error}", error
        )


def _raised(error: BaseException) -> bytes:
    try:
        packed = pickle.dumps((_RAISED, error, _traceback_of(error)), pickle.HIGHEST_PROTOCOL)
        pickle.loads(packed)  # many exceptions can be pickled, but not unpickled
        return packed
    except Exception as trouble:
        return _unsendable(
            f"raised {type(error).__name__}: {error}; the exception itself cannot be sent between processes: {trouble}",
            error,
        )


def _unsendable(text: str, error: BaseException) -> bytes:
    return pickle.dumps((_UNSENDABLE, text, _traceback_of(error)), pickle.HIGHEST_PROTOCOL)


def _traceback_of(error: BaseException) -> str:
    from traceback import format_exception

    return "".join(format_exception(error))

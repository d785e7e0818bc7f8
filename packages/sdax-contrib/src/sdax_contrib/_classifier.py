"""Classifiers: which errors are worth another attempt."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias, TypeGuard, cast

from sdax_core import flatten_exceptions

from sdax_contrib._setting_checks import given

Answer: TypeAlias = bool | float | timedelta | None
"""What a function given as `on` may say: whether to try again, or after exactly how long (seconds,
or a timedelta). `None` means no."""

Judge: TypeAlias = Callable[[Exception], Answer]
On: TypeAlias = type[Exception] | tuple[type[Exception], ...] | Judge
"""What is tried again: an exception class, a tuple of them, or a function of the error."""

_RIGHT = (
    "must be an exception class, a tuple of them, or a function that takes the error "
    "and says whether to try again"
)


class Classifier:
    """Says which errors are worth another attempt; combine several with `|`.

    An error is worth it if any part says so. Where parts name seconds, the longest wait counts. An
    `ExceptionGroup` is opened: it is worth another attempt only if each error in it is (guarantee 23).

    Args:
        on: Exception classes, tuples of them, functions of the error, or other classifiers.
        name: What to show instead of the parts.

    Raises:
        TypeError: One of `on` is none of these.
        ValueError: There is nothing in `on`.
    """

    __slots__ = ("_name", "_parts")

    def __init__(self, *on: On, name: str | None = None) -> None:
        if not on:
            raise ValueError("a classifier needs at least one exception class or function")
        for part in on:
            check_on("on", part)
        self._parts: tuple[On, ...] = on
        self._name = name

    def __call__(self, error: Exception) -> bool | float:
        """Say whether to try again after `error`, or after exactly how many seconds.

        Raises:
            TypeError: A function among the parts answers with something else than an `Answer`.
            ValueError: It names a negative, NaN or infinite number of seconds.
        """
        answers = [self._judge(cast("Exception", leaf)) for leaf in flatten_exceptions(error)]
        if any(answer is False for answer in answers):
            return False
        return _longest(answers)

    def __or__(self, other: On) -> Classifier:
        return Classifier(*self._alternatives(), *_alternatives_of(other))

    def __ror__(self, other: On) -> Classifier:
        return Classifier(*_alternatives_of(other), *self._alternatives())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Classifier):
            return NotImplemented
        return (self._parts, self._name) == (other._parts, other._name)

    def __hash__(self) -> int:
        return hash((self._parts, self._name))

    def __repr__(self) -> str:
        return self._name or f"({' | '.join(map(_shown, self._parts))})"

    def _judge(self, error: Exception) -> bool | float:
        answers = [answer for part in self._parts if (answer := _ask(part, error)) is not False]
        return _longest(answers) if answers else False

    def _alternatives(self) -> tuple[On, ...]:
        return self._parts if self._name is None else (self,)


def classifier_of(on: On) -> Classifier:
    """Make a classifier of what was given as `on`."""
    return on if isinstance(on, Classifier) else Classifier(on)


def check_on(field: str, on: object) -> None:
    """Raise unless `on` can say which errors are worth another attempt."""
    if isinstance(on, tuple):
        classes = cast("tuple[object, ...]", on)
        if not classes:
            raise ValueError(f"{field} must name at least one exception class; got ()")
        for item in classes:
            _check_class(field, item)
    elif isinstance(on, type):
        _check_class(field, cast("object", on))
    elif not callable(on):
        raise TypeError(f"{field} {_RIGHT}; {given(on)}")


def _check_class(field: str, item: object) -> None:
    if not _is_exception_class(item):
        raise TypeError(f"{field} {_RIGHT}; {given(item)}")
    if not issubclass(item, Exception):
        raise TypeError(
            f"{field} must name subclasses of Exception, because a retry policy is shown nothing else; "
            f"got {item.__name__}"
        )


def _is_exception_class(item: object) -> TypeGuard[type[BaseException]]:
    return isinstance(item, type) and issubclass(item, BaseException)


def _alternatives_of(on: On) -> tuple[On, ...]:
    return on._alternatives() if isinstance(on, Classifier) else (on,)  # pyright: ignore[reportPrivateUsage]


def _ask(on: On, error: Exception) -> bool | float:
    if _names_classes(on):
        return isinstance(error, on)
    return _checked(cast("Judge", on), cast("Judge", on)(error))


def _names_classes(on: On) -> TypeGuard[type[Exception] | tuple[type[Exception], ...]]:
    return isinstance(on, (type, tuple))


def _checked(judge: Judge, answer: object) -> bool | float:
    if answer is None or isinstance(answer, bool):
        return bool(answer)
    seconds = answer.total_seconds() if isinstance(answer, timedelta) else answer
    if not isinstance(seconds, (int, float)):
        if inspect.iscoroutine(seconds):
            seconds.close()  # no warning that it was never awaited on top of the error
        raise TypeError(
            f"on={_shown(judge)} must answer with True, False, a number of seconds or a timedelta; "
            f"{given(seconds)}"
        )
    if not 0 <= seconds < math.inf:
        raise ValueError(
            f"on={_shown(judge)} must answer with a finite number of seconds, 0 or more; "
            f"{given(answer)}"
        )
    return float(seconds)


def _longest(answers: list[bool | float]) -> bool | float:
    """The longest wait among positive answers; True if none of them names one."""
    waits = [answer for answer in answers if answer is not True]
    return max(waits) if waits else True


def _shown(on: object) -> str:
    if isinstance(on, tuple):
        return " | ".join(map(_shown, cast("tuple[object, ...]", on)))
    name: object = getattr(on, "__qualname__", None)
    return name if isinstance(name, str) else repr(on)

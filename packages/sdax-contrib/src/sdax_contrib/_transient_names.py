"""Know the classes of an error by name, so that no library has to be imported."""

from __future__ import annotations

from sdax_core import RetryableException

_ALWAYS = (TimeoutError, ConnectionError, RetryableException)


def names_of(error: BaseException) -> set[str]:
    """The classes of `error` as `"package.Class"`, whatever module of the package they are in."""
    return {f"{cls.__module__.partition('.')[0]}.{cls.__name__}" for cls in type(error).__mro__}


def is_always_transient(error: Exception) -> bool:
    """Whether a plain `TaskFunction` would try again: the timeout of an attempt is among these."""
    return isinstance(error, _ALWAYS)

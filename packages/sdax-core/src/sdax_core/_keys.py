"""Keys: any hashable values, of mixed kinds, that nothing may need to be sortable (guarantee 1)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from contextlib import suppress
from itertools import pairwise
from typing import Any, TypeVar, cast

_Key = TypeVar("_Key", bound=Hashable)


def check_key(key: object, what: str = "the name of a task") -> None:
    """Raise a `TypeError` that names `key` if it is not hashable, in whole or in part."""
    try:
        hash(key)
    except TypeError as error:
        raise TypeError(
            f"{what} must be hashable, like a string or a tuple of strings; "
            f"got {key!r} ({type(key).__name__}): {error}"
        ) from None


def listing_order(keys: Iterable[_Key]) -> tuple[_Key, ...]:
    """Sort distinct keys for a listing if they have an order, else leave them as they come.

    That `sorted` raises nothing does not prove an order. Frozensets compare as subsets and NaN with
    nothing, so the result would depend on the order in which the keys come. It is an order if, and
    only if, each of the sorted keys is less than the next: `<` is transitive, so any two compare.
    """
    as_added = tuple(keys)
    # Mostly a TypeError for keys of several kinds, but `<` is the keys' own and may raise anything.
    with suppress(Exception):
        in_order = sorted(cast("tuple[Any, ...]", as_added))
        if all(key < following for key, following in pairwise(in_order)):
            return tuple(in_order)
    return as_added


def nearest_key(key: Hashable, candidates: Iterable[_Key]) -> _Key | None:
    """Find the candidate that is spelled most like `key`, or `None` if none comes near it.

    Keys are compared as text, so that `("db", "opne")` finds `("db", "open")` and `"1"` finds `1`.
    """
    from difflib import get_close_matches  # only where an error is being written

    by_text: dict[str, _Key] = {}
    for candidate in candidates:
        by_text.setdefault(str(candidate), candidate)
    for text in get_close_matches(str(key), by_text, n=1):
        return by_text[text]
    return None

"""A dependency that only orders."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, cast

from sdax_core._frozen import fully_frozen
from sdax_core._keys import check_key
from sdax_core._type_variables import K, K_co


@fully_frozen
class After(Generic[K_co]):
    """What `after(key)` gives: stands for `key` in `depends_on`. Equal if the keys are."""

    __slots__ = ("key",)

    key: K_co
    """The key of the task to wait for."""

    def __init__(self, key: K_co) -> None:
        if isinstance(key, After):
            raise TypeError(f"after(...) takes the key of a task; got {key!r}: write it once")
        check_key(key, "the key in after(...)")
        object.__setattr__(self, "key", key)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, After):
            return bool(self.key == cast("After[Hashable]", other).key)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((After, self.key))

    def __repr__(self) -> str:
        return f"after({self.key!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would restore the key by assignment, which a frozen object refuses.
        return After, (self.key,)


def after(key: K) -> After[K]:
    """Name a task in `depends_on` that is only waited for, whether it ends well or badly.

    `depends_on=("db", after("cache"))` starts once `"db"` is passed and `"cache"` has ended. That is how
    a required task names an optional one (guarantee 38). A key that is named both ways is an
    ordinary dependency.

    Raises:
        TypeError: `key` is not hashable, or is itself an `after(...)`.
    """
    return After(key)

"""Makes a frozen, slotted dataclass refuse every assignment alike."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import NoReturn, TypeVar

_Class = TypeVar("_Class", bound=type)


def fully_frozen(cls: _Class) -> _Class:
    """Repair `@dataclass(frozen=True, slots=True)`, on top of which it stands.

    A slotted dataclass is a second class, made from the first, but its `__setattr__` still speaks
    of the first: setting an attribute that is no field ends in a `TypeError` about `super()`.
    `typing` sets such an attribute, `__orig_class__`, on what `TaskFunction[Context](...)` makes.
    On 3.11 and 3.12 it forgives an `AttributeError` alone, so that the call itself would fail.
    """
    type.__setattr__(cls, "__setattr__", _refuse_assignment)
    type.__setattr__(cls, "__delattr__", _refuse_deletion)
    return cls


def _refuse_assignment(self: object, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to {name!r}: a {type(self).__name__} is immutable")


def _refuse_deletion(self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete {name!r}: a {type(self).__name__} is immutable")

"""The type variables of the package, spelled once, and the default of the key at run time.

`T` is the type of a run's context, `K` the type of the tasks' keys. For type checkers they have
defaults (PEP 696): any context, keys of type `str`. `typing.TypeVar` takes a default only from
Python 3.13 on, and this package depends on nothing, so the run-time variables have none;
`StringKeysByDefault` makes up for it where a class is subscripted.

Values that only take a context and only give a key (a task, say) declare that with `T_contra` and
`K_co`: a task written for any object with a database fits a graph whose context has one, and a
task with a `str` key fits a graph whose keys are `str | int`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
    """The type of a run's context. For type checkers it is any, unless it is given."""
    T_contra = TypeVar("T_contra", contravariant=True, default=Any)
    K = TypeVar("K", bound=Hashable, default=str)
    """The type of the tasks' keys. For type checkers it is `str`, unless it is given."""
    K_co = TypeVar("K_co", bound=Hashable, covariant=True, default=str)
else:
    from typing import TypeVar

    T = TypeVar("T")
    T_contra = TypeVar("T_contra", contravariant=True)
    K = TypeVar("K", bound=Hashable)
    K_co = TypeVar("K_co", bound=Hashable, covariant=True)

R = TypeVar("R")
"""The result of a subtask."""


class StringKeysByDefault:
    """Base of classes generic in `(T, K)` that lets `Class[Context]` leave the key out.

    Plain `Generic` refuses too few arguments. This class stands before `Generic` among the bases
    and fills in `str` for a key that was left out (guarantee 4). For type checkers the default of
    `K` does the same.
    """

    __slots__ = ()

    if not TYPE_CHECKING:

        def __class_getitem__(cls, arguments):
            given = arguments if isinstance(arguments, tuple) else (arguments,)
            if cls.__parameters__[len(given) :] in ((K,), (K_co,)):
                given += (str,)
            return super().__class_getitem__(given)

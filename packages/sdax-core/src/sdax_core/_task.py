"""A task: a key and up to three functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Generic, cast

from sdax_core._after import After
from sdax_core._frozen import fully_frozen
from sdax_core._keys import check_key
from sdax_core._phase_id import PhaseId
from sdax_core._setting_checks import check_flag, check_predicate
from sdax_core._task_function import TaskFunction
from sdax_core._type_variables import K_co, StringKeysByDefault, T_contra

_set = object.__setattr__


@fully_frozen
@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class AsyncTask(StringKeysByDefault, Generic[T_contra, K_co]):
    """A task with a function for each phase that it takes part in; with none it is a join.

    Immutable, and equal only to itself. One task may be in many graphs.

    Raises:
        TypeError: `name` is not hashable, a phase is not a `TaskFunction`, `when` is not a plain function,
            or `optional` is not a bool.
    """

    name: K_co
    """The key of the task: any hashable value (guarantee 1)."""
    pre_execute: TaskFunction[T_contra] | None = None
    """Prepares; starts once the dependencies are passed (guarantee 6)."""
    execute: TaskFunction[T_contra] | None = None
    """Works; starts once every `pre_execute` has ended well (guarantee 7)."""
    post_execute: TaskFunction[T_contra] | None = None
    """Cleans up; runs if `pre_execute` was started, however that ended (guarantee 13)."""

    _: KW_ONLY
    when: Callable[[T_contra], bool] | None = None
    """Asked once with the context, when the task would first start. If it says no, the functions of
    the task do not run, and the task counts as passed (guarantee 37)."""
    optional: bool = False
    """Whether a run goes on without this task if it fails (guarantee 38)."""

    # By hand, because the generated one and a __post_init__ take half as long again: making the tasks
    # is a good part of building a graph.
    def __init__(
        self,
        name: K_co,
        pre_execute: TaskFunction[T_contra] | None = None,
        execute: TaskFunction[T_contra] | None = None,
        post_execute: TaskFunction[T_contra] | None = None,
        *,
        when: Callable[[T_contra], bool] | None = None,
        optional: bool = False,
    ) -> None:
        check_key(name)
        if isinstance(name, After):
            raise TypeError(f"{name!r} is for depends_on: the name of a task is the key itself")
        for function in (pre_execute, execute, post_execute):
            if function is not None and not isinstance(cast("object", function), TaskFunction):
                raise _no_task_function(name, (pre_execute, execute, post_execute))
        if when is not None:
            check_predicate(f"task {name!r}: when", when)
        if optional is not False:
            check_flag(f"task {name!r}: optional", optional)
        _set(self, "name", name)
        _set(self, "pre_execute", pre_execute)
        _set(self, "execute", execute)
        _set(self, "post_execute", post_execute)
        _set(self, "when", when)
        _set(self, "optional", optional)

    def __repr__(self) -> str:
        parts = [
            f"{phase}={function!r}"
            for phase in PhaseId
            if (function := getattr(self, phase)) is not None
        ]
        if self.when is not None:
            parts.append(f"when={getattr(self.when, '__qualname__', None) or repr(self.when)}")
        if self.optional:
            parts.append("optional=True")
        return f"AsyncTask({', '.join([repr(self.name), *parts])})"


def _no_task_function(name: object, functions: Iterable[object]) -> TypeError:
    phase, function = next(
        (phase, function)
        for phase, function in zip(PhaseId, functions, strict=True)
        if function is not None and not isinstance(function, TaskFunction)
    )
    return TypeError(
        f"task {name!r}: {phase} must be a TaskFunction or None; "
        f"got {function!r}: wrap it with {_wrapper_for(function)}"
    )


def _wrapper_for(function: object) -> str:
    from inspect import iscoroutinefunction, isfunction  # nobody needs it who makes no mistake

    if not isfunction(function) or iscoroutinefunction(function):
        return "task_func(...)"
    return "task_sync_func(...), or with task_func(...) if it returns something to await"

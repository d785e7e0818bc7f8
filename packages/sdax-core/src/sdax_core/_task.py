"""A task: a key and up to three functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, cast

from sdax_core._frozen import fully_frozen
from sdax_core._keys import check_key
from sdax_core._phase_id import PhaseId
from sdax_core._task_function import TaskFunction
from sdax_core._type_variables import K_co, StringKeysByDefault, T_contra


@fully_frozen
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AsyncTask(StringKeysByDefault, Generic[T_contra, K_co]):
    """A task with a function for each phase that it takes part in; with none it is a join.

    Immutable, and equal only to itself. One task may be in many graphs.

    Raises:
        TypeError: `name` is not hashable, or a phase is not a `TaskFunction`.
    """

    name: K_co
    """The key of the task: any hashable value (guarantee 1)."""
    pre_execute: TaskFunction[T_contra] | None = None
    """Prepares; starts once the dependencies are passed (guarantee 6)."""
    execute: TaskFunction[T_contra] | None = None
    """Works; starts once every `pre_execute` has ended well (guarantee 7)."""
    post_execute: TaskFunction[T_contra] | None = None
    """Cleans up; runs if `pre_execute` was started, however that ended (guarantee 13)."""

    # A field that is added later must be keyword-only: the four above may be given by position.

    def __post_init__(self) -> None:
        check_key(self.name)
        for phase, function in (
            (PhaseId.PRE_EXEC, self.pre_execute),
            (PhaseId.EXECUTE, self.execute),
            (PhaseId.POST_EXEC, self.post_execute),
        ):
            if function is not None and not isinstance(cast("object", function), TaskFunction):
                raise TypeError(
                    f"task {self.name!r}: {phase} must be a TaskFunction or None; "
                    f"got {function!r}: wrap it with task_func(...)"
                )

    def __repr__(self) -> str:
        phases = [
            f"{phase}={function!r}"
            for phase in PhaseId
            if (function := getattr(self, phase)) is not None
        ]
        return f"AsyncTask({', '.join([repr(self.name), *phases])})"

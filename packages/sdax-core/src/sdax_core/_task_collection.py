"""Tasks and dependencies while they are being added."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, cast

from sdax_core._after import After
from sdax_core._dependencies import Tasks
from sdax_core._errors import GraphError
from sdax_core._graph import TaskGraph
from sdax_core._keys import check_key
from sdax_core._task import AsyncTask
from sdax_core._task_function import TaskFunction
from sdax_core._type_variables import K, T


class TaskCollection(Generic[T, K]):
    """What a builder and an analyzer fill, task by task. Refused tasks leave it as it was."""

    __slots__ = ("_dependencies", "_inherited", "_tasks")

    def __init__(self, inherited: Tasks | None = None) -> None:
        """Begin without tasks; `inherited` are those of a parent, which may be depended on."""
        self._inherited: Tasks = inherited or {}
        self._tasks: dict[K, AsyncTask[T, K]] = {}
        self._dependencies: dict[K, tuple[K | After[K], ...]] = {}

    def add(self, task: AsyncTask[T, K], depends_on: tuple[K | After[K], ...] = ()) -> None:
        """Add `task`, which starts after the tasks named in `depends_on`; they may be added later.

        Raises:
            GraphError: There is a task with this key already, here or in the parent (guarantee 3).
            TypeError: `task` is not an `AsyncTask`, or `depends_on` not a tuple of hashable keys.
        """
        if not isinstance(cast("object", task), AsyncTask):
            hint = ': write task("a name", execute=...)' if _is_function(task) else ""
            raise TypeError(
                f"add_task takes an AsyncTask; got {task!r} ({type(task).__name__}){hint}"
            )
        key = task.name
        if key in self._tasks:
            raise GraphError(_already_there(key, self._tasks[key].name))
        if self._inherited and key in self._inherited:
            raise GraphError(
                f"task {key!r} is in the parent already: each task needs a key of its own"
            )
        dependencies = _checked_dependencies(task, depends_on)
        self._tasks[key] = task
        self._dependencies[key] = dependencies

    def graph(self) -> TaskGraph[T, K]:
        """Make the graph of what was added so far.

        Raises:
            GraphError: Dependencies do not exist, there is a cycle (guarantee 3), or a required task
                depends on an optional one (guarantee 38).
        """
        return TaskGraph[T, K].of(self._tasks, self._dependencies, self._inherited)


def _is_function(given: object) -> bool:
    return isinstance(given, TaskFunction) or callable(given)


def _already_there(key: object, known: object) -> str:
    # 1, 1.0 and True are one key: then it helps to see what was there.
    known_as = "" if repr(key) == repr(known) else f" (as {known!r}, which equals it)"
    return f"task {key!r} is there already{known_as}: each task needs a key of its own"


def _checked_dependencies(
    task: AsyncTask[T, K], depends_on: tuple[K | After[K], ...]
) -> tuple[K | After[K], ...]:
    if type(depends_on) is not tuple:  # nearly always it is: the quick way
        depends_on = _as_tuple(task, depends_on)
    try:
        hash(depends_on)  # all of them at the speed of one call
    except TypeError:
        for dependency in depends_on:
            check_key(dependency, f"task {task.name!r}: a dependency")
        raise
    return depends_on


def _as_tuple(
    task: AsyncTask[T, K], depends_on: Iterable[K | After[K]]
) -> tuple[K | After[K], ...]:
    wrong = f"task {task.name!r}: depends_on must be a tuple of keys; got {depends_on!r}"
    if isinstance(depends_on, AsyncTask):
        one = cast("AsyncTask[Any, Any]", depends_on)
        raise TypeError(f"{wrong}: write ({one.name!r},)")
    if isinstance(depends_on, (str, bytes, After)):
        raise TypeError(f"{wrong}: write ({depends_on!r},)")
    try:
        return tuple(depends_on)
    except TypeError:
        raise TypeError(f"{wrong} ({type(depends_on).__name__})") from None

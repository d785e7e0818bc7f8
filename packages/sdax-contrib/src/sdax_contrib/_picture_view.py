"""What a picture shows of a graph: labels, kinds of tasks, kinds of edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from sdax_core import AsyncDagTaskProcessor, AsyncTask, PhaseId, TaskAnalysis, TaskGraph

from sdax_contrib._setting_checks import given

Drawable: TypeAlias = AsyncDagTaskProcessor[Any, Any] | TaskAnalysis[Any, Any] | TaskGraph[Any, Any]
"""What can be drawn: a processor, its analysis, or its graph."""
Direction: TypeAlias = Literal["right", "down"]
"""Where a graph leads. To the right suits long names and many tasks, down suits narrow pages."""

LONGEST_LABEL = 36


@dataclass(frozen=True, slots=True)
class ShownTask:
    """One task as pictures show it."""

    name: str
    """The key as text, every character of which can be printed."""
    phases: tuple[PhaseId, ...]
    """The phases that it has functions for."""
    is_optional: bool
    is_conditional: bool

    @property
    def is_join(self) -> bool:
        """Whether it has no function, and only stands for what it depends on."""
        return not self.phases

    @property
    def label(self) -> str:
        """The name, shortened in the middle if it is long."""
        if len(self.name) <= LONGEST_LABEL:
            return self.name
        kept = LONGEST_LABEL - 1
        return f"{self.name[: kept - kept // 3]}…{self.name[-(kept // 3) :]}"


@dataclass(frozen=True, slots=True)
class ShownEdge:
    """One dependency, from the number of the task that is waited for to the one that waits."""

    before: int
    task: int
    only_after: bool
    """Whether it only orders: `after(key)`."""


class View:
    """The tasks, numbered in the order of adding, and the edges of a graph."""

    def __init__(self, drawable: Drawable) -> None:
        self.graph: TaskGraph[Any, Any] = _graph_of(drawable)
        self.tasks: list[ShownTask] = [_shown(task) for task in self.graph.tasks]
        self.edges: list[ShownEdge] = list(_edges(self.graph))


def check_direction(direction: object) -> None:
    """Raise a `ValueError` if it is none."""
    if direction not in ("right", "down"):
        raise ValueError(f"direction must be 'right' or 'down'; {given(direction)}")


def _graph_of(drawable: Drawable) -> TaskGraph[Any, Any]:
    kinds = AsyncDagTaskProcessor, TaskAnalysis, TaskGraph
    if not isinstance(cast("object", drawable), kinds):
        hint = ": build() it first" if hasattr(drawable, "build") else ""
        raise TypeError(
            f"only a processor, its analysis or its graph can be drawn; {given(drawable)}{hint}"
        )
    if isinstance(drawable, TaskGraph):
        return drawable
    return drawable.graph if isinstance(drawable, TaskAnalysis) else drawable.analysis.graph


def _shown(task: AsyncTask[Any, Any]) -> ShownTask:
    return ShownTask(
        name=_printable(task.name if isinstance(task.name, str) else repr(task.name)),
        phases=tuple(phase for phase in PhaseId if getattr(task, phase) is not None),
        is_optional=task.optional,
        is_conditional=task.when is not None,
    )


def _edges(graph: TaskGraph[Any, Any]) -> Iterator[ShownEdge]:
    for task, predecessors in enumerate(graph.predecessors):
        for before in predecessors:
            yield ShownEdge(before, task, (before, task) in graph.only_after)


def _printable(text: str) -> str:
    """Write out what cannot be printed, and what would turn the text around it, as Python does."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )

"""Why functions of a run were cancelled."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Literal, TypeAlias

CancelKind: TypeAlias = Literal["caller", "deadline", "failure", "cleanup timeout", "resource"]


class CancelCause:
    """Why functions of a run were cancelled (guarantee 39). Its text is what the `CancelledError` says."""

    # A plain class: the methods that a dataclass generates cost most of the import.
    __slots__ = ("error", "kind", "task")

    def __init__(
        self, kind: CancelKind, task: Hashable = None, error: BaseException | None = None
    ) -> None:
        self.kind: CancelKind = kind
        """- `"caller"`: the Task that awaits the run was cancelled.
        - `"deadline"`: the `timeout` of the run ran out.
        - `"failure"`: a function of the same phase failed.
        - `"cleanup timeout"`: `cleanup_timeout` ran out.
        - `"resource"`: something that a task holds for the run has died.
        """
        self.task: Hashable = task
        """The key of the task that failed, or that held what died; else `None`."""
        self.error: BaseException | None = error
        """What it failed with; else `None`."""

    def __str__(self) -> str:
        match self.kind:
            case "caller":
                return "sdax: the caller of the run was cancelled"
            case "deadline":
                return "sdax: the run reached its deadline"
            case "cleanup timeout":
                return "sdax: the run reached its cleanup_timeout"
            case "failure":
                return f"sdax: task {self.task!r} failed"
            case "resource":
                return f"sdax: the resource {self.task!r} died"

    def __repr__(self) -> str:
        return f"CancelCause({self.kind!r}, {self.task!r}, {self.error!r})"

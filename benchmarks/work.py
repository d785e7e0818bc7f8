"""What a case asks its contestants to do, and how a contestant says that it cannot."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

AsyncFunction = Callable[[object], Coroutine[Any, Any, None]]
Run = Callable[[], Coroutine[Any, Any, object]]
"""Does the work once."""
Build = Callable[[], object]
"""Makes a graph of the tasks and checks it, ready to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Tasks, what they run, and in which order. Either `levels` or `dependencies` is given."""

    levels: tuple[int, ...] = ()
    """How many tasks each level has. A level starts when the level before it has ended."""
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Which tasks each task of a graph waits for."""
    pre_execute: AsyncFunction | None = None
    """Starts in order."""
    execute: AsyncFunction | None = None
    """Starts together once all `pre_execute` have ended, unless `execute_in_order`."""
    post_execute: AsyncFunction | None = None
    """Starts in reverse order."""
    execute_in_order: bool = False
    """Whether `execute` starts in order of the dependencies."""
    timeout: float | None = None
    """Seconds that each function may take."""
    retries: int = 0
    """How often a function that fails is tried again, at once."""
    subtasks: int = 0
    """If not 0: each task runs its function this many times, in subtasks of its own."""
    own_context: bool = False
    """Whether the functions of a task share context variables that no other task sees."""
    max_concurrency: int | None = None
    """How many functions may be running at once."""
    observed: bool = False
    """Whether an observer is told of the end of each function. By hand there is none."""
    at_once: int = 1
    """How many runs go on at the same time."""
    suspends: bool = False
    """Whether the functions suspend: what does not can do without a Task."""
    makes_tasks: bool = False
    """Whether building begins with making the tasks that the graph is made of."""

    @property
    def size(self) -> int:
        """How many tasks there are."""
        return sum(self.levels) or len(self.dependencies)

    @property
    def phases(self) -> tuple[AsyncFunction, ...]:
        """The functions that each task has."""
        functions = (self.pre_execute, self.execute, self.post_execute)
        return tuple(function for function in functions if function is not None)

    @property
    def calls(self) -> int:
        """How many calls of functions end well when all of it is done."""
        return self.size * len(self.phases) * (self.subtasks or 1) * self.at_once

    def keys_by_level(self) -> list[tuple[str, ...]]:
        """The keys of the tasks of each level."""
        starts = [sum(self.levels[:level]) for level in range(len(self.levels))]
        return [
            tuple(f"task_{number}" for number in range(start, start + size))
            for start, size in zip(starts, self.levels, strict=True)
        ]

    def graph(self) -> Mapping[str, tuple[str, ...]]:
        """The dependencies of each task, also where the work is given in levels."""
        if self.dependencies:
            return self.dependencies
        levels = self.keys_by_level()
        before = [(), *levels[:-1]]
        return {key: needed for needed, keys in zip(before, levels, strict=True) for key in keys}

    def needs(self) -> set[str]:
        """What a contestant must be able to do for it."""
        present = {
            "a graph": bool(self.dependencies),
            "phases": len(self.phases) > 1,
            "a timeout": self.timeout is not None,
            "retries": self.retries > 0,
            "subtasks": self.subtasks > 0,
            "contexts": self.own_context,
            "a bound": self.max_concurrency is not None,
            "an observer": self.observed,
        }
        return {need for need, is_present in present.items() if is_present}


class CannotDo(Exception):
    """A contestant cannot do a case. The message is the reason that the table shows."""


class WrongWork(Exception):
    """A contestant did something other than the case asks for."""


class Contestant(Protocol):
    """What the module of a contestant provides."""

    def prepare_run(self, work: Work) -> Run:
        """Everything that is done once, however often the work is run."""
        ...

    def prepare_build(self, work: Work) -> Build:
        """Everything that comes before the graph is built."""
        ...


REASONS = {
    "a graph": "has no graphs: only forks that are joined again",
    "phases": "has no phases: nothing is cleaned up",
    "a timeout": "has no timeouts",
    "retries": "has no retries",
    "subtasks": "gives a task no group for subtasks",
    "contexts": "keeps no context variables for a task",
    "a bound": "cannot bound how many functions run at once",
    "an observer": "calls no observer when a function has ended",
}


def check_needs(work: Work, *can: str) -> None:
    """Refuse work that needs more than a contestant `can` do.

    Raises:
        CannotDo: With the reasons.
    """
    missing = work.needs().difference(can)
    if missing:
        raise CannotDo("; ".join(REASONS[need] for need in sorted(missing)))


NO_GRAPH_TO_BUILD = "has no graph to build: it is made anew for each run"

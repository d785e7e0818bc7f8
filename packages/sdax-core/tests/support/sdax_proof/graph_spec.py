"""What a random graph is: plain values, so that a failing one can be read, pasted and replayed."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, cast

Phase = Literal["pre_execute", "execute", "post_execute"]
PHASES: tuple[Phase, ...] = ("pre_execute", "execute", "post_execute")

StepKind = Literal[
    "sleep",  # asyncio.sleep(seconds); 0 is one turn of the loop
    "set variable",  # and keep the token
    "reset variable",  # with the newest token of this task, if there is one
    "caught group",  # an asyncio.TaskGroup whose child fails after `seconds`, caught
    "caught timeout",  # an asyncio.timeout(seconds) that runs out, caught
    "subtask",  # sleeps `seconds` in the function's own task group
    "failing subtask",  # the same, then fails
    "cancel run",  # cancels the task that awaits the run
    "fail run",  # tells the run that something which the task holds has died
]
Ending = Literal[
    "return",
    "fail",
    "fail retryable",
    "fail group",  # an ExceptionGroup of two
    "stray cancel",  # raises CancelledError although nobody asked
    "keyboard interrupt",
    "keyboard interrupt group",
    "halt",  # a BaseException of the user's own
]
OnCancel = Literal["obey", "fail", "swallow", "linger", "outlast"]
When = Literal["yes", "no", "raise"]
Decision = float | Literal["raise"] | None
"""What a retry policy says: seconds to wait, or None to give up."""
InterceptorKind = Literal[
    "pass",
    "raise before",  # and so the function is not called
    "raise after",
    "stay outside",  # returns without having called the function
    "swallow",  # an Exception of the function
    "replace",  # an Exception of the function by another one, that may be retried
    "twice",  # calls the function, then tries to call it again
]


@dataclass(frozen=True)
class Step:
    """One thing that a function does."""

    kind: StepKind
    seconds: float = 0


@dataclass(frozen=True)
class Behaviour:
    """What one attempt does: its steps, then its ending; or `on_cancel`, when it is cancelled.

    To linger is to sleep for a quarter of a second and then to obey; to outlast is to sleep as long
    and then to return as if nothing had happened.
    """

    steps: tuple[Step, ...] = ()
    ending: Ending = "return"
    on_cancel: OnCancel = "obey"


@dataclass(frozen=True)
class InterceptorSpec:
    """What an interceptor does around each attempt, and how long it waits before and after."""

    kind: InterceptorKind = "pass"
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True)
class FunctionSpec:
    """A function and its settings; later attempts than those listed behave as the last one.

    With a `policy`, `retries`, `initial_delay` and `backoff_factor` are not used: it decides so after
    each failed attempt, and gives up when its decisions are used up.
    """

    attempts: tuple[Behaviour, ...] = (Behaviour(),)
    timeout: float | None = None
    retries: int = 0
    initial_delay: float = 0.25
    backoff_factor: float = 2.0
    task_group: bool = False
    policy: tuple[Decision, ...] | None = None
    interceptors: tuple[InterceptorSpec, ...] = ()

    def behaviour(self, attempt: int) -> Behaviour:
        """What attempt number `attempt` (from 0) does."""
        return self.attempts[min(attempt, len(self.attempts) - 1)]

    def decision(self, attempt: int) -> Decision:
        """What the policy says of attempt number `attempt` (from 0), if there is a policy."""
        decisions = self.policy or ()
        return decisions[attempt] if attempt < len(decisions) else None


@dataclass(frozen=True)
class TaskSpec:
    """A task; `depends_on` are places in the graph's `tasks`, `after` those of them that only order."""

    key: Hashable
    depends_on: tuple[int, ...] = ()
    pre_execute: FunctionSpec | None = None
    execute: FunctionSpec | None = None
    post_execute: FunctionSpec | None = None
    level: int = 0
    after: tuple[int, ...] = ()
    when: When | None = None
    optional: bool = False

    def function(self, phase: Phase) -> FunctionSpec | None:
        """The function of that phase."""
        function: FunctionSpec | None = getattr(self, phase)
        return function

    def with_function(self, phase: Phase, function: FunctionSpec | None) -> TaskSpec:
        """The same task with another function for that phase."""
        changed: dict[str, Any] = {phase: function}
        return replace(self, **changed)


@dataclass(frozen=True)
class GraphSpec:
    """A graph in the order in which its tasks are added, with its build options.

    With `levels`, the tasks are added to the level builder and `depends_on` is not used.
    """

    tasks: tuple[TaskSpec, ...]
    execute_order: Literal["together", "dependencies"] = "together"
    on_execute_error: Literal["continue", "cancel"] = "continue"
    max_concurrency: int | None = None
    cleanup_timeout: float | None = None
    levels: bool = False
    interceptors: tuple[InterceptorSpec, ...] = ()

    def only_orders(self, task: int, other: int) -> bool:
        """Whether `task` names `other` as `after(...)`: a required task must, if `other` is optional."""
        spec = self.tasks[task]
        return not self.levels and (
            other in spec.after or (self.tasks[other].optional and not spec.optional)
        )

    def is_optional(self, task: int, phase: Phase) -> bool:
        """Whether a failure in that phase is not the run's. With levels no task is optional."""
        return self.tasks[task].optional and not self.levels and phase != "post_execute"


def written(value: Any) -> str:
    """The expression that makes the value, without what is as by default."""
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        return "(" + "".join(f"{written(item)}, " for item in items).rstrip() + ")"
    if not is_dataclass(value) or isinstance(value, type):
        return repr(value)
    given = [
        f"{field.name}={written(getattr(value, field.name))}"
        for field in fields(value)
        if getattr(value, field.name) != field.default
    ]
    return f"{type(value).__name__}({', '.join(given)})"

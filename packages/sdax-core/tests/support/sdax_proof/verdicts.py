"""How each function may be said to have ended, judged from the trace alone.

Some endings are open: a function that raises CancelledError at the very moment at which its timeout
runs out and the run is cancelled may count as either. Then all possible verdicts are listed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from sdax_proof.graph_spec import FunctionSpec, Phase
from sdax_proof.trace import Call, Moment

Verdict = Literal["ok", "failed", "timeout", "stray", "cancelled", "fatal"]
OK: frozenset[Verdict] = frozenset({"ok"})
CANCELLED: frozenset[Verdict] = frozenset({"cancelled"})
FATAL: frozenset[Verdict] = frozenset({"fatal"})
FAILURES: frozenset[Verdict] = frozenset({"failed", "timeout", "stray"})
TOLERANCE = 1e-5
"""Seconds; times that are sums of random delays are not exact."""


@dataclass(eq=False)
class FunctionRun:
    """All attempts of one function in one run."""

    task: int
    phase: Phase
    spec: FunctionSpec
    calls: list[Call]
    verdicts: frozenset[Verdict] = frozenset()

    @property
    def name(self) -> str:
        """Task and phase, for messages."""
        return f"{self.task}.{self.phase}"

    @property
    def begun(self) -> Moment:
        """When its first attempt began."""
        return self.calls[0].begun

    @property
    def last(self) -> Call:
        """Its last attempt."""
        return self.calls[-1]

    @cached_property
    def over(self) -> Moment | None:
        """When its last attempt had ended, subtasks included."""
        return self.last.over

    @property
    def attempts_left(self) -> bool:
        """Whether it might have been retried once more."""
        return len(self.calls) <= self.spec.retries

    @property
    def surely_ok(self) -> bool:
        """It succeeded."""
        return self.verdicts == OK

    @property
    def surely_failed(self) -> bool:
        """It counts as a failure of the run."""
        return bool(self.verdicts) and self.verdicts <= FAILURES


def inside(error: BaseException | None) -> tuple[BaseException, ...]:
    """What is directly in a group; nothing, if it is none."""
    group: Any = error
    return group.exceptions if isinstance(error, BaseExceptionGroup) else ()


def is_fatal(error: BaseException | None) -> bool:
    """Whether it is neither an Exception nor a CancelledError, or a group that holds such a one."""
    if parts := inside(error):
        return any(is_fatal(part) for part in parts)
    return error is not None and not isinstance(error, (Exception, asyncio.CancelledError))


def errors_of(call: Call) -> list[BaseException]:
    """The errors of an attempt and its subtasks, without cancellations."""
    everything = [call.error, *(subtask.error for subtask in call.subtasks)]
    return [
        error
        for error in everything
        if error is not None and not isinstance(error, asyncio.CancelledError)
    ]


def is_retryable(error: BaseException) -> bool:
    """Whether it would be retried with the default settings."""
    if parts := inside(error):
        return all(is_retryable(part) for part in parts)
    return isinstance(error, (TimeoutError, ConnectionError))


def may_be_retried(call: Call, verdicts: frozenset[Verdict]) -> bool:
    """Whether one of the verdicts is a failure that is retried."""
    if "timeout" in verdicts:
        return True
    return "failed" in verdicts and all(is_retryable(error) for error in errors_of(call))


def timed_out(call: Call, moment: Moment | None = None) -> bool:
    """Whether the attempt's timeout had run out by that moment (or by its end)."""
    moment = moment or call.over
    if call.spec.timeout is None or moment is None:
        return False
    return moment.time >= call.begun.time + call.spec.timeout - TOLERANCE


def judge(call: Call, asked: bool) -> frozenset[Verdict]:
    """The possible verdicts on one attempt.

    Args:
        call: The attempt.
        asked: Whether the engine might have had a reason to cancel it before it was over.
    """
    if is_fatal(call.error):
        return FATAL
    if errors_of(call):
        return frozenset({"failed"})
    interrupted: set[Verdict] = set()
    if asked:
        interrupted.add("cancelled")
    if timed_out(call):
        interrupted.add("timeout")
    if call.error is None:
        # A cancel may have hit the task group's wait for subtasks and not the function.
        return OK | interrupted if call.subtasks else OK
    if call.stray is not None:
        return frozenset({"stray", *interrupted})
    return frozenset(interrupted) or CANCELLED

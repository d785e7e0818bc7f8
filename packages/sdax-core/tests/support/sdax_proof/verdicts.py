"""How each function may be said to have ended, judged from the trace alone.

Some endings are open: a function that raises CancelledError at the very moment at which its timeout
runs out and the run is cancelled may count as either. Then all possible verdicts are listed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from sdax_proof.events import Answer, Call, Moment
from sdax_proof.graph_spec import FunctionSpec, Phase

Verdict = Literal["ok", "failed", "timeout", "stray", "cancelled", "fatal"]
OK: frozenset[Verdict] = frozenset({"ok"})
CANCELLED: frozenset[Verdict] = frozenset({"cancelled"})
FATAL: frozenset[Verdict] = frozenset({"fatal"})
FAILURES: frozenset[Verdict] = frozenset({"failed", "timeout", "stray"})
RETRIED: frozenset[Verdict] = frozenset({"failed", "timeout"})
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
    deadline: float | None = None
    """When the run reaches its deadline, if that bounds this function."""

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
    def is_answer(self) -> bool:
        """It stands for a predicate that said no, or raised."""
        return self.last.is_answer

    @property
    def attempts_left(self) -> bool:
        """Whether it might have been retried once more."""
        shortest, _ = self.delays
        return shortest is not None and self._in_time(shortest)

    @property
    def surely_waits(self) -> bool:
        """Whether, if it might, it did at least begin to wait for that."""
        _, longest = self.delays
        return longest is not None and self._in_time(longest)

    def _in_time(self, delay: float) -> bool:
        # A retry that could begin only at or past the deadline is not waited for (guarantee 32).
        return self.deadline is None or self.over is None or self.over.time + delay < self.deadline

    @property
    def delays(self) -> tuple[float | None, float | None]:
        """The shortest and the longest wait for one more attempt; None if there is to be none."""
        return delays_after(self.spec, len(self.calls) - 1, self.last)

    @property
    def surely_ok(self) -> bool:
        """It succeeded."""
        return self.verdicts == OK

    @property
    def surely_failed(self) -> bool:
        """It counts as a failure of the run."""
        return bool(self.verdicts) and self.verdicts <= FAILURES


def delays_after(spec: FunctionSpec, attempt: int, call: Call) -> tuple[float | None, float | None]:
    """The shortest and the longest wait after the failed attempt of that number, from 0."""
    if call.is_answer or call.policy_error is not None:
        return None, None
    if spec.policy is not None:
        decision = spec.decision(attempt)
        return (None, None) if decision is None or decision == "raise" else (decision, decision)
    if attempt >= spec.retries:
        return None, None
    most = spec.initial_delay * spec.backoff_factor**attempt
    return most / 2, most


def inside(error: BaseException | None) -> tuple[BaseException, ...]:
    """What is directly in a group; nothing, if it is none."""
    group: Any = error
    return group.exceptions if isinstance(error, BaseExceptionGroup) else ()


def standing_for(answer: Answer) -> Call:
    """What stands for the `when` of a task that said no, or raised: an attempt that took no time."""
    moment, spec = answer.moment, FunctionSpec()
    return Call(
        answer.task,
        answer.phase,
        0,
        spec.behaviour(0),
        spec,
        begun=moment,
        ended=moment,
        error=answer.error,
        is_answer=True,
    )


def is_fatal(error: BaseException | None) -> bool:
    """Whether it is neither an Exception nor a CancelledError, or a group that holds such a one."""
    if parts := inside(error):
        return any(is_fatal(part) for part in parts)
    return error is not None and not isinstance(error, (Exception, asyncio.CancelledError))


def errors_of(call: Call) -> list[BaseException]:
    """The errors of an attempt and its subtasks, without cancellations."""
    if call.policy_error is not None:
        return [call.policy_error]
    everything = [call.error]
    if not call.intercepted:
        everything += [subtask.error for subtask in call.subtasks]
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
    """Whether one of the verdicts is a failure that is retried, if attempts are left."""
    if call.spec.policy is not None:
        return bool(verdicts & {"timeout", "failed"})
    if "timeout" in verdicts:
        return True
    return "failed" in verdicts and all(is_retryable(error) for error in errors_of(call))


def timed_out(call: Call, moment: Moment | None = None) -> bool:
    """Whether the attempt's timeout had run out by that moment (or by its end)."""
    moment = moment or call.over
    if call.spec.timeout is None or moment is None or call.entered is None:
        return False
    if call.left is not None and moment > call.left:
        return False  # What the interceptors do afterwards is not bounded.
    return moment.time >= call.entered.time + call.spec.timeout - TOLERANCE


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
    if timed_out(call) and not call.intercepted:
        interrupted.add("timeout")
    if call.error is None:
        # A cancel may have hit the task group's wait for subtasks and not the function.
        return OK | interrupted if call.is_blurred else OK
    if call.stray is not None and (call.error is call.stray or not call.intercepted):
        return frozenset({"stray", *interrupted})
    return frozenset(interrupted) or CANCELLED

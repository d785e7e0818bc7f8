"""Retry policies that decide what their description says, and check what they are asked."""

from __future__ import annotations

import asyncio
from random import Random

from sdax_proof.behaviour import RunContext, run_context
from sdax_proof.events import Call
from sdax_proof.graph_spec import FunctionSpec, Phase
from sdax_proof.verdicts import TOLERANCE


class PolicyTrouble(Exception):
    """What a policy raises."""


class DescribedPolicy:
    """Decides what `spec` says."""

    def __init__(self, task: int, phase: Phase, spec: FunctionSpec) -> None:
        self._task = task
        self._phase: Phase = phase
        self._spec = spec

    def __repr__(self) -> str:
        return f"<policy of {self._task}.{self._phase}>"

    def decide(
        self,
        attempt: int,
        error: Exception,
        elapsed: float,
        previous_delay: float | None,
        rng: Random,
        /,
    ) -> float | None:
        ctx = run_context.get()
        calls = ctx.trace.of(self._task, self._phase)
        previous = self._spec.decision(attempt - 2) if attempt > 1 else None
        if attempt != len(calls):
            ctx.trace.problems.append(f"33: {calls[-1].name} is called attempt {attempt}")
        if previous_delay != previous:
            ctx.trace.problems.append(f"33: {previous_delay} s is said to precede {calls[-1].name}")
        if not _is_error_of(calls[-1], error):
            ctx.trace.problems.append(f"33: {error!r} is shown as that of {calls[-1].name}")
        _check_sources(ctx, calls, elapsed, rng)
        decision = self._spec.decision(attempt - 1)
        if decision == "raise":
            trouble = calls[-1].policy_error = PolicyTrouble(f"about {calls[-1].name}")
            raise trouble
        return decision


def _is_error_of(call: Call, error: Exception) -> bool:
    if call.intercepted:
        return error is call.error
    if isinstance(call.error, asyncio.CancelledError) or call.error is None:
        return bool(call.subtasks) or isinstance(error, TimeoutError)
    return error is call.error or bool(call.subtasks)


def _check_sources(ctx: RunContext, calls: list[Call], elapsed: float, rng: Random) -> None:
    expected = ctx.trace.latest().time - calls[0].begun.time
    if not ctx.plan.loop.uvloop and abs(elapsed - expected) > TOLERANCE:
        ctx.trace.problems.append(f"33: {elapsed} s are said to have passed, not {expected}")
    if ctx.plan.own_clock and rng is not ctx.rng:
        ctx.trace.problems.append("33: another random source than the given one")

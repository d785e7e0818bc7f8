"""One function with settings, attempt after attempt (guarantees 23 and 33)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from sdax_core._attempt import current_lane, run_attempt
from sdax_core._notes import add_note, describe
from sdax_core._open_lanes import Lane
from sdax_core._phase_id import PhaseId
from sdax_core._plan import GuardedNode
from sdax_core._reports import Attempt, FunctionCall

if TYPE_CHECKING:
    from random import Random

    from sdax_core._retry_policy import RetryPolicy
    from sdax_core._run import Run
    from sdax_core._walk import Walk


async def run_guarded(
    walk: Walk, guarded: GuardedNode, ctx: Any, call: FunctionCall | None = None
) -> None:
    """Make attempts until one succeeds, none is left, or the error is not one to retry.

    Args:
        walk: The walk that runs the function.
        guarded: The function and its settings.
        ctx: The context of the run.
        call: What somebody is shown of it; `None` if nobody looks.
    """
    run_reported: Any = None
    if call is not None:
        from sdax_core._reported_attempt import run_reported_attempt  # on demand, as few runs are

        run_reported = run_reported_attempt
    policy = guarded.policy
    began = 0.0 if policy is None else _now(walk.run)
    retries: _Retries | None = None
    while True:
        attempt: Attempt | None = None
        try:
            if call is None:
                await run_attempt(walk, guarded, ctx)
            else:
                call.attempts += 1
                attempt = Attempt(call, call.attempts, walk.loop.time())
                await run_reported(walk, guarded, current_lane(), ctx, attempt)
        except Exception as error:
            lane = current_lane()
            if policy is None or walk.was_cancel_asked(lane):
                raise
            retries = retries or _Retries(walk, guarded, policy, began)
            delay = retries.delay_after(error)
            if delay is None:
                raise
            last = error
        else:
            if guarded.on_success is not None:
                _tell_of_success(guarded.on_success, walk, guarded)
            return
        if attempt is not None and walk.run.observation is not None:
            walk.run.observation.tell("retry_scheduled", attempt, delay)
        await retries.wait(lane, delay, last)


def _tell_of_success(on_success: Callable[[int], object], walk: Walk, guarded: GuardedNode) -> None:
    attempt = walk.attempts.get(guarded.node, 1)
    try:
        on_success(attempt)
    except Exception as trouble:
        add_note(
            trouble,
            f"sdax: raised in the retry policy {guarded.policy!r}, which was told that attempt {attempt} "
            "had succeeded",
        )
        raise


class _Retries:
    """The retries of one function in one run."""

    __slots__ = ("_began", "_guarded", "_policy", "_previous_delay", "_retry", "_walk")

    def __init__(self, walk: Walk, guarded: GuardedNode, policy: RetryPolicy, began: float) -> None:
        self._walk = walk
        self._guarded = guarded
        self._policy = policy
        self._began = began
        self._retry = 0
        self._previous_delay: float | None = None

    def delay_after(self, error: Exception) -> float | None:
        """Seconds to wait before the next attempt; `None` if there is to be none."""
        run, attempt = self._walk.run, self._retry + 1
        elapsed = _now(run) - self._began
        try:
            decided: object = self._policy.decide(
                attempt, error, elapsed, self._previous_delay, _random_source(run)
            )
        except Exception as trouble:
            add_note(trouble, self._note(attempt, error))
            raise
        if decided is None:
            return None
        delay = self._checked(decided, attempt, error)
        if self._walk.phase is PhaseId.POST_EXEC or run.deadline is None:
            return delay
        # A retry that could only begin past the deadline is not waited for.
        return delay if run.loop.time() + delay < run.deadline else None

    async def wait(self, lane: Lane, delay: float, last: Exception) -> None:
        """Wait for the next attempt."""
        walk = self._walk
        try:
            if walk.cancel_may_survive:
                await _drop_surviving_cancel(walk, lane)
            clock = walk.run.settings.clock
            await (asyncio.sleep(delay) if clock is None else clock.sleep(delay))
        except asyncio.CancelledError:
            walk.run.record.remark(
                f"sdax: task {self._guarded.key!r}, {self._guarded.phase}: cancelled while waiting for attempt "
                f"{self._retry + 2}; attempt {self._retry + 1} had failed with {describe(last)}"
            )
            raise
        self._retry += 1
        self._previous_delay = delay
        walk.attempts[self._guarded.node] = self._retry + 1

    def _checked(self, decided: object, attempt: int, error: Exception) -> float:
        is_number = isinstance(decided, (int, float)) and not isinstance(decided, bool)
        if is_number and 0 <= cast("float", decided) < math.inf:
            return float(cast("float", decided))
        wrong = (ValueError if is_number else TypeError)(
            f"task {self._guarded.key!r}, {self._guarded.phase}: the retry policy {self._policy!r} decided "
            f"{decided!r}; it must be a finite number of seconds, 0 or more, or None to give up"
        )
        add_note(wrong, self._note(attempt, error))
        raise wrong from error

    def _note(self, attempt: int, error: Exception) -> str:
        return (
            f"sdax: raised in the retry policy {self._policy!r}, which was asked about attempt {attempt}; "
            f"that had failed with {describe(error)}"
        )


def _now(run: Run) -> float:
    clock = run.settings.clock
    return run.loop.time() if clock is None else clock.time()


def _random_source(run: Run) -> Random:
    import random  # most processes never retry, and it is slow to import

    # The functions of the module are those of a Random, and the ones that programs seed.
    return run.settings.rng or cast("Random", random)


async def _drop_surviving_cancel(walk: Walk, lane: Lane) -> None:
    """Let a cancel that a TaskGroup left pending on this Task go off where it does no harm."""
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        if walk.was_cancel_asked(lane):
            raise

"""A run as the oracle sees it: its functions with their verdicts, and what could stop them."""

from __future__ import annotations

import sys
from functools import cached_property

from sdax_proof.events import Call, CancelRequest, Moment
from sdax_proof.graph_spec import PHASES, FunctionSpec, Phase
from sdax_proof.one_run import Result
from sdax_proof.verdicts import (
    CANCELLED,
    FAILURES,
    FATAL,
    OK,
    TOLERANCE,
    FunctionRun,
    Verdict,
    judge,
    may_be_retried,
    standing_for,
)
from sdax_proof.waiting import Waiting

TASK_GROUP_ROUNDS = 3
"""Rounds of the loop within which an attempt knows that its subtasks have ended."""


class View:
    """Facts that the rules share; made once per run."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.graph = result.graph
        self.trace = result.trace
        self.runs: dict[tuple[int, Phase], FunctionRun] = {}
        self.refused = {answer.task for answer in self.trace.answers if answer.said != "yes"}
        """The tasks whose predicate said no, or raised."""
        for phase in PHASES:
            self._collect_runs(phase)
        self.stops: dict[Phase, list[tuple[FunctionRun, Moment]]] = {phase: [] for phase in PHASES}
        """The functions of a phase that may have stopped it, and when."""
        for phase in PHASES:
            self._find_stops(phase)
            self._find_stops(phase)  # Ends with subtasks are blurred: a later stop may reach back.
            self._judge_waits(phase)
        self.waiting = {phase: Waiting(self, phase) for phase in PHASES}

    def _collect_runs(self, phase: Phase) -> None:
        calls: dict[int, list[Call]] = {}
        for call in self.trace.calls:
            if call.phase == phase:
                calls.setdefault(call.task, []).append(call)
        for answer in self.trace.answers:
            if answer.phase == phase and answer.said != "yes":
                calls.setdefault(answer.task, []).append(standing_for(answer))
        deadline = None if phase == "post_execute" else self.deadline
        for task in sorted(calls):
            spec = (
                FunctionSpec() if task in self.refused else self.graph.tasks[task].function(phase)
            )
            assert spec is not None
            run = FunctionRun(task, phase, spec, calls[task], deadline=deadline)
            self.runs[task, phase] = run

    @property
    def deadline(self) -> float | None:
        """When the run reaches its deadline."""
        return self.trace.deadline(self.result.plan.timeout)

    @cached_property
    def left_out(self) -> set[int]:
        """Optional tasks that could not prepare, and what depends on them."""
        failed = {run.task for run in self.of("pre_execute") if run.surely_failed}
        return {*failed, *self.waiting["pre_execute"].skipped}

    @property
    def exact(self) -> bool:
        """Whether the clock is virtual, so that times mean something."""
        return not self.result.plan.loop.uvloop

    @property
    def starts_eagerly(self) -> bool:
        """Whether a phase's first functions begin in the very step in which the phase does."""
        return sys.version_info >= (3, 12) and self.result.plan.loop.factory is None

    @property
    def request(self) -> CancelRequest | None:
        """The first cancel request to the task that awaits the run."""
        return self.trace.requests[0] if self.trace.requests else None

    @property
    def is_disturbed(self) -> bool:
        """Whether anything but the functions themselves may have ended the run early."""
        trace = self.trace
        late = self.deadline is not None and (
            self.over_before("execute") >= self.deadline
            or any(run.over is None or run.over.time >= self.deadline for run in self.of("execute"))
        )
        stopped = any(failure.stops for failure in trace.run_failures)
        return bool(trace.requests or trace.interruptions or stopped or late)

    def is_optional(self, run: FunctionRun) -> bool:
        """Whether its failure is not the run's."""
        return self.graph.is_optional(run.task, run.phase)

    def of(self, phase: Phase) -> list[FunctionRun]:
        """The functions of a phase that were begun."""
        return [run for (_, own), run in self.runs.items() if own == phase]

    def first_begun(self, phase: Phase) -> Moment | None:
        """When the first function of a phase began."""
        return min((run.begun for run in self.of(phase)), default=None)

    def over_before(self, phase: Phase) -> float:
        """The time at which all functions of the earlier phases had ended."""
        assert self.trace.begun is not None
        times = [self.trace.begun.time]
        for earlier in PHASES[: PHASES.index(phase)]:
            times += [run.over.time for run in self.of(earlier) if run.over is not None]
        if phase in self.trace.phases:
            times.append(self.trace.phases[phase].time)
        elif phase == "post_execute" and self.trace.left_body is not None:
            times.append(self.trace.left_body.time)
        return max(times)

    def cleanup_deadline(self) -> float | None:
        """The time at which `cleanup_timeout` runs out, at the earliest."""
        limit = self.graph.cleanup_timeout
        return None if limit is None else self.over_before("post_execute") + limit

    def request_may_reach(self, run: FunctionRun) -> bool:
        """Whether the first cancel request may be passed on to this function."""
        request = self.request
        if request is None:
            return False
        if run.phase != "post_execute" or not request.certain:
            # A request by a timer or a scope is noted a little before it is made.
            return run.phase != "post_execute" or self._received_while_running(request, run)
        if self._earlier_phase_active(request.made):
            return False
        first = self.first_begun("post_execute")
        if first is not None and request.made.number < first.number and self.starts_eagerly:
            return False  # The phase had not begun: the request was made between two phases.
        return self._received_while_running(request, run)

    def _received_while_running(self, request: CancelRequest, run: FunctionRun) -> bool:
        return request.received is None or run.begun.number < request.received.number

    def _earlier_phase_active(self, moment: Moment) -> bool:
        """Whether a function before cleanup was under way at that moment."""
        return any(
            run.begun.number < moment.number
            and (run.over is None or run.over.number > moment.number)
            for run in self.runs.values()
            if run.phase != "post_execute"
        )

    def reasons_to_cancel(self, run: FunctionRun) -> list[Moment]:
        """The moments from which on the engine may have a reason to cancel this function."""
        reasons = [stop for other, stop in self.stops[run.phase] if other is not run]
        if self.request is not None and self.request_may_reach(run):
            reasons.append(self.request.made)
        reasons += [moment for moment in self._shutdowns() if moment > run.begun]
        reasons += self._calls_to_stop(run)
        if run.deadline is not None:
            reasons.append(Moment(0, run.deadline - TOLERANCE, 0))
        deadline = self.cleanup_deadline()
        if run.phase == "post_execute" and deadline is not None:
            reasons.append(Moment(0, deadline - TOLERANCE, 0))
        return reasons

    def _calls_to_stop(self, run: FunctionRun) -> list[Moment]:
        """When `RunHandle.fail` was called, or an observer raised what ends the run."""
        failures = [failure.made for failure in self.trace.run_failures if failure.stops]
        moments = [moment for moment, _ in self.trace.interruptions]
        if run.phase != "post_execute":
            moments += failures
        return [moment for moment in moments if moment > run.begun]

    def _shutdowns(self) -> list[Moment]:
        """When each asyncio task was cancelled from outside, those of functions among them."""
        if self.result.plan.cancelling.how != "shutdown":
            return []
        return [request.made for request in self.trace.requests if not request.from_inside]

    def shut_down_after_a_reason(self, run: FunctionRun) -> bool:
        """Whether its own asyncio task was cancelled after the engine may have cancelled it."""
        shutdowns = self._shutdowns()
        return any(reason < made for made in shutdowns for reason in self.reasons_to_cancel(run))

    def asked(self, run: FunctionRun, moment: Moment) -> bool:
        """Whether the engine may have had a reason to cancel this function by that moment."""
        return any(
            reason.time <= moment.time and reason.number <= moment.number
            for reason in self.reasons_to_cancel(run)
        )

    def asked_before_end(self, run: FunctionRun, call: Call, over: Moment) -> bool:
        """The same for the end of an attempt, which with subtasks comes a little after it is seen."""
        if not call.is_blurred:
            return self.asked(run, over)
        return any(
            reason.time <= over.time and reason.cycle <= over.cycle + TASK_GROUP_ROUNDS
            for reason in self.reasons_to_cancel(run)
        )

    def latest_end(self, run: FunctionRun) -> float:
        """The time at which it had ended at the latest: a wait for a retry lasts until a cancel."""
        assert run.over is not None
        if "cancelled" not in run.verdicts or not run.attempts_left:
            return run.over.time
        reasons = [reason.time for reason in self.reasons_to_cancel(run)]
        return min([time for time in reasons if time > run.over.time], default=run.over.time)

    def stopping(self, phase: Phase, task: int | None = None) -> frozenset[Verdict]:
        """The verdicts on a function (of that task) that cancel the others of its phase."""
        if task is not None and self.graph.is_optional(task, phase):
            return FATAL
        continues = phase == "execute" and self.graph.on_execute_error == "continue"
        if phase == "post_execute" or continues:
            return FATAL
        return FAILURES | FATAL

    def _ended(self, phase: Phase) -> list[tuple[Moment, FunctionRun]]:
        ended = [(run.over, run) for run in self.of(phase) if run.over is not None]
        return sorted(ended, key=lambda pair: pair[0])

    def _find_stops(self, phase: Phase) -> None:
        # In the order of their ends: what stops a function ended before it did.
        stops = self.stops[phase]
        for over, run in self._ended(phase):
            asked = self.asked_before_end(run, run.last, over)
            run.verdicts = judge(run.last, asked)
            waits = run.attempts_left and may_be_retried(run.last, run.verdicts)
            waits = waits and run.surely_waits and "stray" not in run.verdicts
            stopping = run.verdicts & self.stopping(phase, run.task) and (asked or not waits)
            if stopping and (run, over) not in stops:
                stops.append((run, over))

    def _judge_waits(self, phase: Phase) -> None:
        for over, run in self._ended(phase):
            if run.attempts_left and may_be_retried(run.last, run.verdicts):
                # Stopped while it waited to be retried; or its last error came of being cancelled.
                asked = self.asked_before_end(run, run.last, over)
                open_end = asked or not run.surely_waits or "stray" in run.verdicts
                # One whose attempt may have succeeded after all was not retried for that reason.
                left = run.verdicts if open_end else run.verdicts & OK
                run.verdicts = left | CANCELLED

"""The oracle can fail: what a run did is forged, and each rule finds the forgery."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from sdax_core import PhaseId, SdaxExecutionError, TaskFailure
from sdax_proof.behaviour import Boom
from sdax_proof.events import CancelRequest, Moment
from sdax_proof.graph_spec import Behaviour, FunctionSpec, GraphSpec, Phase, Step, TaskSpec
from sdax_proof.one_run import Result, run_once
from sdax_proof.oracle import BASIC_RULES, RULES, broken_promises
from sdax_proof.plans import Cancelling, Plan
from sdax_proof.view import View

if TYPE_CHECKING:
    from sdax_core import RunHandle

SECOND = FunctionSpec((Behaviour((Step("sleep", 1.0),)),))
TASKS = (
    TaskSpec("below", (), SECOND, SECOND, SECOND),
    TaskSpec("above", (0,), SECOND, SECOND, SECOND),
    TaskSpec("beside", (0,), SECOND, SECOND, SECOND),
)


def shift(moment: Moment | None, seconds: float = 0, number: int = 0) -> Moment:
    assert moment is not None
    return Moment(moment.number + number, moment.time + seconds, moment.cycle)


def lose_a_cleanup(result: Result) -> None:
    result.trace.calls.remove(result.trace.of(1, "post_execute")[0])


def clean_up_twice(result: Result) -> None:
    call = result.trace.of(1, "post_execute")[0]
    later = shift(call.ended, number=1)
    result.trace.calls.append(replace(call, attempt=1, begun=later, ended=later))


def begin_at_the_beginning(task: int, phase: Phase) -> Callable[[Result], None]:
    def forge(result: Result) -> None:
        assert result.trace.begun is not None
        result.trace.of(task, phase)[0].begun = result.trace.begun

    return forge


def move(task: int, phase: Phase, seconds: float) -> Callable[[Result], None]:
    def forge(result: Result) -> None:
        call = result.trace.of(task, phase)[0]
        call.begun = shift(call.begun, seconds)

    return forge


def swap_two(result: Result) -> None:
    first, second = (result.trace.of(task, "pre_execute")[0] for task in (1, 2))
    first.begun, second.begun = second.begun, first.begun


def forget_a_function(result: Result) -> None:
    result.trace.calls.remove(result.trace.of(2, "execute")[0])


def cancel_without_a_reason(result: Result) -> None:
    call = result.trace.of(1, "execute")[0]
    call.cancels.append(shift(call.begun))


def fail_unheard(result: Result) -> None:
    result.trace.of(1, "post_execute")[0].error = Boom("unheard")


def fail_and_go_on(result: Result) -> None:
    result.trace.of(0, "pre_execute")[0].error = Boom("ignored")


def raise_from_nowhere(result: Result) -> None:
    result.raised = SdaxExecutionError("forged", [Boom("nobody's")])


def fail_without_a_function(result: Result) -> None:
    assert result.trace.handle is not None
    failures = result.trace.handle.failures

    class Claim:
        def __init__(self) -> None:
            failure = TaskFailure("below", PhaseId.EXECUTE, 1, Boom("nobody's"))
            self.failures = (*failures, failure)

    result.trace.handle = cast("RunHandle", Claim())


def cancel_nobody(result: Result) -> None:
    result.raised = asyncio.CancelledError()


def swallow_the_cancel(result: Result) -> None:
    result.raised = None


def ignore_the_cancel(result: Result) -> None:
    call = next(call for call in result.trace.calls if call.cancels)
    call.cancels.clear()
    call.ended = shift(call.ended, 0.5)


def lose_the_timeout(result: Result) -> None:
    result.around = asyncio.CancelledError()


def claim_to_have_skipped(result: Result) -> None:
    class Claim(Exception):
        skipped = ("above",)

    result.raised = Claim()


def request_before_execute(result: Result) -> None:
    begun = result.trace.of(0, "execute")[0].begun
    result.trace.requests.append(CancelRequest(shift(begun, number=-1), received=shift(begun)))


CALM = Cancelling()
AT_STEP_3 = Cancelling("steps", (3,))
IN_THE_MIDDLE = Cancelling("timeout", (), 0.5)
FORGERIES: list[tuple[str, Cancelling, Callable[[Result], None], str]] = [
    ("check_cleanup", CALM, lose_a_cleanup, "13: 1 was not cleaned up"),
    ("check_attempts", CALM, clean_up_twice, "23: 1.post_execute was begun 2 times"),
    (
        "check_order",
        CALM,
        begin_at_the_beginning(1, "pre_execute"),
        "6: 1.pre_execute began before",
    ),
    ("check_order", CALM, begin_at_the_beginning(0, "execute"), "7: 0.execute began before"),
    ("check_order", CALM, begin_at_the_beginning(0, "post_execute"), "8: 0.post_execute began"),
    ("check_concurrency", CALM, begin_at_the_beginning(2, "execute"), "9: 3 functions at once"),
    ("check_start_times", CALM, move(1, "post_execute", 0.5), "8: late start: 1.post_execute"),
    ("check_start_times", CALM, move(0, "post_execute", -0.5), "8: early start: 0.post_execute"),
    ("check_ties", CALM, swap_two, "9: 2.pre_execute began before 1.pre_execute"),
    ("check_everything_begins", CALM, forget_a_function, "7: 2.execute was never begun"),
    ("check_cancels", CALM, cancel_without_a_reason, "11: 1.execute#0 was cancelled for no reason"),
    ("check_nothing_begins_late", CALM, fail_and_go_on, "10: 1.pre_execute#0 began after 0.pre"),
    ("check_nothing_begins_late", CALM, request_before_execute, "17: 1.execute#0 began after"),
    ("check_skipped", CALM, claim_to_have_skipped, "11: [1] are listed as skipped, and not []"),
    ("check_promptness", IN_THE_MIDDLE, ignore_the_cancel, "#0 went on after the stop"),
    ("check_raised", CALM, fail_unheard, "14: nothing was raised"),
    ("check_raised", CALM, cancel_nobody, "17: CancelledError came out although nobody"),
    ("check_raised", AT_STEP_3, swallow_the_cancel, "17: None came out of a cancelled run"),
    ("check_timeout_around", IN_THE_MIDDLE, lose_the_timeout, "17: CancelledError() came out of"),
    ("check_failures", CALM, raise_from_nowhere, '14: (Boom("nobody\'s"),) is raised'),
    ("check_failures", CALM, fail_without_a_function, '14: Boom("nobody\'s") is told of'),
]


def forged(cancelling: Cancelling, forge: Callable[[Result], None]) -> Result:
    limit = 2 if cancelling is CALM else None
    result = run_once(GraphSpec(TASKS, max_concurrency=limit), Plan(cancelling=cancelling))
    assert not broken_promises(result)
    forge(result)
    return result


@pytest.mark.parametrize(("rule", "cancelling", "forge", "promise"), FORGERIES)
def test_a_rule_finds_what_it_is_there_for(
    rule: str, cancelling: Cancelling, forge: Callable[[Result], None], promise: str
) -> None:
    [check] = [check for check in RULES if check.__name__ == rule]
    found = list(check(View(forged(cancelling, forge))))
    assert any(promise in broken for broken in found), found


def test_every_rule_has_something_to_find() -> None:
    assert {rule for rule, *_ in FORGERIES} == {rule.__name__ for rule in BASIC_RULES}

"""The oracle can fail at what graphs and runs may be told, too: each forgery is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sdax_proof.behaviour import Boom
from sdax_proof.events import Moment
from sdax_proof.graph_spec import Behaviour, FunctionSpec, GraphSpec, Step, TaskSpec
from sdax_proof.one_run import Result, run_once
from sdax_proof.oracle import FEATURE_RULES, RULES, broken_promises
from sdax_proof.plans import Plan
from sdax_proof.view import View

SECOND = FunctionSpec((Behaviour((Step("sleep", 1.0),)),))
FAILING = FunctionSpec((Behaviour((Step("sleep", 1.0),), "fail"),))
RETRIED = FunctionSpec(
    (Behaviour((Step("sleep", 1.0),), "fail retryable"), Behaviour()), policy=(0.5,)
)
GRAPH = GraphSpec(
    (
        TaskSpec("cache", (), FAILING, SECOND, SECOND, optional=True),
        TaskSpec("needs the cache", (0,), SECOND, SECOND, optional=True),
        TaskSpec("after the cache", (0,), SECOND, RETRIED, SECOND, after=(0,)),
        TaskSpec("not wanted", (), SECOND, SECOND, SECOND, when="no"),
        TaskSpec("wanted", (3,), SECOND, None, SECOND, when="yes"),
    )
)
RECORDED = Plan(watching="recording")
RAISING = Plan(watching="raising", raises_at=5)
LIMITED = Plan(timeout=1.5, watching="recording")
AMPLE = Plan(timeout=100.0)


def shift(moment: Moment | None, seconds: float = 0, number: int = 0) -> Moment:
    assert moment is not None
    return Moment(moment.number + number, moment.time + seconds, moment.cycle)


def ask_twice(result: Result) -> None:
    result.trace.answers.append(replace(result.trace.answers[0]))


def forget_to_ask(result: Result) -> None:
    result.trace.answers = [answer for answer in result.trace.answers if answer.task != 4]


def ask_early(result: Result) -> None:
    answer = next(answer for answer in result.trace.answers if answer.task == 4)
    answer.moment = shift(answer.moment, number=-1)


def run_what_is_not_wanted(result: Result) -> None:
    call = result.trace.of(4, "pre_execute")[0]
    result.trace.calls.append(replace(call, task=3, phase="execute"))


def clean_up_what_is_not_wanted(result: Result) -> None:
    call = result.trace.of(4, "post_execute")[0]
    result.trace.calls.append(replace(call, task=3))


def run_what_depends_on_a_failure(result: Result) -> None:
    call = result.trace.of(2, "pre_execute")[0]
    result.trace.calls.append(replace(call, task=1))


def execute_what_is_left_out(result: Result) -> None:
    call = result.trace.of(2, "execute")[0]
    result.trace.calls.append(replace(call, task=0))


def start_before_what_it_is_after(result: Result) -> None:
    call = result.trace.of(2, "pre_execute")[0]
    call.begun = shift(result.trace.begun)


def retry_late(result: Result) -> None:
    call = result.trace.of(2, "execute")[1]
    call.begun = shift(call.begun, 0.25)
    call.ended = shift(call.ended, 0.25)


def see(outcome: str) -> Callable[[Result], None]:
    def forge(result: Result) -> None:
        result.trace.sightings[-1].outcome = outcome

    return forge


def see_an_error(result: Result) -> None:
    result.trace.sightings[0].exception = Boom("seen too early")


def see_success_in_a_cancelled_run(result: Result) -> None:
    sighting = result.trace.sightings[-1]
    sighting.outcome, sighting.exception = "succeeded", None
    sighting.moment = shift(sighting.moment, 0.5)


def raise_unseen(result: Result) -> None:
    result.raised = TimeoutError("forged")


def swallow_the_deadline(result: Result) -> None:
    result.raised = None


def begin_past_the_deadline(result: Result) -> None:
    call = result.trace.of(2, "pre_execute")[0]
    call.begun = shift(call.begun, 1.0)


def ignore_the_deadline(result: Result) -> None:
    for call in result.trace.calls:
        if call.cancels:
            call.cancels.clear()
            call.ended = shift(call.ended, 0.5)


def drop(name: str, index: int = 0) -> Callable[[Result], None]:
    def forge(result: Result) -> None:
        assert result.observer is not None
        named = [event for event in result.observer.events if event.name == name]
        result.observer.events.remove(named[index])

    return forge


def tell(name: str, argument: str, value: object, index: int = 0) -> Callable[[Result], None]:
    def forge(result: Result) -> None:
        assert result.observer is not None
        named = [event for event in result.observer.events if event.name == name]
        setattr(named[index].arguments[0], argument, value)

    return forge


def tell_another_reason(result: Result) -> None:
    assert result.observer is not None
    for event in result.observer.events:
        if event.name == "task_skipped":
            event.arguments = (*event.arguments[:3], "whim")


def forget_a_dependency(result: Result) -> None:
    tasks = list(GRAPH.tasks)
    tasks[2] = replace(tasks[2], depends_on=(), after=())
    result.graph = replace(GRAPH, tasks=tuple(tasks))


def log_nothing(result: Result) -> None:
    result.logged.clear()


FORGERIES: list[tuple[str, Plan, Callable[[Result], None], str]] = [
    ("check_predicates", RECORDED, ask_twice, "37: the when of 3 was asked twice"),
    ("check_predicates", RECORDED, forget_to_ask, "37: 4 ran and its when was not asked"),
    ("check_predicates", RECORDED, ask_early, "37: the when of 4 was asked at another time"),
    ("check_predicates", RECORDED, run_what_is_not_wanted, "37: 3.execute#0 ran although"),
    ("check_cleanup", RECORDED, clean_up_what_is_not_wanted, "37: 3 was cleaned up although"),
    ("check_skipped", RECORDED, run_what_depends_on_a_failure, "38: 1.pre_execute was begun"),
    ("check_order", RECORDED, run_what_depends_on_a_failure, "although 0.pre_execute did not"),
    ("check_skipped", RECORDED, execute_what_is_left_out, "38: 0.execute was begun although"),
    ("check_order", RECORDED, start_before_what_it_is_after, "6: 2.pre_execute began before"),
    ("check_attempts", RECORDED, retry_late, "23: 2.execute#1 came after 0.75 s of at most 0.5 s"),
    ("check_sightings", RECORDED, see("failed"), "31: 'failed' is seen in post_execute"),
    ("check_sightings", RECORDED, see("cancelled"), "31: 'cancelled' is seen in post_execute"),
    ("check_sightings", RECORDED, see("running"), "31: 'running' is seen in post_execute"),
    ("check_sightings", RECORDED, see_an_error, "and beside it Boom"),
    ("check_sightings", LIMITED, see_success_in_a_cancelled_run, "the run was not going well"),
    ("check_sightings", RECORDED, raise_unseen, "31: 'succeeded' is the outcome of a run that"),
    ("check_raised", RECORDED, raise_unseen, "although the deadline was not reached"),
    ("check_raised", LIMITED, swallow_the_deadline, "32: None came out of a run that reached"),
    ("check_nothing_begins_late", LIMITED, begin_past_the_deadline, "began after the deadline"),
    ("check_promptness", LIMITED, ignore_the_deadline, "32: 2.pre_execute#0 went on after"),
    ("check_observer", RECORDED, drop("run_ended"), "to end 0 times"),
    ("check_observer", RECORDED, drop("phase_ended"), "is said to start inside of"),
    ("check_observer", RECORDED, drop("function_started"), "said to start 0 and to end 1"),
    ("check_observer", RECORDED, drop("attempt_ended"), "34: 1 attempts of 0.pre_execute"),
    ("check_observer", RECORDED, drop("retry_scheduled"), "34: 0 retries of 2.execute"),
    ("check_observer", RECORDED, drop("task_skipped"), "34: [1] are told of as skipped, and"),
    ("check_observer", RECORDED, tell_another_reason, "37: 3 is said to be skipped in pre"),
    ("check_observer", RECORDED, forget_a_dependency, "be released by 'cache', and not by None"),
    ("check_observer", RECORDED, tell("function_started", "outcome", "cancelled"), "({'failed'})"),
    ("check_observer", RECORDED, tell("attempt_started", "ended_at", 7.0), "last from 0.0 to 7.0"),
    ("check_observer", LIMITED, tell("function_started", "cancel_cause", None, 2), "39: "),
    ("check_observer", RAISING, log_nothing, "34: 0 records were logged"),
]


def forged(plan: Plan, forge: Callable[[Result], None]) -> Result:
    result = run_once(GRAPH, plan)
    assert not broken_promises(result)
    forge(result)
    return result


@pytest.mark.parametrize(("rule", "plan", "forge", "promise"), FORGERIES)
def test_a_rule_finds_what_it_is_there_for(
    rule: str, plan: Plan, forge: Callable[[Result], None], promise: str
) -> None:
    [check] = [check for check in RULES if check.__name__ == rule]
    found = list(check(View(forged(plan, forge))))
    assert any(promise in broken for broken in found), found


def test_every_rule_has_something_to_find() -> None:
    assert {rule.__name__ for rule in FEATURE_RULES} <= {rule for rule, *_ in FORGERIES}

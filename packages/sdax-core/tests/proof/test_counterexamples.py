"""Every graph that ever broke a promise, as small as it could be made, in every kind of loop."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sdax_proof.campaign import at_every_step, hold_promises
from sdax_proof.graph_spec import (
    Behaviour,
    Ending,
    FunctionSpec,
    GraphSpec,
    OnCancel,
    Step,
    StepKind,
    TaskSpec,
)
from sdax_proof.plans import LOOP_KINDS, Cancelling, LoopKind, Plan

each_loop = pytest.mark.parametrize("loop", LOOP_KINDS, ids=lambda loop: loop.name)


def function(
    *kinds: StepKind, seconds: float = 0, ending: Ending = "return", on_cancel: OnCancel = "obey"
) -> FunctionSpec:
    steps = tuple(Step(kind, seconds) for kind in kinds)
    return FunctionSpec((Behaviour(steps, ending, on_cancel),))


@each_loop
def test_a_function_that_sets_a_variable_does_not_end_the_phase(loop: LoopKind) -> None:
    graph = GraphSpec(
        (
            TaskSpec("sets", execute=function("set variable")),
            TaskSpec("next", execute=function()),
        )
    )
    hold_promises(graph, [Plan(loop=loop)])


@each_loop
def test_a_function_in_a_kept_context_starts_in_its_turn(loop: LoopKind) -> None:
    graph = GraphSpec(
        (
            TaskSpec("before", execute=function()),
            TaskSpec("kept", pre_execute=function("set variable"), execute=function()),
            TaskSpec("after", execute=function()),
        )
    )
    hold_promises(graph, [Plan(loop=loop)])


@each_loop
def test_an_interrupt_beside_a_failed_subtask_comes_out_in_the_group_of_both(
    loop: LoopKind,
) -> None:
    group = function("failing subtask", "caught timeout", ending="halt")
    graph = GraphSpec((TaskSpec("a", post_execute=replace(group, task_group=True)),))
    hold_promises(graph, [Plan(loop=loop)])


@each_loop
def test_a_task_group_attempt_that_swallows_its_timeout_has_succeeded(loop: LoopKind) -> None:
    group = function("subtask", "sleep", seconds=1, on_cancel="swallow")
    graph = GraphSpec(
        (
            TaskSpec("next", (1,), pre_execute=function()),
            TaskSpec(
                "swallows", pre_execute=replace(group, timeout=1.0, retries=2, task_group=True)
            ),
        )
    )
    hold_promises(graph, [Plan(loop=loop)])


@each_loop
def test_a_cleanup_that_times_out_after_a_cancel_has_timed_out(loop: LoopKind) -> None:
    graph = GraphSpec(
        (
            TaskSpec("slow", post_execute=replace(function("sleep", seconds=1), timeout=1.0)),
            TaskSpec("cancels", post_execute=function("cancel run")),
            TaskSpec("first", (0,), post_execute=function("sleep", seconds=1)),
        )
    )
    hold_promises(graph, [Plan("open", loop=loop)])


@each_loop
def test_a_timeout_at_the_very_instant_of_a_cancel_is_no_stray_cancellation(loop: LoopKind) -> None:
    limited = replace(function("sleep", seconds=1), timeout=1.0)
    for task in (TaskSpec("t", execute=limited), TaskSpec("t", post_execute=limited)):
        graph = GraphSpec((task,))
        hold_promises(graph, [Plan("open", Cancelling("timeout", (), 1.0), loop)])
        hold_promises(graph, at_every_step(graph, Plan("open", loop=loop)))


@each_loop
def test_a_timeout_without_a_wait_at_the_instant_of_a_cancel_is_no_stray_cancellation(
    loop: LoopKind,
) -> None:
    graph = GraphSpec(
        (
            TaskSpec("cancels", pre_execute=function("cancel run")),
            TaskSpec("limited", pre_execute=replace(function("sleep"), timeout=0.0)),
        )
    )
    hold_promises(graph, [Plan("open", loop=loop)])


@each_loop
def test_a_wait_for_a_retry_is_cancelled_after_a_caught_group_failure(loop: LoopKind) -> None:
    retried = replace(function("caught group", ending="fail retryable"), retries=1)
    graph = GraphSpec((TaskSpec("t", pre_execute=function("set variable"), execute=retried),))
    hold_promises(graph, at_every_step(graph, Plan(loop=loop)))


@each_loop
def test_a_function_cancelled_from_outside_is_not_cancelled_again(loop: LoopKind) -> None:
    graph = GraphSpec((TaskSpec("t", post_execute=function("sleep", on_cancel="linger")),))
    hold_promises(graph, at_every_step(graph, Plan("open", loop=loop)))


@each_loop
def test_what_is_ready_first_begins_first_when_places_are_few(loop: LoopKind) -> None:
    graph = GraphSpec(
        (
            TaskSpec("above", (1,), post_execute=function("sleep", seconds=3)),
            TaskSpec("kept", execute=function("set variable", "sleep"), post_execute=function()),
            TaskSpec("slow", post_execute=function("sleep", seconds=2)),
            TaskSpec("also kept", execute=function("set variable"), post_execute=function()),
            TaskSpec("plain", post_execute=function()),
        ),
        max_concurrency=2,
    )
    hold_promises(graph, [Plan(loop=loop), *at_every_step(graph, Plan("open", loop=loop))])
    timed = [Plan(cancelling=Cancelling("timeout", (), seconds), loop=loop) for seconds in (1, 2)]
    hold_promises(graph, timed)

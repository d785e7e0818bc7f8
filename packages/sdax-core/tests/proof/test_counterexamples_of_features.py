"""Every graph with optional tasks, `when` and the like that ever broke a promise, made small."""

from __future__ import annotations

import pytest
from sdax_proof.campaign import at_every_step, hold_promises
from sdax_proof.graph_spec import Behaviour, Ending, FunctionSpec, GraphSpec, Step, TaskSpec
from sdax_proof.plans import LOOP_KINDS, Cancelling, LoopKind, Plan

each_loop = pytest.mark.parametrize("loop", LOOP_KINDS, ids=lambda loop: loop.name)
SHORT = FunctionSpec((Behaviour((Step("sleep"),)),))


def ends_with(ending: Ending) -> FunctionSpec:
    return FunctionSpec((Behaviour((), ending),))


@each_loop
def test_a_task_whose_when_says_no_is_skipped_once_whatever_else_fails(loop: LoopKind) -> None:
    graph = GraphSpec(
        (
            TaskSpec("fails", execute=ends_with("fail")),
            TaskSpec("not wanted", (0,), SHORT, SHORT, when="no"),
        ),
        execute_order="dependencies",
    )
    hold_promises(graph, [Plan(loop=loop), Plan("open", loop=loop, watching="recording")])


@each_loop
def test_a_task_that_is_left_out_is_skipped_once_whatever_else_fails(loop: LoopKind) -> None:
    graph = GraphSpec(
        (
            TaskSpec("cache", pre_execute=ends_with("fail"), optional=True),
            TaskSpec("fails", execute=ends_with("fail"), optional=True),
            TaskSpec("needs both", (0, 1), execute=SHORT, optional=True),
        ),
        execute_order="dependencies",
    )
    hold_promises(graph, [Plan(loop=loop), Plan("open", loop=loop, watching="recording")])


@each_loop
@pytest.mark.parametrize("limit", [None, 1])
@pytest.mark.parametrize("raises", [False, True])
def test_a_task_that_does_not_take_part_takes_no_turn_in_cleanup(
    loop: LoopKind, limit: int | None, raises: bool
) -> None:
    graph = GraphSpec(
        (
            TaskSpec("first", post_execute=SHORT),
            TaskSpec(
                "out",
                (0,),
                SHORT,
                post_execute=SHORT,
                when="raise" if raises else "no",
                optional=True,
            ),
            TaskSpec("last", post_execute=SHORT),
        ),
        max_concurrency=limit,
    )
    hold_promises(graph, [Plan(loop=loop)])


@each_loop
def test_what_an_optional_task_holds_may_not_die_unheard_in_cleanup(loop: LoopKind) -> None:
    dies = FunctionSpec((Behaviour((Step("fail run"),)),))
    graph = GraphSpec((TaskSpec("optional", post_execute=dies, optional=True),))
    hold_promises(graph, [Plan("open", loop=loop)])


@each_loop
def test_a_function_that_a_shutdown_cancels_is_said_to_be_cancelled_by_the_caller(
    loop: LoopKind,
) -> None:
    graph = GraphSpec(
        (
            TaskSpec("t", (), SHORT, post_execute=SHORT),
            TaskSpec("late", pre_execute=ends_with("fail")),
        )
    )
    for limit in (None, 0.0):
        base = Plan("open", Cancelling(), loop, timeout=limit, watching="recording")
        hold_promises(graph, at_every_step(graph, base, manners=("shutdown",)))

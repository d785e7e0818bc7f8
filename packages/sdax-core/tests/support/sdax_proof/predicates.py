"""Predicates for `when`, which say what their description says and write the trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sdax_core import current_run

from sdax_proof.behaviour import Boom, RunContext
from sdax_proof.events import Answer
from sdax_proof.graph_spec import Phase, When
from sdax_proof.sightings import see_the_run


def make_predicate(task: int, when: When) -> Callable[[RunContext], bool]:
    """The predicate of a task."""

    def predicate(ctx: RunContext) -> bool:
        phase = cast("Phase", str(current_run().phase))
        error = Boom(f"the when of {task}") if when == "raise" else None
        ctx.trace.answers.append(Answer(task, phase, ctx.trace.now(), when, error))
        see_the_run(ctx.trace, ctx.plan, phase, f"the when of {task}")
        if error is not None:
            raise error
        return when == "yes"

    return predicate

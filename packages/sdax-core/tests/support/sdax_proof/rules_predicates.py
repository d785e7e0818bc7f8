"""The `when` of a task is asked once, when the task would first start (guarantee 37)."""

from __future__ import annotations

from collections.abc import Iterator

from sdax_proof.events import Answer
from sdax_proof.graph_spec import PHASES, Phase
from sdax_proof.view import View


def check_predicates(view: View) -> Iterator[str]:
    """Asked at most once, right before the first function; no other function runs if it said no."""
    answers: dict[int, Answer] = {}
    for given in view.trace.answers:
        if given.task in answers:
            yield f"37: the when of {given.task} was asked twice"
        answers[given.task] = given
    for task, spec in enumerate(view.graph.tasks):
        calls = [call for call in view.trace.calls if call.task == task]
        answer = answers.get(task)
        if spec.when is None or not (answer or calls):
            continue
        if answer is None:
            yield f"37: {task} ran and its when was not asked"
        elif answer.said != "yes" and calls:
            yield f"37: {calls[0].name} ran although its when had said {answer.said}"
        elif calls and answer.moment.number != calls[0].begun.number - 1:
            yield f"37: the when of {task} was asked at another time than right before it began"
        if answer is not None and answer.phase not in _phases_to_ask_in(view, task):
            yield f"37: the when of {task} was asked in {answer.phase}"


def _phases_to_ask_in(view: View, task: int) -> list[Phase]:
    """Those with a function; before cleanup all, as the run may not get to them."""
    spec = view.graph.tasks[task]
    if spec.pre_execute is not None:
        return ["pre_execute"]
    return [phase for phase in PHASES if spec.function(phase) is not None]

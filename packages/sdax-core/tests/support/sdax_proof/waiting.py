"""What each function has to wait for, and what is left out: judged from the verdicts on the others."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from sdax_proof.graph_spec import GraphSpec, Phase
from sdax_proof.verdicts import FunctionRun

if TYPE_CHECKING:
    from sdax_proof.view import View


class Waiting:
    """One phase of one run: who waits for whom, and who is skipped for whose failure."""

    def __init__(self, view: View, phase: Phase) -> None:
        self._view = view
        self._phase: Phase = phase
        self._direct = direct_prerequisites(view.graph, phase)

    def prerequisites(self, task: int) -> list[FunctionRun]:
        """The functions that must be over before that of `task` begins.

        A task that ran nothing is looked through. One that was skipped has ended when what it was
        skipped for had failed: what is only after it waits for that alone.
        """
        found: dict[int, FunctionRun] = {}
        seen: set[int] = set()
        pending = list(self._direct[task])
        while pending:
            other = pending.pop()
            if other in seen:
                continue
            seen.add(other)
            run = self._view.runs.get((other, self._phase)) or self.skipped.get(other)
            if run is not None:
                found[run.task] = run
            else:
                pending += self._direct[other]
        return [found[other] for other in sorted(found)]

    def functions(self, task: int) -> list[FunctionRun] | None:
        """The functions among them: tasks that only answered are looked through.

        None if a task among them was skipped, which may have released it early.
        """
        found: dict[int, FunctionRun] = {}
        seen: set[int] = set()
        pending = list(self._direct[task])
        while pending:
            other = pending.pop()
            if other in seen:
                continue
            seen.add(other)
            run = self._view.runs.get((other, self._phase))
            if run is not None and not run.is_answer:
                found[run.task] = run
            elif other in self.skipped:
                return None
            else:
                pending += self._direct[other]
        return [found[other] for other in sorted(found)]

    def required(self, task: int) -> list[FunctionRun]:
        """Those of them that must have succeeded: reached by ordinary dependencies alone."""
        found: list[FunctionRun] = []
        for other in self._ordinary(task):
            run = self._view.runs.get((other, self._phase))
            found += self.required(other) if run is None else [run]
        return found

    def _ordinary(self, task: int) -> Iterator[int]:
        if self._phase != "post_execute":
            for other in self._direct[task]:
                if not self._view.graph.only_orders(task, other):
                    yield other

    @cached_property
    def skipped(self) -> dict[int, FunctionRun]:
        """The tasks that are skipped, each with the failure that it was first skipped for."""
        found: dict[int, FunctionRun] = {}
        grown = True
        while grown:
            grown = False
            for task in range(len(self._view.graph.tasks)):
                causes = [
                    run for other in self._ordinary(task) for run in self._causes(other, found)
                ]
                if causes:
                    first = min(causes, key=_end)
                    grown = grown or found.get(task) is not first
                    found[task] = first
        return found

    def _causes(self, other: int, found: dict[int, FunctionRun]) -> Iterator[FunctionRun]:
        run = self._view.runs.get((other, self._phase))
        if run is not None and run.surely_failed and self._is_left_behind(other):
            yield run
        elif run is None and other in found:
            yield found[other]

    def _is_left_behind(self, task: int) -> bool:
        """Whether its failure leaves out what depends on it, and does not stop the phase."""
        graph = self._view.graph
        return graph.is_optional(task, self._phase) or (
            self._phase == "execute" and graph.on_execute_error == "continue"
        )


def _end(run: FunctionRun) -> tuple[int, int]:
    return (run.over.number if run.over is not None else 0, run.task)


def direct_prerequisites(graph: GraphSpec, phase: Phase) -> list[tuple[int, ...]]:
    """For each task, what its function of that phase directly waits for."""
    if phase == "execute" and graph.execute_order == "together":
        return [()] * len(graph.tasks)
    if graph.levels:
        before = [_level_below(graph, spec.level) for spec in graph.tasks]
    else:
        before = [spec.depends_on for spec in graph.tasks]
    if phase != "post_execute":
        return before
    return [
        tuple(other for other in range(len(before)) if task in before[other])
        for task in range(len(before))
    ]


def _level_below(graph: GraphSpec, level: int) -> tuple[int, ...]:
    nearest = max((spec.level for spec in graph.tasks if spec.level < level), default=None)
    return tuple(task for task, spec in enumerate(graph.tasks) if spec.level == nearest)

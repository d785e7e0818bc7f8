"""Every failure is told of once, by its place, and nothing else is (guarantees 14, 17, 38 and 40)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from sdax_core import SdaxExecutionError

from sdax_proof.verdicts import CANCELLED, FunctionRun, errors_of, inside
from sdax_proof.view import View

if TYPE_CHECKING:
    from sdax_core import TaskFailure

Place = tuple[int, FunctionRun]


def kept_failures(view: View) -> list[TaskFailure]:
    """What the run's handle says has failed; it may be read after the run."""
    return [] if view.trace.handle is None else list(view.trace.handle.failures)


def check_failures(view: View) -> Iterator[str]:
    """Each failure is told of once, and nothing else is."""
    told = kept_failures(view)
    left = [failure.exception for failure in told]
    places: list[Place] = []
    for run in view.runs.values():
        mine = [error for error in left if _is_failure_of(view, error, run)]
        if mine:
            left.remove(mine[0])
            place = next(n for n, failure in enumerate(told) if failure.exception is mine[0])
            places.append((place, run))
        elif run.surely_failed:
            yield f"14: the failure of {run.name} is lost ({set(run.verdicts)}, {told})"
    for failure in view.trace.run_failures:
        if not any(error is failure.error for error in left):
            yield f"40: the failure of what {failure.task} holds is lost ({told})"
        left = [error for error in left if error is not failure.error]
    for error in left:
        if not (view.graph.cleanup_timeout is not None and isinstance(error, TimeoutError)):
            yield f"14: {error!r} is told of and nobody's failure"
    yield from _check_order_of_failure(places)
    yield from _check_values(view, told, places)
    yield from _check_what_is_raised(view, told)


def _is_failure_of(view: View, error: BaseException, run: FunctionRun) -> bool:
    own = errors_of(run.last)
    if "fatal" in run.verdicts:
        return False  # It is raised as it is.
    if "failed" in run.verdicts and own:
        if len(own) == 1:
            return error is own[0]
        return error in own or {id(leaf) for leaf in inside(error)} == {id(leaf) for leaf in own}
    if (
        "stray" in run.verdicts
        and error.__cause__ is not None
        and error.__cause__ is run.last.stray
    ):
        return True
    if "timeout" not in run.verdicts or not isinstance(error, TimeoutError):
        return False
    return f"{view.graph.tasks[run.task].key!r}, {run.phase}" in str(error)


def _check_order_of_failure(places: list[Place]) -> Iterator[str]:
    listed = [run for _, run in sorted(places, key=lambda pair: pair[0])]
    for run, following in pairwise(listed):
        if run.last.is_blurred or following.last.is_blurred or not (run.over and following.over):
            continue
        if {"timeout", "fatal"} & (run.verdicts | following.verdicts):
            continue
        if run.over > following.over:
            yield f"14: {run.name} is listed before {following.name}, which failed earlier"


def _check_values(view: View, told: list[TaskFailure], places: list[Place]) -> Iterator[str]:
    for place, run in places:
        value = told[place]
        key = view.graph.tasks[run.task].key
        said = (value.task, value.path, str(value.phase), value.attempts, value.optional)
        if said != (key, (key,), run.phase, len(run.calls), view.is_optional(run)):
            yield f"14: the failure of {run.name} is described as {said}"
        notes = " ".join(getattr(value.exception, "__notes__", []))
        if str(key) not in notes or run.phase not in notes:
            yield f"14: no note on {value.exception!r} names {run.name}: {notes!r}"


def _check_what_is_raised(view: View, told: list[TaskFailure]) -> Iterator[str]:
    raised, runner = view.result.raised, view.result.runner
    if isinstance(raised, SdaxExecutionError):
        required = [failure for failure in told if not failure.optional]
        if [*raised.failures] != required:
            yield f"14: {raised.failures} is raised, and not {required}"
        if [*map(id, raised.exceptions)] != [id(failure.exception) for failure in required]:
            yield f"14: {raised.exceptions} is raised, and not what failed"
    elif raised is not None:
        yield from _check_notes(view)
    if runner is not None:
        known = {id(error) for error in runner.failures()}
        if missing := [failure for failure in told if id(failure.exception) not in known]:
            yield f"14: runner.failures() lacks {missing}"


def _check_notes(view: View) -> Iterator[str]:
    notes = " ".join(getattr(view.result.raised, "__notes__", []))
    for run in view.runs.values():
        waiting = run.verdicts == CANCELLED and run.attempts_left
        if not run.surely_failed and not waiting:
            continue
        for error in errors_of(run.last):
            if str(error) not in notes and error is not view.result.raised:
                yield f"17: no note tells of {error!r} of {run.name}: {notes!r}"
    for failure in view.trace.run_failures:
        if str(failure.error) not in notes:
            yield f"40: no note tells of {failure.error!r}: {notes!r}"

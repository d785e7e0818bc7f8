"""Random graphs of one to twelve tasks that do all that functions can do."""

from __future__ import annotations

from collections.abc import Hashable

from hypothesis import strategies

from sdax_proof.choices import Choices, DrawnChoices, SeededChoices
from sdax_proof.graph_spec import (
    Behaviour,
    Decision,
    Ending,
    FunctionSpec,
    GraphSpec,
    InterceptorKind,
    InterceptorSpec,
    OnCancel,
    Step,
    StepKind,
    TaskSpec,
    When,
)
from sdax_proof.wildness import Wildness

_SLEEPS: tuple[StepKind, ...] = ("sleep",) * 8
_USUAL_STEPS: tuple[StepKind, ...] = (
    *_SLEEPS,
    "set variable",
    "set variable",
    "reset variable",
    "caught group",
    "caught timeout",
)
_USUAL_INTERCEPTORS: tuple[InterceptorKind, ...] = ("pass",) * 8
_UNUSUAL_INTERCEPTORS: tuple[InterceptorKind, ...] = (
    "raise before",
    "raise after",
    "stay outside",
    "swallow",
    "replace",
    "twice",
)
_SUBTASKS: tuple[StepKind, ...] = ("subtask",) * 6


def random_graph(choices: Choices, wildness: Wildness, *, max_tasks: int = 12) -> GraphSpec:
    """A graph made of these choices."""
    count = choices.integer(1, max_tasks)
    # The order of adding is independent of the order of the graph.
    ranks = list(range(count))
    if choices.chance(60):
        ranks = [ranks.pop(choices.integer(0, len(ranks) - 1)) for _ in range(count)]
    density = choices.one_of([30, 15, 60])
    levels = choices.chance(15)
    tasks = tuple(_task(choices, wildness, place, ranks, density) for place in range(count))
    around = _interceptors(choices, wildness, wildness.interceptors)
    if not wildness.options:
        return GraphSpec(tasks, levels=levels, interceptors=around)
    return GraphSpec(
        tasks,
        execute_order=choices.one_of(["together", "together", "dependencies"]),
        on_execute_error=choices.one_of(["continue", "continue", "cancel"]),
        max_concurrency=choices.one_of([None, None, None, 1, 2, 3]),
        cleanup_timeout=choices.one_of([None, None, None, None, None, 1.5]),
        levels=levels,
        interceptors=around,
    )


def seeded_graph(seed: str, wildness: Wildness, *, max_tasks: int = 12) -> GraphSpec:
    """The graph of that seed."""
    return random_graph(SeededChoices(seed), wildness, max_tasks=max_tasks)


def seeded_graphs(
    wildness: Wildness, *, max_tasks: int = 12
) -> strategies.SearchStrategy[GraphSpec]:
    """Graphs of seeds: made much faster than hypothesis draws them, and more evenly mixed."""
    seeds = strategies.integers(0, 1_000_000)
    return seeds.map(lambda seed: seeded_graph(f"graph {seed}", wildness, max_tasks=max_tasks))


@strategies.composite
def graphs(draw: strategies.DrawFn, wildness: Wildness, max_tasks: int = 12) -> GraphSpec:
    """Graphs that hypothesis can shrink."""
    return random_graph(DrawnChoices(draw), wildness, max_tasks=max_tasks)


def _task(
    choices: Choices, wildness: Wildness, place: int, ranks: list[int], density: int
) -> TaskSpec:
    before = [other for other, rank in enumerate(ranks) if rank < ranks[place]]
    depends_on = tuple(other for other in before if choices.chance(density))
    return TaskSpec(
        _key(choices, place),
        depends_on,
        _function(choices, wildness) if choices.chance(70) else None,
        _function(choices, wildness) if choices.chance(60) else None,
        _function(choices, wildness) if choices.chance(75) else None,
        level=choices.integer(0, 3) - 1,
        after=tuple(other for other in depends_on if _maybe(choices, wildness.after)),
        when=_when(choices, wildness) if _maybe(choices, wildness.whens) else None,
        optional=_maybe(choices, wildness.optional),
    )


def _maybe(choices: Choices, percent: int) -> bool:
    return bool(percent) and choices.chance(percent)


def _when(choices: Choices, wildness: Wildness) -> When:
    answers: list[When] = ["yes", "no", "no"]
    return choices.one_of([*answers, "raise"] if wildness.fails else answers)


def _key(choices: Choices, place: int) -> Hashable:
    kinds: list[Hashable] = [f"t{place}", place, ("t", place), frozenset({place}), place + 0.5]
    return choices.one_of(kinds)


def _function(choices: Choices, wildness: Wildness) -> FunctionSpec:
    task_group = choices.chance(15)
    retries = choices.integer(0, 2) if choices.chance(20) else 0
    timeout = choices.integer(0, 24) / 8 if wildness.timeouts and choices.chance(20) else None
    # The attempts before the last one fail in a way that is retried.
    early = tuple(
        Behaviour(
            _steps(choices, wildness, task_group), "fail retryable", _stubborn(choices, wildness)
        )
        for _ in range(choices.integer(0, retries))
    )
    last = Behaviour(
        _steps(choices, wildness, task_group),
        _ending(choices, wildness),
        _stubborn(choices, wildness),
    )
    return FunctionSpec(
        (*early, last),
        timeout=timeout,
        retries=retries,
        initial_delay=choices.one_of([0.25, 0.0, 1.0]),
        backoff_factor=choices.one_of([2.0, 1.0, 0.5]),
        task_group=task_group,
        policy=_policy(choices) if _maybe(choices, wildness.policies) else None,
        interceptors=_interceptors(choices, wildness, wildness.interceptors),
    )


def _policy(choices: Choices) -> tuple[Decision, ...]:
    decisions: list[Decision] = [0.0, 0.25, 0.0625, 1.0, None, "raise"]
    return tuple(choices.one_of(decisions) for _ in range(choices.integer(0, 3)))


def _interceptors(
    choices: Choices, wildness: Wildness, percent: int
) -> tuple[InterceptorSpec, ...]:
    if not _maybe(choices, percent):
        return ()
    kinds: list[InterceptorKind] = [*_USUAL_INTERCEPTORS]
    if wildness.fails:
        kinds += _UNUSUAL_INTERCEPTORS
    return tuple(
        InterceptorSpec(choices.one_of(kinds), _pause(choices), _pause(choices))
        for _ in range(choices.one_of([1, 1, 2]))
    )


def _pause(choices: Choices) -> float | None:
    return _seconds(choices) if choices.chance(40) else None


def _steps(choices: Choices, wildness: Wildness, task_group: bool) -> tuple[Step, ...]:
    kinds: list[StepKind] = [*_USUAL_STEPS]
    if task_group:
        kinds += _SUBTASKS
        if wildness.fails:
            kinds.append("failing subtask")
    steps = [Step(kind, _seconds(choices)) for kind in _several(choices, kinds)]
    if choices.chance(wildness.cancels_run):
        steps.append(Step("cancel run"))
    if _maybe(choices, wildness.fails_run):
        steps.insert(choices.integer(0, len(steps)), Step("fail run"))
    return tuple(steps)


def _several(choices: Choices, kinds: list[StepKind]) -> list[StepKind]:
    return [choices.one_of(kinds) for _ in range(choices.one_of([0, 1, 1, 2, 3]))]


def _seconds(choices: Choices) -> float:
    """Mostly a turn of the loop; else sixteenths of a second, whose sums are exact."""
    return choices.integer(0, 48) / 16 if choices.chance(50) else 0.0


def _ending(choices: Choices, wildness: Wildness) -> Ending:
    if choices.chance(wildness.fails):
        return choices.one_of(["fail", "fail retryable", "fail group"])
    if choices.chance(wildness.strays):
        return "stray cancel"
    if choices.chance(wildness.interrupts):
        return choices.one_of(["keyboard interrupt", "keyboard interrupt group", "halt"])
    return "return"


def _stubborn(choices: Choices, wildness: Wildness) -> OnCancel:
    if choices.chance(wildness.stubborn):
        return choices.one_of(["linger", "fail", "swallow", "outlast"])
    return "obey"

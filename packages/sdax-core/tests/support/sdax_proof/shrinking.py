"""Makes a graph that breaks a promise as small as it can while it still breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sdax_proof.graph_spec import (
    PHASES,
    Behaviour,
    FunctionSpec,
    GraphSpec,
    InterceptorSpec,
    Step,
    TaskSpec,
)

_OPTIONS = (
    "execute_order",
    "on_execute_error",
    "max_concurrency",
    "cleanup_timeout",
    "interceptors",
)
_SETTINGS = (
    "timeout",
    "retries",
    "initial_delay",
    "backoff_factor",
    "task_group",
    "policy",
    "interceptors",
)


def shrink(graph: GraphSpec, still_breaks: Callable[[GraphSpec], bool]) -> GraphSpec:
    """The smallest graph on the way from `graph` that `still_breaks`."""
    while True:
        for simpler in _simpler_graphs(graph):
            if still_breaks(simpler):
                graph = simpler
                break
        else:
            return graph


def _simpler_graphs(graph: GraphSpec) -> Iterator[GraphSpec]:
    for place in range(len(graph.tasks)):
        yield replace(graph, tasks=_without(graph.tasks, place))
    defaults = GraphSpec(())
    for option in _OPTIONS:
        if getattr(graph, option) != getattr(defaults, option):
            yield replace(graph, **{option: getattr(defaults, option)})
    if graph.levels:
        yield replace(graph, levels=False)
    for place, task in enumerate(graph.tasks):
        for simpler in _simpler_tasks(task, f"t{place}"):
            yield replace(graph, tasks=(*graph.tasks[:place], simpler, *graph.tasks[place + 1 :]))


def _without(tasks: tuple[TaskSpec, ...], place: int) -> tuple[TaskSpec, ...]:
    """The tasks without one; who depended on it depends on what it depended on."""
    inherited = tasks[place].depends_on

    def moved(others: tuple[int, ...]) -> tuple[int, ...]:
        kept = dict.fromkeys(other for o in others for other in (inherited if o == place else (o,)))
        return tuple(other - (other > place) for other in kept)

    return tuple(
        replace(task, depends_on=moved(task.depends_on), after=moved(task.after))
        for number, task in enumerate(tasks)
        if number != place
    )


def _simpler_tasks(task: TaskSpec, key: str) -> Iterator[TaskSpec]:
    for place in range(len(task.depends_on)):
        yield replace(task, depends_on=task.depends_on[:place] + task.depends_on[place + 1 :])
    if task.after:
        yield replace(task, after=())
    if task.when is not None:
        yield replace(task, when=None)
    if task.optional:
        yield replace(task, optional=False)
    for phase in PHASES:
        function = task.function(phase)
        if function is not None:
            yield task.with_function(phase, None)
            for simpler in _simpler_functions(function):
                yield task.with_function(phase, simpler)
    if task.key != key:
        yield replace(task, key=key)
    if task.level:
        yield replace(task, level=0)


def _simpler_functions(function: FunctionSpec) -> Iterator[FunctionSpec]:
    plain = FunctionSpec(function.attempts)
    if function != plain:
        yield plain
    if len(function.attempts) > 1:
        yield replace(function, attempts=function.attempts[1:])
        yield replace(function, attempts=function.attempts[:-1])
    for setting in _SETTINGS:
        if getattr(function, setting) != getattr(plain, setting):
            yield replace(function, **{setting: getattr(plain, setting)})
    for place, interceptor in enumerate(function.interceptors):
        others = (*function.interceptors[:place], *function.interceptors[place + 1 :])
        yield replace(function, interceptors=others)
        plain_one = InterceptorSpec(interceptor.kind)
        if interceptor != plain_one:
            others = (*others[:place], plain_one, *others[place:])
            yield replace(function, interceptors=others)
    if function.timeout not in (None, 0.0, 1.0):
        yield replace(function, timeout=1.0)
    for place, behaviour in enumerate(function.attempts):
        for simpler in _simpler_behaviours(behaviour):
            attempts = (*function.attempts[:place], simpler, *function.attempts[place + 1 :])
            yield replace(function, attempts=attempts)


def _simpler_behaviours(behaviour: Behaviour) -> Iterator[Behaviour]:
    for place, step in enumerate(behaviour.steps):
        yield replace(behaviour, steps=behaviour.steps[:place] + behaviour.steps[place + 1 :])
        simpler = [Step("sleep"), Step("sleep", 1.0), Step(step.kind), Step(step.kind, 1.0)]
        for other in simpler[: simpler.index(step) if step in simpler else None]:
            steps = (*behaviour.steps[:place], other, *behaviour.steps[place + 1 :])
            yield replace(behaviour, steps=steps)
    if behaviour.ending != "return":
        yield replace(behaviour, ending="return")
        if behaviour.ending != "fail":
            yield replace(behaviour, ending="fail")
    if behaviour.on_cancel != "obey":
        yield replace(behaviour, on_cancel="obey")

"""Guarantee 4: building is linear, nothing recurses, and a graph is typed by its context alone."""

import gc
import itertools
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from guarantee_support import LoopKind
from sdax_core import AsyncDagTaskProcessor, AsyncTask, GraphError, SdaxExecutionError, TaskFunction

Edges = dict[int, tuple[int, ...]]
"""The dependencies of each task."""

CHAIN_LENGTH = 100_000


def chain(size: int) -> Edges:
    return {n: (n - 1,) if n else () for n in range(size)}


def chain_added_backwards(size: int) -> Edges:
    return dict(reversed(chain(size).items()))


def mesh(size: int) -> Edges:
    """Layers of ten; each task depends on three of the layer above."""
    layers = size // 10
    return {
        10 * layer + column: tuple(
            10 * (layer - 1) + (column + k) % 10 for k in range(3 if layer else 0)
        )
        for layer, column in itertools.product(range(layers), range(10))
    }


def hourglass(size: int) -> Edges:
    """Half of the tasks lead into one join, which leads into the other half."""
    middle = size // 2
    sources = dict.fromkeys(range(middle), ())
    return {**sources, middle: tuple(sources), **dict.fromkeys(range(middle + 1, size), (middle,))}


SHAPES = [chain, chain_added_backwards, mesh, hourglass]


async def nothing(_: object) -> None: ...


def build(edges: Edges, key: Callable[[int], Any] = int) -> AsyncDagTaskProcessor[Any, Any]:
    function = TaskFunction[Any](nothing)
    builder = AsyncDagTaskProcessor[Any, Any].builder()
    for task, dependencies in edges.items():
        # Half of the tasks are without functions, so that joins are part of every shape.
        used = function if task % 2 else None
        node = AsyncTask(key(task), pre_execute=used, execute=used, post_execute=used)
        builder.add_task(node, depends_on=tuple(map(key, dependencies)))
    return builder.build()


def steps_of(action: Callable[[], object]) -> int:
    """How many lines of Python `action` executes: time that does not depend on the machine."""
    lines = 0

    def trace(_frame: object, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return lines


def peak_memory_of(action: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@dataclass(frozen=True)
class CountedKey:
    """A key that counts how often it is compared, which no line count would show."""

    number: int
    comparisons: list[int]

    def __hash__(self) -> int:
        return hash(self.number)

    def __eq__(self, other: object) -> bool:
        self.comparisons[0] += 1
        return isinstance(other, CountedKey) and self.number == other.number


def comparisons_of(edges: Edges) -> int:
    comparisons = [0]
    build(edges, lambda number: CountedKey(number, comparisons))
    return comparisons[0]


@pytest.mark.guarantee("4.1")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cost", [steps_of, peak_memory_of])
def test_building_four_times_as_much_costs_four_times_as_much(
    shape: Callable[[int], Edges], cost: Callable[[Callable[[], object]], int]
) -> None:
    small, large = shape(500), shape(2_000)
    build(small)  # What is made once and for all is not counted.

    assert cost(lambda: build(large)) < 4.6 * cost(lambda: build(small))


@pytest.mark.guarantee("4.1")
@pytest.mark.parametrize("shape", SHAPES)
def test_keys_are_compared_a_linear_number_of_times(shape: Callable[[int], Edges]) -> None:
    assert comparisons_of(shape(2_000)) <= 4.6 * comparisons_of(shape(500))


@pytest.mark.guarantee("4.2")
@pytest.mark.parametrize("shape", [chain, chain_added_backwards])
def test_a_chain_of_100_000_tasks_builds_and_runs(shape: Callable[[int], Edges]) -> None:
    ran: list[None] = []

    async def count(_: object) -> None:
        ran.append(None)

    function = TaskFunction[None](count)
    builder = AsyncDagTaskProcessor[None, int].builder()
    for task, dependencies in shape(CHAIN_LENGTH).items():
        node = AsyncTask(task, pre_execute=function, execute=function, post_execute=function)
        builder.add_task(node, depends_on=dependencies)

    LoopKind(name="lazy").run(builder.build(execute_order="dependencies").process_tasks(None))

    assert len(ran) == 3 * CHAIN_LENGTH


@pytest.mark.guarantee("4.2")
def test_a_chain_of_100_000_joins_is_looked_through_in_every_phase() -> None:
    async def fail(_: object) -> None:
        raise OSError("no such host")

    builder = AsyncDagTaskProcessor[None, int].builder()
    for task, dependencies in chain(CHAIN_LENGTH).items():
        ends = task in (0, CHAIN_LENGTH - 1)
        function = TaskFunction[None](fail if ends else nothing)
        builder.add_task(
            AsyncTask(task, execute=function if ends else None), depends_on=dependencies
        )

    with pytest.raises(SdaxExecutionError) as caught:
        LoopKind(name="lazy").run(builder.build(execute_order="dependencies").process_tasks(None))

    assert [failure.task for failure in caught.value.failures] == [0]
    assert caught.value.skipped == (CHAIN_LENGTH - 1,)


@pytest.mark.guarantee("4.2")
def test_a_cycle_of_100_000_tasks_is_found() -> None:
    edges = {**chain(CHAIN_LENGTH), 0: (CHAIN_LENGTH - 1,)}
    with pytest.raises(GraphError, match="Cycle detected") as caught:
        build(edges)

    assert len(caught.value.cycle) == CHAIN_LENGTH + 1


@pytest.mark.guarantee("4.3")
def test_a_builder_is_made_with_the_type_of_the_context_alone() -> None:
    class Context: ...

    builder = AsyncDagTaskProcessor[Context].builder()

    assert isinstance(builder.add_task(AsyncTask("task")).build(), AsyncDagTaskProcessor)


@pytest.mark.guarantee("4.5")
def test_typing_extensions_is_not_imported() -> None:
    forbid = "import sys; sys.modules['typing_extensions'] = None"
    code = f"{forbid}; import sdax_core; sdax_core.AsyncDagTaskProcessor[int].builder().build()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

"""pydantic-graph, through its `GraphBuilder`.

Best settings: no instrumentation, a named graph. A few small levels are steps side by side; many or wide ones are one
step that is mapped over a level, in a loop over the levels: the library takes seconds to build large graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.peers import library
from benchmarks.work import AsyncFunction, Build, CannotDo, Run, Work, check_needs

pydantic_graph = library("pydantic_graph")
FEW = 10
Call = Callable[[Any], Any]


def prepare_run(work: Work) -> Run:
    """Build the graph once. A run is one call of `run`."""
    check_needs(work)
    (function,) = work.phases
    if work.size <= FEW:
        graph = side_by_side(work.levels, function)
        return lambda: graph.run()
    graph = mapped(work.levels, function)
    return lambda: graph.run(state=Progress())


def side_by_side(levels: tuple[int, ...], function: AsyncFunction) -> Any:
    """A step for each task, and a join after each level."""
    builder = new_builder(type(None))
    source = builder.start_node
    for level, width in enumerate(levels):
        steps = [
            builder.step(step_of(function), node_id=f"task_{level}_{place}")
            for place in range(width)
        ]
        join = new_join(builder, f"join_{level}")
        builder.add(builder.edge_from(source).to(*steps), builder.edge_from(*steps).to(join))
        source = join
    builder.add(builder.edge_from(source).to(builder.end_node))
    return builder.build()


@dataclass(slots=True)
class Progress:
    """The state of a run."""

    level: int = 0


def mapped(levels: tuple[int, ...], function: AsyncFunction) -> Any:
    """One step, mapped over the tasks of a level; and again, as long as there are levels."""
    builder = new_builder(Progress)

    async def next_level(ctx: Any) -> range | None:
        level: int = ctx.state.level
        ctx.state.level += 1
        return range(levels[level]) if level < len(levels) else None

    def inputs(ctx: Any) -> Any:
        return ctx.inputs

    begin = builder.step(next_level, node_id="next_level")
    task = builder.step(step_of(function), node_id="task")
    join = new_join(builder, "join")
    is_level = builder.match(range).transform(inputs).map().to(task)
    is_over = builder.match(type(None)).to(builder.end_node)
    builder.add(
        builder.edge_from(builder.start_node).to(begin),
        builder.edge_from(begin).to(builder.decision().branch(is_level).branch(is_over)),
        builder.edge_from(task).to(join),
        builder.edge_from(join).to(begin),
    )
    return builder.build()


def new_builder(state_type: type) -> Any:
    """A builder for a graph without input and output."""
    return pydantic_graph.GraphBuilder(
        name="benchmark",
        state_type=state_type,
        input_type=type(None),
        output_type=type(None),
        auto_instrument=False,
    )


def new_join(builder: Any, name: str) -> Any:
    """A join that keeps nothing of what meets in it."""
    return builder.join(pydantic_graph.reduce_null, initial=None, node_id=name)


def step_of(function: AsyncFunction) -> Call:
    """The function as a step calls it."""

    async def call(_ctx: Any) -> None:
        await function(None)

    return call


def prepare_build(work: Work) -> Build:
    """Refuse all graphs that are not forked and joined.

    Raises:
        CannotDo: The work is such a graph.
    """
    check_needs(work)
    raise CannotDo("takes seconds to build a thousand steps")

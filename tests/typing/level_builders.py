"""What type checkers know of levels. Checked, never run."""

from typing import Any, assert_type

from sdax import (
    AsyncDagLevelAdapterBuilder,
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    AsyncTaskProcessor,
    AsyncTaskProcessorBuilder,
    LevelKey,
    TaskAnalysis,
    TaskFunction,
    task_func,
)

Pair = tuple[str, str]


class Context:
    """The context of the levels below."""


class OtherContext:
    """A context that does not fit them."""


async def work(ctx: Context) -> None: ...
async def other_work(ctx: OtherContext) -> None: ...


# With the context alone, tasks are named by strings.

builder = AsyncTaskProcessor[Context].builder()
assert_type(builder, AsyncTaskProcessorBuilder[Context, str])
assert_type(AsyncTaskProcessor[Context].elevator_builder(), AsyncTaskProcessorBuilder[Context, str])
assert_type(builder.add_task(AsyncTask("A"), 1), AsyncTaskProcessorBuilder[Context, str])
assert_type(builder.build(), AsyncTaskProcessor[Context, str])

builder.add_task(AsyncTask("A", execute=task_func(work)), level=1).add_task(
    level=2, task=AsyncTask("B")
)
builder.add_task(AsyncTask(7), 1)  # type: ignore[arg-type]
builder.add_task(AsyncTask("A"), "1")  # type: ignore[arg-type]
builder.add_task(AsyncTask("A"))  # type: ignore[call-arg]
builder.add_task(AsyncTask("A", execute=task_func(other_work)), 1)  # type: ignore[arg-type]

# The graph that the levels become has the keys of their entries and exits, too.

assert_type(builder.build().analysis, TaskAnalysis[Context, LevelKey])
graph: AsyncDagTaskProcessor[Context, LevelKey] = builder.build()

# Other keys.

pairs = AsyncTaskProcessor[Context, Pair].builder()
assert_type(pairs.add_task(AsyncTask(("a", "b")), 1).build(), AsyncTaskProcessor[Context, Pair])
pairs.add_task(AsyncTask("A"), 1)  # type: ignore[arg-type]

# The adapter is such a builder.

adapter = AsyncDagLevelAdapterBuilder[Context]()
assert_type(adapter, AsyncDagLevelAdapterBuilder[Context, str])
assert_type(adapter.add_task(AsyncTask("A"), 1), AsyncDagLevelAdapterBuilder[Context, str])
some_builder: AsyncTaskProcessorBuilder[Context] = adapter

# A part of a processor, and one with other tasks, are typed as the processor is.

fakes = {"A": AsyncTask("A", execute=task_func(work))}
assert_type(builder.build().subset("A", (1, "below")), AsyncTaskProcessor[Context, str])
assert_type(builder.build().override(fakes), AsyncTaskProcessor[Context, str])
builder.build().subset(7)  # type: ignore[arg-type]

# It has the way to graphs, too.

assert_type(
    AsyncTaskProcessor[Context, Pair].graph_builder(), AsyncDagTaskProcessorBuilder[Context, Pair]
)

AsyncTaskProcessor[Context].graph_builder(parent=builder.build())

# Code written for sdax 0.7, which gave the builder no context.

processor: AsyncTaskProcessor[Context] = (
    AsyncTaskProcessor.builder()
    .add_task(AsyncTask("A", pre_execute=TaskFunction(work)), level=1)
    .add_task(AsyncTask("B", execute=TaskFunction(function=work)), 2)
    .build()
)
assert_type(AsyncTaskProcessor.builder().build(), AsyncTaskProcessor[Any, str])


async def run() -> None:
    assert_type(await processor.process_tasks(Context()), None)
    await processor.process_tasks(OtherContext())  # type: ignore[arg-type]


# The options are those of a graph.

builder.build(
    execute_order="dependencies",
    on_execute_error="cancel",
    max_concurrency=10,
    cleanup_timeout=2.5,
)
builder.build(execute_order="levels")  # type: ignore[arg-type]

# The builder of levels that others may write is not made itself.

AsyncTaskProcessorBuilder[Context]()  # type: ignore[abstract]

"""What type checkers know of graphs: the context, the key, the builder. Checked, never run."""

from typing import Any, assert_type

from sdax import (
    After,
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncPhaseRunner,
    AsyncTask,
    PhaseId,
    TaskAnalysis,
    TaskAnalyzer,
    TaskFunction,
    after,
    join,
    task_func,
)

Pair = tuple[str, str]


class Context:
    """The context of the graphs below."""


class OtherContext:
    """A context that does not fit them."""


async def work(ctx: Context) -> None: ...
async def other_work(ctx: OtherContext) -> None: ...
async def any_work(ctx: object) -> None: ...


# With the context alone, keys are strings.

builder = AsyncDagTaskProcessor[Context].builder()
assert_type(builder, AsyncDagTaskProcessorBuilder[Context, str])
assert_type(builder.add_task(AsyncTask("A")), AsyncDagTaskProcessorBuilder[Context, str])
assert_type(builder.build(), AsyncDagTaskProcessor[Context, str])
assert_type(builder.build().analysis, TaskAnalysis[Context, str])
assert_type(AsyncDagTaskProcessorBuilder[Context]().build(), AsyncDagTaskProcessor[Context])

builder.add_task(AsyncTask("A", execute=TaskFunction(work)), depends_on=("B", "C"))
builder.add_task(AsyncTask("A", execute=task_func(any_work))).add_task(join("B"), ("A",))
builder.add_task(AsyncTask(("a", "b")))  # type: ignore[arg-type]
builder.add_task(AsyncTask(7))  # type: ignore[arg-type]
builder.add_task(join("A"), depends_on=(7,))  # type: ignore[arg-type]
builder.add_task(AsyncTask("A", execute=task_func(other_work)))  # type: ignore[arg-type]

# A task that was made before is checked as well as one that is made in place.

pair_task = AsyncTask[Context, Pair](("auth", "validate"))
other_task = AsyncTask("A", execute=TaskFunction(other_work))
builder.add_task(pair_task)  # type: ignore[arg-type]
builder.add_task(other_task)  # type: ignore[arg-type]

# With a type for keys, keys have it.

pairs = AsyncDagTaskProcessor[Context, Pair].builder()
assert_type(pairs, AsyncDagTaskProcessorBuilder[Context, Pair])
assert_type(pairs.build(), AsyncDagTaskProcessor[Context, Pair])
pairs.add_task(pair_task).add_task(join(("auth", "done")), depends_on=(("auth", "validate"),))
pairs.add_task(AsyncTask("A"))  # type: ignore[arg-type]
pairs.add_task(AsyncTask(("auth", 1)))  # type: ignore[arg-type]
pairs.add_task(pair_task, depends_on=("A",))  # type: ignore[arg-type]

# A dependency may be one that only orders, and has the type of the keys.

assert_type(after("A"), After[str])
assert_type(after(7).key, int)
builder.add_task(join("A"), depends_on=("B", after("C")))
builder.add_task(join("A"), depends_on=(after("C"),))
builder.add_task(join("A"), depends_on=(after(7),))  # type: ignore[arg-type]
builder.add_task(join("A"), depends_on=after("C"))  # type: ignore[arg-type]
pairs.add_task(pair_task, depends_on=(("a", "b"), after(("auth", "validate"))))
pairs.add_task(pair_task, depends_on=(after("A"),))  # type: ignore[arg-type]
after(["A"])  # type: ignore[type-var]

# Kinds of keys may be mixed: a task with a key of one of the kinds fits.

mixed = AsyncDagTaskProcessor[Context, str | int | Pair].builder()
named = AsyncTask[Context, str]("A")
mixed.add_task(named).add_task(AsyncTask(7), depends_on=("A",)).add_task(pair_task, (7, "A"))
mixed.add_task(AsyncTask(1.5))  # type: ignore[arg-type]

mixed.add_task(named, depends_on=(7, after("A"), after(("a", "b"))))

# A key that is not hashable is no type for keys.

AsyncDagTaskProcessor[Context, list[str]].builder()  # type: ignore[type-var]

# Without any type, the context may be anything, as in code written for sdax 0.7.

untyped = AsyncDagTaskProcessor.builder()
assert_type(
    untyped.add_task(AsyncTask("A", execute=TaskFunction(work))).build(),
    AsyncDagTaskProcessor[Any, str],
)

# Running takes the context.


async def run(processor: AsyncDagTaskProcessor[Context]) -> None:
    assert_type(await processor.process_tasks(Context()), None)
    await processor.process_tasks(ctx=Context())
    await processor.process_tasks(OtherContext())  # type: ignore[arg-type]
    processor.open(OtherContext())  # type: ignore[arg-type]
    async with processor.open(Context()) as runner:
        assert_type(runner, AsyncPhaseRunner[Context, str])
        assert_type(await runner.run_next(), bool)
        assert_type(runner.last_phase_id(), PhaseId | None)
        assert_type(runner.next_phase_id(), PhaseId | None)
        assert_type(runner.failures(), list[BaseException])


# Whether a task takes part is asked with the context.


def is_wanted(ctx: Context) -> bool:
    return True


def is_wanted_by_another(ctx: OtherContext) -> bool:
    return True


async def is_wanted_later(ctx: Context) -> bool:
    return True


assert_type(AsyncTask("A", when=is_wanted), AsyncTask[Context, str])
builder.add_task(AsyncTask("A", execute=TaskFunction(work), when=is_wanted, optional=True))
builder.add_task(AsyncTask("A", execute=TaskFunction(any_work), when=lambda ctx: bool(ctx)))
builder.add_task(AsyncTask("A", when=is_wanted_by_another))  # type: ignore[arg-type]
AsyncTask("A", when=is_wanted_later)  # type: ignore[arg-type]
AsyncTask("A", optional="yes")  # type: ignore[arg-type]

# A part of a processor, and one with other tasks, are typed as the processor is.

processor = builder.build()
fakes = {"A": AsyncTask("A", execute=TaskFunction(work))}
assert_type(processor.subset("A", "B"), AsyncDagTaskProcessor[Context, str])
assert_type(processor.override(fakes), AsyncDagTaskProcessor[Context, str])
processor.override({"A": AsyncTask("A", execute=TaskFunction(any_work))})
processor.subset(7)  # type: ignore[arg-type]
processor.override({7: AsyncTask("A")})  # type: ignore[dict-item]
processor.override({"A": other_task})  # type: ignore[dict-item]

# A graph on top of another one has keys of its own kind, which has to cover those of its parent.

request = AsyncDagTaskProcessor[Context].builder(parent=processor)
assert_type(request, AsyncDagTaskProcessorBuilder[Context, str])
assert_type(request.build().parent, AsyncDagTaskProcessor[Any, Any] | None)
wide = AsyncDagTaskProcessor[OtherContext, str | Pair].builder(parent=pairs.build())
wide.add_task(join("A"), depends_on=(("auth", "validate"),))
AsyncDagTaskProcessorBuilder[Context](processor)
AsyncDagTaskProcessor[Context].builder(parent=builder)  # type: ignore[arg-type]

# Options are checked by name and by value.

builder.build(
    execute_order="dependencies",
    on_execute_error="cancel",
    max_concurrency=10,
    cleanup_timeout=2.5,
)
builder.build(execute_order="sorted")  # type: ignore[arg-type]
builder.build(on_execute_error="ignore")  # type: ignore[arg-type]
builder.build("dependencies")  # type: ignore[call-arg]

# The analyzer is typed as a builder is.

analyzer = TaskAnalyzer[Context, Pair]()
assert_type(analyzer.add_task(pair_task).analyze(), TaskAnalysis[Context, Pair])
assert_type(TaskAnalyzer[Context]().analyze(), TaskAnalysis[Context, str])
assert_type(analyzer.analyze().topological_order, tuple[Pair, ...])
analyzer.add_task(pair_task, depends_on=(after(("a", "b")),))
assert_type(analyzer.analyze().only_after[("a", "b")], tuple[Pair, ...])
analyzer.add_task(AsyncTask("A"))  # type: ignore[arg-type]

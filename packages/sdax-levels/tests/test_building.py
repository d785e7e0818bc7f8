"""Building levels: what is accepted, what is refused, and the graph that comes out."""

import inspect
from enum import IntEnum
from typing import Any

import pytest
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    GraphError,
    SdaxError,
)
from sdax_levels import (
    AsyncDagLevelAdapterBuilder,
    AsyncTaskProcessor,
    AsyncTaskProcessorBuilder,
    LevelKey,
)


class Stage(IntEnum):
    EARLY = 1
    LATE = 2


class Index:
    """An integer that is no int, as numpy has them."""

    def __index__(self) -> int:
        return 2


def build(*tasks: tuple[Any, Any]) -> AsyncTaskProcessor[Any, Any]:
    """Levels made of (key, level) pairs."""
    builder = AsyncTaskProcessor[Any, Any].builder()
    for key, level in tasks:
        builder.add_task(AsyncTask(key), level)
    return builder.build()


def dependencies(processor: AsyncTaskProcessor[Any, Any]) -> dict[LevelKey, tuple[LevelKey, ...]]:
    return dict(processor.analysis.dependencies)


TWO_LEVELS: dict[LevelKey, tuple[LevelKey, ...]] = {
    (1, "below"): (),
    "A": ((1, "below"),),
    "B": ((1, "below"),),
    (1, "above"): ("A", "B"),
    (2, "below"): ((1, "above"),),
    "C": ((2, "below"),),
    (2, "above"): ("C",),
}


# The graph


@pytest.mark.parametrize(
    "tasks",
    [
        [("A", 1), ("B", 1), ("C", 2)],
        [("C", 2), ("A", 1), ("B", 1)],
        [("A", Stage.EARLY), ("B", Stage.EARLY), ("C", Stage.LATE)],
        [("A", 1), ("B", 1), ("C", Index())],
    ],
    ids=["in order", "in reverse", "named levels", "integers that are no int"],
)
def test_each_level_lies_between_its_entry_and_its_exit(tasks: list[tuple[str, Any]]) -> None:
    assert dependencies(build(*tasks)) == TWO_LEVELS


def test_levels_may_be_negative_and_leave_gaps() -> None:
    assert dependencies(build(("C", 10**30), ("A", -7), ("B", 0))) == {
        (-7, "below"): (),
        "A": ((-7, "below"),),
        (-7, "above"): ("A",),
        (0, "below"): ((-7, "above"),),
        "B": ((0, "below"),),
        (0, "above"): ("B",),
        (10**30, "below"): ((0, "above"),),
        "C": ((10**30, "below"),),
        (10**30, "above"): ("C",),
    }


def test_the_number_of_dependencies_grows_with_the_number_of_tasks() -> None:
    levels, width = 20, 50
    processor = build(*((f"{n}/{i}", n) for n in range(levels) for i in range(width)))

    edges = sum(len(depends_on) for depends_on in dependencies(processor).values())

    # Each task has one on its entry and one from its exit; each exit but the last leads to an entry.
    assert edges == 2 * levels * width + (levels - 1)


def test_no_task_at_all_makes_an_empty_graph() -> None:
    assert dependencies(build()) == {}


def test_an_optional_task_is_only_waited_for_by_the_exit_of_its_level() -> None:
    builder = AsyncTaskProcessor[Any].builder().add_task(AsyncTask("A"), 1)
    builder.add_task(AsyncTask("B", optional=True), 1).add_task(AsyncTask("C"), 2)
    processor = builder.build()

    assert dependencies(processor) == TWO_LEVELS
    assert processor.analysis.only_after == {(1, "above"): ("B",)}


# Graphs as values


def test_a_subset_keeps_the_levels_below_and_the_entry() -> None:
    part = build(("A", 1), ("B", 1), ("C", 2), ("D", 2), ("E", 3)).subset("C")

    assert type(part) is AsyncTaskProcessor
    assert dependencies(part) == {
        key: keys for key, keys in TWO_LEVELS.items() if key != (2, "above")
    }


def test_a_subset_of_a_level_does_not_keep_what_is_optional_below() -> None:
    builder = AsyncTaskProcessor[Any].builder().add_task(AsyncTask("A"), 1)
    builder.add_task(AsyncTask("B", optional=True), 1).add_task(AsyncTask("C"), 2)

    part = builder.build().subset("C")

    assert "B" not in part.analysis.tasks
    assert part.analysis.dependencies[(1, "above")] == ("A",)


@pytest.mark.parametrize("optional", [False, True])
def test_an_override_has_another_task_in_the_same_levels(optional: bool) -> None:
    builder = AsyncTaskProcessor[Any].builder()
    builder.add_task(AsyncTask("A"), 1).add_task(AsyncTask("B", optional=optional), 1)
    processor = builder.add_task(AsyncTask("C"), 2).build(max_concurrency=2)
    fake = AsyncTask("B", optional=optional)

    overridden = processor.override({"B": fake})

    assert type(overridden) is AsyncTaskProcessor
    assert overridden.analysis.tasks["B"] is fake
    assert dependencies(overridden) == TWO_LEVELS
    assert overridden.analysis.only_after == processor.analysis.only_after
    assert overridden.options is processor.options


@pytest.mark.parametrize("optional", [False, True])
def test_an_override_that_would_change_what_the_exit_waits_for_is_refused(optional: bool) -> None:
    task, fake = AsyncTask("A", optional=optional), AsyncTask("A", optional=not optional)
    processor = AsyncTaskProcessor[Any].builder().add_task(task, 1).build()

    with pytest.raises(ValueError, match="override") as caught:
        processor.override({"A": fake})

    assert str(caught.value) == (
        f"override: the task for 'A' must have optional={optional}, "
        "like the one that it stands in for"
    )


@pytest.mark.parametrize(
    ("tasks", "error", "message"),
    [
        (
            {"a": AsyncTask("a")},
            GraphError,
            "override: there is no task 'a'",
        ),
        (
            ["A"],
            TypeError,
            "override takes a mapping of keys to tasks; got ['A'] (list)",
        ),
        (
            {"A": "B"},
            TypeError,
            "override: task 'A' must be an AsyncTask; got 'B' (str)",
        ),
    ],
)
def test_what_cannot_stand_in_is_refused_as_in_a_graph(
    tasks: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        build(("A", 1)).override(tasks)

    assert str(caught.value) == message


def test_a_graph_may_have_levels_as_its_parent() -> None:
    app = build(("pool", 1))
    builder = AsyncTaskProcessor[Any].graph_builder(parent=app)

    processor = builder.add_task(AsyncTask("page"), depends_on=("pool",)).build()

    assert processor.parent is app
    assert dict(processor.analysis.dependencies) == {"page": ()}


# The calls


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((AsyncTask("A"), 1), {}),
        ((AsyncTask("A"),), {"level": 1}),
        ((), {"task": AsyncTask("A"), "level": 1}),
        ((), {"level": 1, "task": AsyncTask("A")}),
    ],
)
def test_a_task_is_added_by_position_or_by_keyword_in_either_order(
    arguments: Any, keywords: Any
) -> None:
    processor = AsyncTaskProcessor[Any].builder().add_task(*arguments, **keywords).build()

    assert processor.analysis.topological_order == ((1, "below"), "A", (1, "above"))


def test_add_task_returns_the_builder_itself() -> None:
    builder = AsyncTaskProcessor[Any].builder()

    assert builder.add_task(AsyncTask("A"), 1) is builder


def test_a_builder_builds_more_than_once_and_collects_more_in_between() -> None:
    builder = AsyncTaskProcessor[Any].builder().add_task(AsyncTask("A"), 1)
    first, second = builder.build(), builder.build()
    third = builder.add_task(AsyncTask("B"), 1).add_task(AsyncTask("C"), 2).build()

    assert dependencies(first) == dependencies(second)
    assert first.analysis.topological_order == ((1, "below"), "A", (1, "above"))
    assert dependencies(third) == TWO_LEVELS


@pytest.mark.guarantee("options.1")
def test_the_build_options_are_those_of_a_graph() -> None:
    graph = inspect.signature(AsyncDagTaskProcessorBuilder.build)

    for builder in (AsyncTaskProcessorBuilder, AsyncDagLevelAdapterBuilder):
        levels = inspect.signature(builder.build)
        assert list(levels.parameters.values()) == list(graph.parameters.values())


def test_every_build_option_is_passed_on() -> None:
    options = {
        "execute_order": "dependencies",
        "on_execute_error": "cancel",
        "max_concurrency": 7,
        "cleanup_timeout": 2.5,
    }
    builder: Any = AsyncTaskProcessor[Any].builder()
    built = builder.build(**options).options

    assert {name: getattr(built, name) for name in options} == options


@pytest.mark.guarantee("options.2")
def test_a_bad_option_is_named_when_levels_are_built() -> None:
    not_an_order: Any = "levels"

    with pytest.raises(ValueError, match="execute_order") as raised:
        AsyncTaskProcessor[Any].builder().build(execute_order=not_an_order)

    assert str(raised.value) == ("execute_order must be 'together' or 'dependencies', got 'levels'")


# What is refused


def refusal(task: Any, level: Any) -> Exception:
    """The error for a task that is added to a builder with A in level 1, which stays as it was."""
    builder = AsyncTaskProcessor[Any].builder().add_task(AsyncTask("A"), 1)
    with pytest.raises((TypeError, SdaxError)) as raised:
        builder.add_task(task, level)
    assert dependencies(builder.build()) == dependencies(build(("A", 1)))
    return raised.value


@pytest.mark.parametrize(
    ("level", "got"),
    [
        ("1", "'1' (str)"),
        (1.0, "1.0 (float)"),
        (None, "None (NoneType)"),
        (True, "True (bool)"),
        ((1,), "(1,) (tuple)"),
    ],
)
def test_a_level_that_is_no_integer_is_refused(level: Any, got: str) -> None:
    error = refusal(AsyncTask(("db", "open")), level)

    assert type(error) is TypeError
    assert str(error) == f"task ('db', 'open'): level must be an integer; got {got}"


@pytest.mark.guarantee("3.1")
@pytest.mark.parametrize("level", [1, 2])
def test_a_key_that_is_there_already_is_refused_at_once_in_any_level(level: int) -> None:
    error = refusal(AsyncTask("A"), level)

    assert isinstance(error, GraphError)
    assert str(error) == ("task 'A' is there already: each task needs a key of its own")


@pytest.mark.parametrize(
    "key", [(1, "below"), (1, "above"), (99, "below"), (True, "above"), (1.0, "below")], ids=repr
)
def test_the_key_of_an_entry_or_an_exit_is_refused(key: Any) -> None:
    error = refusal(AsyncTask(key), 1)

    assert isinstance(error, GraphError)
    assert str(error) == (
        f"task {key!r}: a number with 'below' or 'above' is the key of the entry or exit of a level: "
        "give the task another key"
    )


@pytest.mark.parametrize(
    "key", ["below", ("door", "above"), (1, "between"), (1, "below", 2), ((1, "below"),)], ids=repr
)
def test_a_key_that_only_resembles_an_entry_is_a_key_like_any_other(key: Any) -> None:
    assert key in dependencies(build((key, 1)))


def test_something_that_is_no_task_is_refused() -> None:
    error = refusal("A", 1)

    assert type(error) is TypeError
    assert str(error) == "add_task takes an AsyncTask; got 'A' (str)"


def test_a_builder_that_is_taken_for_a_processor_says_what_was_forgotten() -> None:
    builder: Any = AsyncTaskProcessor[Any].builder()
    missing = f"{type(builder).__name__!r} object has no attribute"
    with pytest.raises(AttributeError) as caught:
        _ = builder.process_tasks
    assert str(caught.value) == (
        f"{missing} 'process_tasks': call build() first, which makes a processor"
    )
    with pytest.raises(AttributeError) as caught:
        _ = builder.proces_tasks
    assert str(caught.value) == f"{missing} 'proces_tasks'"


# Types at run time


def test_what_is_built_is_a_processor_of_levels_and_of_graphs() -> None:
    processor = build(("A", 1))

    assert isinstance(processor, AsyncTaskProcessor)
    assert isinstance(processor, AsyncDagTaskProcessor)


@pytest.mark.parametrize(
    "door",
    [AsyncTaskProcessor, AsyncTaskProcessor[int], AsyncTaskProcessor[int, tuple[str, str]]],
    ids=["no type", "context", "context and key"],
)
def test_every_builder_is_reached_with_or_without_types(door: Any) -> None:
    assert type(door.builder()) is AsyncDagLevelAdapterBuilder
    assert type(door.elevator_builder()) is AsyncDagLevelAdapterBuilder
    assert type(door.graph_builder()) is AsyncDagTaskProcessorBuilder


def test_the_adapter_may_be_made_with_or_without_types() -> None:
    adapters: list[Any] = [
        AsyncDagLevelAdapterBuilder(),
        AsyncDagLevelAdapterBuilder[int](),
        AsyncDagLevelAdapterBuilder[int, tuple[str, str]](),
    ]

    for adapter in adapters:
        assert adapter.add_task(AsyncTask("A"), 1).build().analysis.total_tasks == 3
        assert isinstance(adapter, AsyncTaskProcessorBuilder)


def test_a_key_type_is_a_string_unless_given() -> None:
    assert AsyncTaskProcessor[int] == AsyncTaskProcessor[int, str]


def test_a_processor_cannot_be_changed() -> None:
    processor: Any = build(("A", 1))

    for name in ("analysis", "options", "anything"):
        with pytest.raises(AttributeError):
            setattr(processor, name, None)


def test_a_processor_says_what_it_is() -> None:
    assert repr(build(("A", 1))).startswith("AsyncTaskProcessor(TaskGraph(3 tasks, 2 dependencies)")

"""Processors made from a processor: `subset` and `override`."""

from collections.abc import Hashable
from typing import Any

import pytest
from graph_reference import Node, Reference, graphs
from hypothesis import given
from hypothesis import strategies as st
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    GraphError,
    TaskFunction,
    after,
)

Processor = AsyncDagTaskProcessor[Any, Any]


async def nothing(_: object) -> None: ...


FUNCTION = TaskFunction(nothing)


def processor_of(dependencies: dict[Any, tuple[Any, ...]], **options: Any) -> Processor:
    builder = Processor.builder()
    for key, depends_on in dependencies.items():
        builder.add_task(AsyncTask(key, execute=FUNCTION), depends_on)
    return builder.build(**options)


def dependencies(processor: Processor) -> dict[Hashable, tuple[Hashable, ...]]:
    return dict(processor.analysis.dependencies)


SHOP = {
    "page": ("user", "prices", after("cache")),
    "prices": ("db",),
    "user": ("db",),
    "cache": (after("db"),),
    "db": (),
    "mail": (),
}

# subset


@pytest.mark.guarantee("36.1")
@pytest.mark.parametrize(
    ("keys", "kept"),
    [
        (("db",), {"db": ()}),
        (("user",), {"user": ("db",), "db": ()}),
        (("mail", "user", "mail"), {"user": ("db",), "db": (), "mail": ()}),
        (("page",), {"page": ("prices", "user"), "prices": ("db",), "user": ("db",), "db": ()}),
    ],
)
def test_a_subset_has_the_tasks_and_all_that_they_depend_on_in_the_order_of_adding(
    keys: tuple[str, ...], kept: dict[Hashable, tuple[Hashable, ...]]
) -> None:
    processor = processor_of(SHOP)
    part = processor.subset(*keys)

    assert dependencies(part) == kept
    assert list(part.analysis.tasks) == list(kept)
    assert all(part.analysis.tasks[key] is processor.analysis.tasks[key] for key in kept)


@pytest.mark.guarantee("36.1")
@given(graphs(), st.data())
def test_a_subset_is_what_its_definition_says(nodes: tuple[Node, ...], data: st.DataObject) -> None:
    if not nodes:
        return
    builder = Processor.builder()
    for node in nodes:
        builder.add_task(node.task(), node.depends_on)
    reference = Reference(nodes)
    keys = data.draw(st.lists(st.sampled_from(list(reference.nodes)), min_size=1))
    expected = {key for key in reference.nodes if key in keys}
    while more := {k for key in expected for k in reference.nodes[key].depends_on} - expected:
        expected |= more

    part = builder.build().subset(*keys)

    assert dependencies(part) == {
        key: reference.listed(node.depends_on)
        for key, node in reference.nodes.items()
        if key in expected
    }


@pytest.mark.guarantee("36.2")
def test_what_is_only_waited_for_is_not_kept_for_that() -> None:
    part = processor_of(SHOP).subset("cache")

    assert dependencies(part) == {"cache": ()}


@pytest.mark.guarantee("36.2")
def test_what_is_only_waited_for_is_waited_for_if_it_is_kept() -> None:
    part = processor_of(SHOP).subset("cache", "page")

    assert part.analysis.dependencies["page"] == ("cache", "prices", "user")
    assert part.analysis.only_after == {"page": ("cache",), "cache": ("db",)}


@pytest.mark.guarantee("4.2")
def test_a_subset_of_a_long_chain_is_found_without_recursion() -> None:
    length = 20_000
    chain = processor_of({n: (n + 1,) if n + 1 < length else () for n in range(length)})

    assert chain.subset(10).analysis.total_tasks == length - 10


@pytest.mark.guarantee("36.5")
def test_a_subset_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^subset takes the keys of the tasks to keep: give at"):
        processor_of(SHOP).subset()


# override


@pytest.mark.guarantee("36.3")
def test_an_override_has_other_tasks_in_the_same_graph() -> None:
    processor = processor_of(SHOP)
    fake = AsyncTask("db", pre_execute=FUNCTION)

    overridden = processor.override({"db": fake})

    assert dict(overridden.analysis.tasks) == {**processor.analysis.tasks, "db": fake}
    assert dependencies(overridden) == dependencies(processor)
    assert overridden.analysis.only_after == processor.analysis.only_after
    assert overridden.analysis.topological_order == processor.analysis.topological_order


@pytest.mark.guarantee("36.3")
def test_overriding_nothing_gives_an_equal_graph() -> None:
    processor = processor_of(SHOP)

    assert dict(processor.override({}).analysis.tasks) == dict(processor.analysis.tasks)


@pytest.mark.guarantee("36.6")
def test_what_build_refuses_override_refuses() -> None:
    with pytest.raises(GraphError) as caught:
        processor_of(SHOP).override({"prices": AsyncTask("prices", optional=True)})

    assert caught.value.requiring_optional == (("page", "prices"),)
    processor_of(SHOP).override({"cache": AsyncTask("cache", optional=True)})


@pytest.mark.guarantee("36.5")
@pytest.mark.parametrize(
    ("tasks", "error", "message"),
    [
        (
            {"db": AsyncTask("database")},
            ValueError,
            "override: the task for 'db' is named 'database': it must have the same name",
        ),
        (
            {"db": FUNCTION},
            TypeError,
            "override: task 'db' must be an AsyncTask; got TaskFunction(nothing) (TaskFunction)",
        ),
        (
            [AsyncTask("db")],
            TypeError,
            "override takes a mapping of keys to tasks; got [AsyncTask('db')] (list)",
        ),
    ],
)
def test_a_task_that_cannot_stand_in_is_refused(
    tasks: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        processor_of(SHOP).override(tasks)

    assert str(caught.value) == message


# Both


@pytest.mark.guarantee("36.4")
@pytest.mark.parametrize("method", ["subset", "override"])
def test_a_derived_processor_is_new_and_has_the_same_class_options_and_parent(method: str) -> None:
    class Special(Processor): ...

    parent = processor_of({"app": ()})
    plain = processor_of(SHOP, execute_order="dependencies", max_concurrency=3)
    processor = Special(plain.analysis, plain.options, parent=parent)

    derived = (
        processor.subset("page", "cache", "mail") if method == "subset" else processor.override({})
    )

    assert derived is not processor
    assert type(derived) is Special
    assert derived.options is processor.options
    assert derived.parent is parent
    assert list(derived.analysis.tasks) == list(processor.analysis.tasks)
    assert dependencies(processor) == dependencies(plain)
    with pytest.raises(AttributeError):
        setattr(derived, "parent", None)  # noqa: B010 - type checkers know that it is read-only


UNKNOWN: list[tuple[tuple[Hashable, ...], str]] = [
    (("pric",), "there is no task 'pric'; did you mean 'prices'?"),
    (("zzz",), "there is no task 'zzz'"),
    ((after("mail"),), "there is no task after('mail')"),
]


@pytest.mark.guarantee("36.5")
@pytest.mark.parametrize(("keys", "message"), UNKNOWN, ids=repr)
def test_an_unknown_key_is_named_with_the_nearest_one(
    keys: tuple[Hashable, ...], message: str
) -> None:
    processor = processor_of(SHOP)

    with pytest.raises(GraphError) as of_subset:
        processor.subset(*keys)
    with pytest.raises(GraphError) as of_override:
        processor.override({key: AsyncTask("db") for key in keys})

    assert str(of_subset.value) == f"subset: {message}"
    assert str(of_override.value) == f"override: {message}"
    assert of_subset.value.unknown == of_override.value.unknown == keys


@pytest.mark.guarantee("36.5")
def test_all_unknown_keys_are_reported_at_once_and_those_beyond_five_counted() -> None:
    with pytest.raises(GraphError) as caught:
        processor_of(SHOP).subset("db", *range(7), 3, "usr")

    assert str(caught.value) == (
        "subset: there is no task 0\n"
        "subset: there is no task 1\n"
        "subset: there is no task 2\n"
        "subset: there is no task 3\n"
        "subset: there is no task 4\n"
        "and 3 more of these"
    )
    assert caught.value.unknown == (*range(7), "usr")


def test_a_key_that_is_not_hashable_is_refused_by_name() -> None:
    with pytest.raises(TypeError) as caught:
        processor_of(SHOP).subset("db", ["user"])

    assert str(caught.value).startswith("subset: a key must be hashable, ")
    assert "got ['user'] (list)" in str(caught.value)

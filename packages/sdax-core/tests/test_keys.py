"""Keys: any hashable values; a listing sorts them only if that gives one order."""

import datetime
import math
from collections.abc import Hashable, Sequence
from enum import Enum, IntEnum
from typing import Any

import pytest
from graph_reference import Node, analysis_of
from hypothesis import given
from hypothesis import strategies as st
from sdax_core import AsyncTask, GraphError, TaskAnalyzer

Keys = Sequence[Hashable]


def listed(keys: Keys) -> list[Hashable]:
    """The keys as the analysis lists them when they are added in this order."""
    pre_execute = frozenset({"pre_execute"})
    return list(analysis_of(Node(key, (), pre_execute) for key in keys).pre_task_names)


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Undecided:
    """Compares with everything, but does not say how in a way that Python takes for an answer."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __lt__(self, other: object) -> Any:
        return NotAnAnswer()


class NotAnAnswer:
    def __bool__(self) -> bool:
        raise ValueError("neither true nor false")


@pytest.mark.parametrize(
    ("keys", "in_order"),
    [
        (["b", "a", "B"], ["B", "a", "b"]),
        ([3, -1, 2], [-1, 2, 3]),
        ([2, 0.5, True], [0.5, True, 2]),
        ([("b", 1), ("a", 2), ("a", 1)], [("a", 1), ("a", 2), ("b", 1)]),
        ([("a", "b"), ("a",), ()], [(), ("a",), ("a", "b")]),
        ([b"b", b"a"], [b"a", b"b"]),
        ([Size.LARGE, Size.SMALL], [Size.SMALL, Size.LARGE]),
        (
            [datetime.date(2024, 5, 1), datetime.date(2023, 5, 1)],
            [datetime.date(2023, 5, 1), datetime.date(2024, 5, 1)],
        ),
        ([frozenset("ab"), frozenset(""), frozenset("b")], [frozenset(k) for k in ("", "b", "ab")]),
        ([frozenset("ab"), frozenset("c"), frozenset("")], None),
        ([("b", frozenset("b")), ("b", frozenset("a"))], None),
        (["b", "a", None], None),
        (["b", 1, "a", ("x",)], None),
        ([("b", 1), ("a", "x"), ("a", 1)], None),
        ([1.5, math.nan, 0.5], None),
        ([Color.RED, Color.BLUE], None),
        ([2j, 1j], None),
        ([Undecided(2), Undecided(1)], None),
    ],
    ids=str,
)
def test_keys_are_sorted_if_any_two_are_in_an_order_else_listed_as_added(
    keys: Keys, in_order: Keys | None
) -> None:
    assert listed(keys) == (keys if in_order is None else in_order)


SETS = st.frozensets(st.integers(0, 3), max_size=3)


@given(
    st.lists(SETS, unique=True).flatmap(
        lambda keys: st.tuples(st.just(keys), st.permutations(keys))
    )
)
def test_whether_keys_are_sorted_does_not_depend_on_the_order_of_adding(
    keys_and_shuffled: tuple[Keys, Keys],
) -> None:
    keys, shuffled = keys_and_shuffled

    assert (listed(keys) == keys and listed(shuffled) == shuffled) or (
        listed(keys) == listed(shuffled)
    )


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("autenticate", "'authenticate'"),
        (("db", "opne"), "('db', 'open')"),
        ("7", "7"),
        (8, "'8'"),
        ("AUTHENTICATE", None),
        (None, None),
    ],
)
def test_the_suggested_key_is_spelled_most_like_the_missing_one(
    key: Hashable, suggestion: str | None
) -> None:
    nodes = [Node("authenticate"), Node("authorise"), Node(("db", "open")), Node(7), Node("8")]

    with pytest.raises(GraphError) as caught:
        analysis_of([*nodes, Node("dependant", (key,))])

    expected = f"task 'dependant' depends on non-existent task {key!r}"
    if suggestion is not None:
        expected += f"; did you mean {suggestion}?"
    assert str(caught.value) == expected


def test_keys_that_are_equal_are_one_key() -> None:
    analyzer = TaskAnalyzer[Any, Hashable]().add_task(AsyncTask(1))

    with pytest.raises(GraphError, match=r"task 1\.0 is there already \(as 1, which equals it\)"):
        analyzer.add_task(AsyncTask(1.0))
    analyzer.add_task(AsyncTask("b"), depends_on=(True,))

    assert analyzer.analyze().dependencies == {1: (), "b": (1,)}

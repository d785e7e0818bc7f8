"""`task` and `join`."""

from typing import Any

import pytest
from sdax_core import AsyncTask, TaskFunction
from sdax_helpers import join, task


async def work(context: Any) -> None: ...


FUNCTION = TaskFunction(work)
PHASES = ["pre_execute", "execute", "post_execute"]


@pytest.mark.parametrize("phase", PHASES)
def test_a_task_with_one_function_has_it_in_its_phase(phase: str) -> None:
    functions: dict[str, Any] = {phase: FUNCTION}
    made = task("A", **functions)

    assert made.name == "A"
    assert {p: getattr(made, p) for p in PHASES} == {
        p: FUNCTION if p == phase else None for p in PHASES
    }


def test_the_functions_of_a_task_are_given_by_keyword() -> None:
    with pytest.raises(TypeError, match="positional argument"):
        task("A", FUNCTION)  # type: ignore[call-arg]


def test_a_task_without_functions_is_refused_and_the_error_names_join() -> None:
    with pytest.raises(ValueError, match="needs at least one") as raised:
        task(("db", "open"))

    assert str(raised.value) == (
        "task ('db', 'open') needs at least one of pre_execute, execute and post_execute: "
        "use join(('db', 'open')) for a task without any"
    )


def test_a_task_whose_name_was_forgotten_is_told_so() -> None:
    with pytest.raises(ValueError, match="the name of a task comes first") as raised:
        task(FUNCTION)

    assert str(raised.value) == (
        f'the name of a task comes first: task("a name", execute={FUNCTION!r})'
    )


def test_a_join_has_no_functions() -> None:
    made = join(("level", 1))

    assert made.name == ("level", 1)
    assert [getattr(made, phase) for phase in PHASES] == [None] * 3


def asked(context: Any) -> bool:
    return True


def test_a_task_is_required_and_unconditional_unless_it_says_otherwise() -> None:
    plain = task("A", execute=FUNCTION)
    special = task("A", execute=FUNCTION, when=asked, optional=True)

    assert (plain.when, plain.optional) == (None, False)
    assert (special.when, special.optional) == (asked, True)


def test_a_join_is_required_unless_it_says_otherwise() -> None:
    assert join("A").optional is False
    assert join("A", optional=True).optional is True


def test_neither_when_nor_optional_stands_in_for_a_function() -> None:
    with pytest.raises(ValueError, match="needs at least one"):
        task("A", when=asked, optional=True)


def task_with_a_function(key: Any) -> AsyncTask[Any, Any]:
    return task(key, execute=FUNCTION)


@pytest.mark.parametrize("make", [join, task_with_a_function])
def test_a_key_that_is_not_hashable_is_refused_by_name(make: Any) -> None:
    with pytest.raises(TypeError) as raised:
        make(["db"])

    assert str(raised.value) == (
        "the name of a task must be hashable, like a string or a tuple of strings; "
        "got ['db'] (list): unhashable type: 'list'"
    )

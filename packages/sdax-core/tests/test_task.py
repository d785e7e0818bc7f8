"""A task: a key with up to three functions."""

import copy
import dataclasses
import pickle
from typing import Any, Generic, TypeVar

import pytest
from sdax_core import AsyncTask, PhaseId, StringKeysByDefault, TaskFunction


async def nothing(_: object) -> None: ...


FUNCTION = TaskFunction(nothing)
Context = TypeVar("Context")
Other = TypeVar("Other")


def test_the_phases_are_named_as_the_fields_of_a_task() -> None:
    assert [phase.value for phase in PhaseId] == ["pre_execute", "execute", "post_execute"]
    assert f"{PhaseId.PRE_EXEC} {PhaseId.EXECUTE} {PhaseId.POST_EXEC}" == " ".join(PhaseId)
    fields = [field.name for field in dataclasses.fields(AsyncTask)]
    assert fields == ["name", *PhaseId, "when", "optional"]


def test_name_and_phases_may_be_given_by_position() -> None:
    other = TaskFunction(nothing, timeout=5)
    task = AsyncTask("auth", FUNCTION, None, other)

    assert (task.name, task.pre_execute, task.execute, task.post_execute) == (
        "auth",
        FUNCTION,
        None,
        other,
    )


def test_a_task_without_functions_is_a_join() -> None:
    task = AsyncTask("all ready")

    assert (task.pre_execute, task.execute, task.post_execute) == (None, None, None)


def test_a_task_is_equal_only_to_itself() -> None:
    task, twin = AsyncTask("auth", FUNCTION), AsyncTask("auth", FUNCTION)

    assert task != twin
    assert len({task, twin, task}) == 2


@pytest.mark.guarantee("1.3")
@pytest.mark.parametrize(
    "name", [["list"], {"dict": 1}, {"set"}, ("tuple", ["with a list"])], ids=str
)
def test_a_name_that_is_not_hashable_is_refused_and_shown(name: Any) -> None:
    with pytest.raises(TypeError) as caught:
        AsyncTask(name)

    assert str(caught.value).startswith("the name of a task must be hashable, ")
    assert f"got {name!r} ({type(name).__name__})" in str(caught.value)


@pytest.mark.guarantee("25.2")
@pytest.mark.parametrize("phase", PhaseId)
def test_a_phase_that_is_no_task_function_is_refused_with_what_to_do(phase: PhaseId) -> None:
    functions: dict[str, Any] = {phase: nothing}

    with pytest.raises(TypeError) as caught:
        AsyncTask("auth", **functions)

    assert str(caught.value) == (
        f"task 'auth': {phase} must be a TaskFunction or None; got {nothing!r}: "
        "wrap it with task_func(...)"
    )


def plain(ctx: object) -> None: ...


def test_a_function_that_is_not_async_is_refused_with_what_to_do_about_that() -> None:
    function: Any = plain
    with pytest.raises(TypeError) as caught:
        AsyncTask("auth", execute=function)

    assert str(caught.value) == (
        f"task 'auth': execute must be a TaskFunction or None; got {plain!r}: wrap it with "
        "task_sync_func(...), or with task_func(...) if it returns something to await"
    )


@pytest.mark.parametrize("name", ["execute", "remark"])
def test_a_task_cannot_be_changed(name: str) -> None:
    task = AsyncTask("auth", execute=FUNCTION)

    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(task, name, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        delattr(task, name)


def test_a_task_holds_nothing_but_its_fields() -> None:
    assert not hasattr(AsyncTask("auth"), "__dict__")


def test_a_task_can_be_copied_and_pickled() -> None:
    task = AsyncTask("auth", execute=FUNCTION)

    for twin in (copy.copy(task), copy.deepcopy(task), pickle.loads(pickle.dumps(task))):
        assert twin is not task
        assert (twin.name, twin.execute) == ("auth", FUNCTION)


def test_a_task_shows_its_key_and_the_phases_it_takes_part_in() -> None:
    task = AsyncTask(("db", "open"), pre_execute=FUNCTION)

    assert repr(task) == "AsyncTask(('db', 'open'), pre_execute=TaskFunction(nothing))"
    assert repr(AsyncTask("join")) == "AsyncTask('join')"


@pytest.mark.guarantee("4.3")
def test_the_type_of_the_key_may_be_left_out_or_given() -> None:
    subscripted: Any = AsyncTask

    assert subscripted[int] == subscripted[int, str]
    assert subscripted[int, int] != subscripted[int, str]
    assert AsyncTask[int]("auth").name == "auth"
    assert AsyncTask[int, tuple[str, str]](("db", "open")).name == ("db", "open")


def test_a_class_derived_with_its_own_key_takes_one_type_only() -> None:
    subscripted: Any = AsyncTask
    numbered = subscripted[Context, int]

    assert numbered[str] == subscripted[str, int]
    with pytest.raises(TypeError):
        subscripted[int, str, bytes]


def test_only_a_key_may_be_left_out() -> None:
    class Pair(StringKeysByDefault, Generic[Context, Other]): ...

    pair: Any = Pair
    with pytest.raises(TypeError):
        pair[int]

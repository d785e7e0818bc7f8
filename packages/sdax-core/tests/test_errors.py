"""The errors: what they say, what they hold, and that nothing of it is lost on the way to a handler."""

import asyncio
import copy
import dataclasses
import pickle
import traceback
from collections.abc import Iterable
from typing import Any

import pytest
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    GraphError,
    PhaseId,
    RetryableException,
    SdaxError,
    SdaxExecutionError,
    StrayCancellationError,
    TaskFailure,
    TaskFunction,
    flatten_exceptions,
)


def failure(
    task: Any, exception: BaseException, phase: PhaseId = PhaseId.EXECUTE, attempts: int = 1
) -> TaskFailure:
    return TaskFailure(task, phase, attempts, exception)


def tasks_of(failures: Iterable[TaskFailure]) -> list[Any]:
    return [each.task for each in failures]


def part_of(error: SdaxExecutionError, condition: Any) -> SdaxExecutionError:
    part: Any = error.subgroup(condition)
    assert type(part) is SdaxExecutionError
    return part


class AlwaysEqualError(Exception):
    """Two of them are equal, and neither can be hashed."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AlwaysEqualError)

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.guarantee("15.1")
def test_a_retryable_exception_is_an_exception() -> None:
    assert RetryableException.__mro__ == (RetryableException, Exception, BaseException, object)


def test_errors_of_sdax_have_one_base() -> None:
    for error in (GraphError, StrayCancellationError, SdaxExecutionError):
        assert issubclass(error, SdaxError)
    assert issubclass(GraphError, ValueError)
    assert issubclass(SdaxExecutionError, ExceptionGroup)


def test_the_note_of_a_failure_names_task_phase_and_attempt() -> None:
    described = failure(("db", "open"), OSError(), PhaseId.PRE_EXEC, attempts=2)

    assert described.note == "sdax: task ('db', 'open'), pre_execute, attempt 2"


def test_a_failure_cannot_be_changed() -> None:
    described = failure("auth", OSError())

    for name in ("task", "note", "remark"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(described, name, "other")


@dataclasses.dataclass(frozen=True)
class RefusesNotesError(Exception):
    code: int


class OddNotesError(Exception):
    __notes__ = None  # type: ignore[assignment]


@pytest.mark.guarantee("14.4")
@pytest.mark.parametrize("error", [RefusesNotesError(7), OddNotesError()], ids=repr)
def test_an_exception_that_refuses_notes_is_raised_all_the_same(error: Exception) -> None:
    assert raised_by_two_tasks(error).exceptions == (error, error)


@pytest.mark.guarantee("14.8")
def test_an_exception_met_twice_is_noted_once_beside_the_notes_of_the_user() -> None:
    error = OSError("shared")
    error.add_note("of the user")
    raised = raised_by_two_tasks(error)

    assert error.__notes__ == ["of the user", "sdax: task 'a', execute, attempt 1"]
    assert [each.note for each in raised.failures] == [
        "sdax: task 'a', execute, attempt 1",
        "sdax: task 'b', execute, attempt 1",
    ]


def raised_by_two_tasks(error: Exception) -> SdaxExecutionError:
    async def fail(_: object) -> None:
        raise error

    builder = AsyncDagTaskProcessor[None].builder()
    for name in ("a", "b"):
        builder.add_task(AsyncTask(name, execute=TaskFunction(fail)))
    with pytest.raises(SdaxExecutionError) as caught:
        asyncio.run(builder.build().process_tasks(None))
    return caught.value


def test_failures_are_equal_if_they_hold_the_same_exception() -> None:
    one, other = AlwaysEqualError(), AlwaysEqualError()

    assert failure("auth", one) == failure("auth", one)
    assert failure("auth", one) != failure("auth", other)
    assert failure("auth", one) != failure("auth", one, attempts=2)
    assert failure("auth", one) != failure("auth", one, PhaseId.PRE_EXEC)
    assert failure("auth", one) != "auth"
    assert len({failure("auth", one), failure("auth", one), failure("auth", other)}) == 2


def test_flattening_gives_the_leaves_of_groups_of_any_kind_in_order() -> None:
    a, b, c, d = ValueError("a"), KeyboardInterrupt("b"), KeyError("c"), OSError("d")
    group = BaseExceptionGroup(
        "all", [a, BaseExceptionGroup("some", [b, ExceptionGroup("one", [c])]), d]
    )

    assert flatten_exceptions(group) == [a, b, c, d]


def test_flattening_an_exception_that_is_no_group_gives_itself() -> None:
    error = ValueError("a")

    assert flatten_exceptions(error) == [error]


def test_flattened_groups_may_be_nested_to_any_depth() -> None:
    leaf = ValueError("leaf")
    nested: list[Any] = [leaf]
    for _ in range(20_000):
        nested.append(ExceptionGroup("outer", [nested[-1]]))

    assert flatten_exceptions(nested[-1]) == [leaf]
    while nested:  # the outermost first: to let go of all at once, Python itself would recurse
        nested.pop()


def test_a_graph_error_holds_nothing_unless_told() -> None:
    error = GraphError("no good")

    assert (str(error), error.missing, error.cycle) == ("no good", (), ())


def test_a_graph_error_can_be_copied_and_pickled() -> None:
    error = GraphError("no good", missing=(("a", "b"),), cycle=("c", "c"))

    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is GraphError
        assert (str(twin), twin.missing, twin.cycle) == (
            "no good",
            (("a", "b"),),
            ("c", "c"),
        )


def test_an_execution_error_is_made_of_a_message_and_exceptions_as_any_group() -> None:
    errors = [ValueError("a"), OSError("b")]
    error = SdaxExecutionError("no good", errors)

    assert error.message == "no good"
    assert error.exceptions == tuple(errors)
    assert (error.failures, error.skipped) == ((), ())


def test_an_execution_error_of_failures_holds_their_exceptions_in_the_same_order() -> None:
    failures = [failure("b", ValueError("b")), failure("a", OSError("a"))]
    error = SdaxExecutionError.of(iter(failures), skipped=iter(["c", "d"]))

    assert error.failures == tuple(failures)
    assert error.exceptions == tuple(each.exception for each in failures)
    assert error.skipped == ("c", "d")


@pytest.mark.parametrize(
    ("failures", "skipped", "message"),
    [
        (
            [failure("auth", ValueError("x"), PhaseId.PRE_EXEC)],
            (),
            "1 failure: 'auth' in pre_execute (ValueError)",
        ),
        (
            [failure("auth", ValueError()), failure(7, TimeoutError(), PhaseId.POST_EXEC)],
            ("mail",),
            "2 failures: 'auth' in execute (ValueError), 7 in post_execute (TimeoutError); "
            "1 task skipped: 'mail'",
        ),
        (
            [failure(n, ValueError()) for n in range(7)],
            tuple("abcdef"),
            "7 failures: "
            + ", ".join(f"{n} in execute (ValueError)" for n in range(5))
            + " and 2 more; 6 tasks skipped: 'a', 'b', 'c', 'd', 'e' and 1 more",
        ),
    ],
)
def test_the_message_of_an_execution_error_counts_and_names_the_first_tasks(
    failures: list[TaskFailure], skipped: tuple[str, ...], message: str
) -> None:
    assert SdaxExecutionError.of(failures, skipped).message == message


def test_an_execution_error_without_failures_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="non-empty"):
        SdaxExecutionError.of(())


@pytest.mark.guarantee("14.6")
def test_a_group_raised_by_a_function_is_one_leaf_that_can_be_opened() -> None:
    a, b, c = ValueError("a"), OSError("b"), KeyError("c")
    group = ExceptionGroup("of the user", [a, b])
    error = SdaxExecutionError.of([failure("auth", group), failure("mail", c)])

    assert error.exceptions == (group, c)
    assert [each.exception for each in error.failures] == [group, c]
    assert error.leaf_exceptions() == [a, b, c]


@pytest.mark.guarantee("14.2")
def test_splitting_keeps_the_type_the_skipped_tasks_and_the_failures_that_belong() -> None:
    auth, mail = failure("auth", ValueError("a")), failure("mail", OSError("b"))
    error = SdaxExecutionError.of([auth, mail], skipped=("report",))
    parts: tuple[Any, Any] = error.split(ValueError)
    match, rest = parts

    assert type(match) is type(rest) is SdaxExecutionError
    assert (match.failures, rest.failures) == ((auth,), (mail,))
    assert match.skipped == rest.skipped == ("report",)
    assert match.message == error.message


@pytest.mark.guarantee("14.2")
def test_except_star_receives_the_failures_of_its_kind() -> None:
    auth, mail = failure("auth", ValueError("a")), failure("mail", OSError("b"))
    received: list[ExceptionGroup[Exception]] = []
    try:
        raise SdaxExecutionError.of([auth, mail])
    except* ValueError as group:
        received.append(group)
    except* OSError as group:
        received.append(group)

    parts = [part for part in received if isinstance(part, SdaxExecutionError)]
    assert [tasks_of(part.failures) for part in parts] == [["auth"], ["mail"]]


def test_a_failure_stays_as_long_as_one_leaf_of_its_group_does() -> None:
    both = failure("both", ExceptionGroup("of the user", [ValueError("a"), OSError("b")]))
    other = failure("other", KeyError("c"))
    error = SdaxExecutionError.of([both, other])

    for kind, tasks in ((ValueError, ["both"]), (OSError, ["both"]), (KeyError, ["other"])):
        assert tasks_of(part_of(error, kind).failures) == tasks


def test_exceptions_are_told_apart_by_identity() -> None:
    one, other = AlwaysEqualError(), AlwaysEqualError()
    error = SdaxExecutionError.of([failure("one", one), failure("other", other)])

    def is_other(leaf: BaseException) -> bool:
        return leaf is other

    part = part_of(error, is_other)
    assert tasks_of(part.failures) == ["other"]


def test_one_exception_may_be_the_failure_of_several_tasks() -> None:
    shared = OSError("shared")
    error = SdaxExecutionError.of([failure("a", shared), failure("b", shared)])
    part = part_of(error, OSError)

    assert tasks_of(part.failures) == ["a", "b"]
    assert part.exceptions == (shared, shared)


@pytest.mark.guarantee("14.9")
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_execution_error_can_be_pickled(protocol: int) -> None:
    error = error_with_notes()
    twin = pickle.loads(pickle.dumps(error, protocol))

    assert twin is not error
    assert_same_content(twin, error)
    assert twin.failures[0].exception is twin.exceptions[0]


def test_an_execution_error_can_be_copied() -> None:
    error = error_with_notes()
    twin = copy.copy(error)

    assert twin is not error
    assert_same_content(twin, error)
    assert twin.failures == error.failures


def test_a_traceback_shows_message_and_notes() -> None:
    text = "".join(traceback.format_exception(error_with_notes()))

    assert "SdaxExecutionError: 1 failure: 'auth' in execute (ValueError); 1 task skip" in text
    assert "sdax: task 'auth', execute, attempt 1" in text
    assert "note on the whole" in text


def error_with_notes() -> SdaxExecutionError:
    described = failure("auth", ValueError("a"))
    described.exception.add_note(described.note)
    error = SdaxExecutionError.of([described], skipped=("report",))
    error.add_note("note on the whole")
    return error


def assert_same_content(twin: SdaxExecutionError, error: SdaxExecutionError) -> None:
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    assert twin.skipped == error.skipped
    assert twin.__notes__ == error.__notes__
    assert [vars(each) for each in twin.exceptions] == [vars(each) for each in error.exceptions]
    for one, other in zip(twin.failures, error.failures, strict=True):
        assert one.note == other.note
        assert repr(one.exception) == repr(other.exception)

"""Guarantee 14: exception groups of the user's own, and pickling."""

import pickle

import pytest
from guarantee_support import Journal, Run, ended
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    PhaseId,
    SdaxExecutionError,
    flatten_exceptions,
)


def error_of(run: Run, journal: Journal, *errors: Exception) -> SdaxExecutionError:
    """The error of a run whose tasks `0`, `1`, ... raise these; `after` is skipped."""
    builder = AsyncDagTaskProcessor[None, int | str].builder()
    for number, error in enumerate(errors):
        builder.add_task(AsyncTask(number, execute=journal.fails(str(number), error)))
    builder.add_task(AsyncTask("after", execute=journal.quick("after")), depends_on=(0,))
    ending = run(ended(builder.build(execute_order="dependencies").process_tasks(None)))
    assert isinstance(ending, SdaxExecutionError)
    return ending


@pytest.mark.guarantee("14.6")
def test_a_group_of_the_users_own_stays_one_leaf_and_is_opened_on_demand(
    run: Run, journal: Journal
) -> None:
    first, second, third, plain = KeyError("1"), ValueError("2"), OSError("3"), TypeError("4")
    group = ExceptionGroup("mine", [first, ExceptionGroup("inner", [second, third])])

    error = error_of(run, journal, group, plain)

    assert error.exceptions == (group, plain)
    assert [failure.exception for failure in error.failures] == [group, plain]
    assert error.leaf_exceptions() == [first, second, third, plain]
    assert flatten_exceptions(error) == [first, second, third, plain]


@pytest.mark.guarantee("14.6", "14.2")
def test_except_star_reaches_into_a_group_of_the_users_own(run: Run, journal: Journal) -> None:
    inside, beside = KeyError("inside"), ValueError("beside")
    error = error_of(run, journal, ExceptionGroup("mine", [inside, beside]), OSError("plain"))

    match, rest = error.split(KeyError)

    assert isinstance(match, SdaxExecutionError)
    assert isinstance(rest, SdaxExecutionError)
    assert match.leaf_exceptions() == [inside]
    assert [failure.task for failure in match.failures] == [0]
    assert [repr(leaf) for leaf in rest.leaf_exceptions()] == [
        "ValueError('beside')",
        "OSError('plain')",
    ]
    assert [failure.task for failure in rest.failures] == [0, 1]


@pytest.mark.guarantee("14.6")
def test_flatten_opens_groups_of_any_kind_and_depth() -> None:
    interrupt, deep = KeyboardInterrupt(), OSError("deep")
    group: BaseExceptionGroup[BaseException] = ExceptionGroup("0", [deep])
    for number in range(1, 50):
        group = BaseExceptionGroup(str(number), [group])

    assert flatten_exceptions(BaseExceptionGroup("any", [interrupt, group])) == [interrupt, deep]
    assert flatten_exceptions(deep) == [deep]


@pytest.mark.guarantee("14.9")
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_the_error_can_be_pickled(run: Run, journal: Journal, protocol: int) -> None:
    mine = ExceptionGroup("mine", [KeyError("k")])
    error = error_of(run, journal, OSError("no such host"), mine)

    copy = pickle.loads(pickle.dumps(error, protocol))

    assert type(copy) is SdaxExecutionError
    assert copy.message == error.message
    assert [repr(leaf) for leaf in copy.leaf_exceptions()] == [
        "OSError('no such host')",
        "KeyError('k')",
    ]
    assert [(failure.task, failure.phase, failure.attempts) for failure in copy.failures] == [
        (0, PhaseId.EXECUTE, 1),
        (1, PhaseId.EXECUTE, 1),
    ]
    assert copy.failures[0].exception is copy.exceptions[0]
    assert copy.exceptions[0].__notes__ == ["sdax: task 0, execute, attempt 1"]
    assert copy.skipped == ("after",)

"""Guarantee 14: everything that failed is raised together, once, after cleanup."""

import traceback

import pytest
from guarantee_support import Journal, Run, ended
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    PhaseId,
    SdaxError,
    SdaxExecutionError,
    TaskFailure,
)


def failing_in_two_phases(journal: Journal) -> AsyncDagTaskProcessor[None]:
    """`late` is added first and fails last of the execute functions."""
    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "late",
                execute=journal.takes("late", 3, ValueError("late")),
                post_execute=journal.takes("late.post", 1, OSError("cleanup")),
            )
        )
        .add_task(AsyncTask("early", execute=journal.takes("early", 1, KeyError("early"))))
        .add_task(
            AsyncTask("retried", execute=journal.takes("retried", 1, ConnectionError("retried"),
                                                       retries=1, initial_delay=0))
        )
        .add_task(AsyncTask("good", post_execute=journal.takes("good.post", 2)))
        .build()
    )  # fmt: skip


def error_of(run: Run, processor: AsyncDagTaskProcessor[None]) -> SdaxExecutionError:
    error = run(ended(processor.process_tasks(None)))
    assert isinstance(error, SdaxExecutionError)
    return error


@pytest.mark.guarantee("14.1", "14.2", "14.3")
def test_failures_of_all_phases_are_raised_together_in_the_order_of_failure(
    run: Run, journal: Journal
) -> None:
    error = error_of(run, failing_in_two_phases(journal))

    assert [repr(leaf) for leaf in error.exceptions] == [
        "KeyError('early')",
        "ConnectionError('retried')",
        "ValueError('late')",
        "OSError('cleanup')",
    ]
    assert journal.timed[-1] == (5, "good.post ended")


@pytest.mark.guarantee("14.1")
def test_a_failure_of_pre_execute_is_raised_with_those_of_the_cleanup_after_it(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "task",
                pre_execute=journal.fails("pre", ValueError("pre")),
                post_execute=journal.fails("post", OSError("post")),
            )
        )
        .build()
    )

    error = error_of(run, processor)

    assert [repr(leaf) for leaf in error.exceptions] == ["ValueError('pre')", "OSError('post')"]


@pytest.mark.guarantee("14.2")
def test_the_error_is_an_sdax_error_and_an_exception_group(run: Run, journal: Journal) -> None:
    error = error_of(run, failing_in_two_phases(journal))

    assert isinstance(error, SdaxError)
    assert isinstance(error, ExceptionGroup)
    assert not any(isinstance(leaf, ExceptionGroup) for leaf in error.exceptions)


@pytest.mark.guarantee("14.2")
def test_the_message_says_what_failed_and_where(run: Run, journal: Journal) -> None:
    assert error_of(run, failing_in_two_phases(journal)).message == (
        "4 failures: 'early' in execute (KeyError), 'retried' in execute (ConnectionError), "
        "'late' in execute (ValueError), 'late' in post_execute (OSError)"
    )


@pytest.mark.guarantee("14.2")
def test_except_star_takes_the_error_apart(run: Run, journal: Journal) -> None:
    caught: list[BaseException] = []
    try:
        run(failing_in_two_phases(journal).process_tasks(None))
    except* LookupError as keys:
        caught.append(keys)
    except* OSError as connections:
        caught.append(connections)
    except* ValueError as values:
        caught.append(values)

    assert [type(part) for part in caught] == [SdaxExecutionError] * 3
    assert [
        [repr(leaf) for leaf in part.exceptions]
        for part in caught
        if isinstance(part, SdaxExecutionError)
    ] == [
        ["KeyError('early')"],
        ["ConnectionError('retried')", "OSError('cleanup')"],
        ["ValueError('late')"],
    ]


@pytest.mark.guarantee("14.2", "14.5")
def test_what_is_split_off_keeps_its_type_and_its_failures(run: Run, journal: Journal) -> None:
    match, rest = error_of(run, failing_in_two_phases(journal)).split(OSError)

    assert isinstance(match, SdaxExecutionError)
    assert isinstance(rest, SdaxExecutionError)
    assert [(failure.task, failure.phase) for failure in match.failures] == [
        ("retried", PhaseId.EXECUTE),
        ("late", PhaseId.POST_EXEC),
    ]
    assert [failure.task for failure in rest.failures] == ["early", "late"]


@pytest.mark.guarantee("14.4")
def test_each_leaf_has_a_note_that_names_task_phase_and_attempt(run: Run, journal: Journal) -> None:
    error = error_of(run, failing_in_two_phases(journal))

    assert [leaf.__notes__ for leaf in error.exceptions] == [
        ["sdax: task 'early', execute, attempt 1"],
        ["sdax: task 'retried', execute, attempt 2"],
        ["sdax: task 'late', execute, attempt 1"],
        ["sdax: task 'late', post_execute, attempt 1"],
    ]
    printed = "".join(traceback.format_exception(error))
    assert "sdax: task 'retried', execute, attempt 2" in printed


@pytest.mark.guarantee("14.5")
def test_failures_say_the_same_as_values(run: Run, journal: Journal) -> None:
    error = error_of(run, failing_in_two_phases(journal))
    early, retried, late, cleanup = error.exceptions

    assert error.failures == (
        TaskFailure("early", PhaseId.EXECUTE, 1, early),
        TaskFailure("retried", PhaseId.EXECUTE, 2, retried),
        TaskFailure("late", PhaseId.EXECUTE, 1, late),
        TaskFailure("late", PhaseId.POST_EXEC, 1, cleanup),
    )
    assert error.failures[1].exception is retried

"""Guarantee 8: cleanup runs in reverse, each function the moment it can."""

import pytest
from guarantee_support import Journal, Run
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError


@pytest.mark.guarantee("8.1")
def test_a_cleanup_starts_when_the_cleanups_of_all_its_dependents_have_ended(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("db", post_execute=journal.takes("db", 1)))
        .add_task(AsyncTask("user", post_execute=journal.takes("user", 2)), depends_on=("db",))
        .add_task(AsyncTask("order", post_execute=journal.takes("order", 4)), depends_on=("db",))
        .build()
    )

    run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "user"),
        (0, "order"),
        (2, "user ended"),
        (4, "order ended"),
        (4, "db"),
        (5, "db ended"),
    ]


@pytest.mark.guarantee("8.1")
def test_tasks_without_cleanup_pass_the_order_on(run: Run, journal: Journal) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("first", post_execute=journal.takes("first", 1)))
        .add_task(AsyncTask("join"), depends_on=("first",))
        .add_task(AsyncTask("work", execute=journal.quick("work")), depends_on=("join",))
        .add_task(AsyncTask("last", post_execute=journal.takes("last", 1)), depends_on=("work",))
        .build()
    )

    run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "work"),
        (0, "last"),
        (1, "last ended"),
        (1, "first"),
        (2, "first ended"),
    ]


@pytest.mark.guarantee("8.2", "12.1")
def test_a_cleanup_that_failed_holds_up_nothing(run: Run, journal: Journal) -> None:
    error = OSError("cannot delete")
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("db", post_execute=journal.takes("db", 1)))
        .add_task(AsyncTask("a", post_execute=journal.takes("a", 1, error)), depends_on=("db",))
        .add_task(AsyncTask("b", post_execute=journal.takes("b", 2)), depends_on=("db",))
        .build()
    )

    with pytest.raises(SdaxExecutionError) as caught:
        run(processor.process_tasks(None))

    assert caught.value.exceptions == (error,)
    assert journal.timed == [
        (0, "a"),
        (0, "b"),
        (1, "a raised OSError"),
        (2, "b ended"),
        (2, "db"),
        (3, "db ended"),
    ]


@pytest.mark.guarantee("8.3")
def test_cleanups_that_are_not_related_do_not_wait_for_each_other(
    run: Run, journal: Journal
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    for name, seconds in (("fast", 1), ("slow", 5)):
        for depth in range(3):
            task = f"{name} {depth}"
            builder.add_task(
                AsyncTask(task, post_execute=journal.takes(task, seconds)),
                depends_on=(f"{name} {depth - 1}",) if depth else (),
            )

    run(builder.build().process_tasks(None))

    starts = [(time, event) for time, event in journal.timed if "ended" not in event]
    assert starts == [
        (0, "fast 2"),
        (0, "slow 2"),
        (1, "fast 1"),
        (2, "fast 0"),
        (5, "slow 1"),
        (10, "slow 0"),
    ]

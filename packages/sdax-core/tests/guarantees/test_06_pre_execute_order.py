"""Guarantee 6: a pre_execute starts the moment its last dependency is passed."""

import pytest
from guarantee_support import Journal, Run
from sdax_core import AsyncDagTaskProcessor, AsyncTask


@pytest.mark.guarantee("6.1")
def test_pre_execute_waits_for_its_own_dependencies_and_for_nothing_else(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("fast", pre_execute=journal.takes("fast", 1)))
        .add_task(AsyncTask("slow", pre_execute=journal.takes("slow", 5)))
        .add_task(AsyncTask("x", pre_execute=journal.takes("x", 1)), depends_on=("fast",))
        .add_task(AsyncTask("y", pre_execute=journal.takes("y", 1)), depends_on=("x",))
        .add_task(AsyncTask("z", pre_execute=journal.takes("z", 1)), depends_on=("y", "slow"))
        .build()
    )

    run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "fast"),
        (0, "slow"),
        (1, "fast ended"),
        (1, "x"),
        (2, "x ended"),
        (2, "y"),
        (3, "y ended"),
        (5, "slow ended"),
        (5, "z"),
        (6, "z ended"),
    ]


@pytest.mark.guarantee("6.1", "9.2")
def test_everything_that_one_end_makes_ready_starts_at_that_moment(
    run: Run, journal: Journal
) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("first", pre_execute=journal.takes("first", 1)))
    for seconds, name in enumerate("abcde", 1):
        builder.add_task(
            AsyncTask(name, pre_execute=journal.takes(name, seconds)), depends_on=("first",)
        )

    run(builder.build().process_tasks(None))

    assert journal.timed == [
        (0, "first"),
        (1, "first ended"),
        *((1, name) for name in "abcde"),
        *((1 + seconds, f"{name} ended") for seconds, name in enumerate("abcde", 1)),
    ]


@pytest.mark.guarantee("6.2")
def test_a_task_is_passed_when_its_pre_execute_has_succeeded_after_retries(
    run: Run, journal: Journal
) -> None:
    failures = [ConnectionError("down"), ConnectionError("still down")]

    async def connect() -> None:
        if failures:
            raise failures.pop()

    settings = {"retries": 2, "initial_delay": 0}
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("db", pre_execute=journal.does("connect", connect, **settings)))
        .add_task(AsyncTask("user", pre_execute=journal.quick("user")), depends_on=("db",))
        .build()
    )

    run(processor.process_tasks(None))

    assert journal.events == [
        *("connect", "connect raised ConnectionError"),
        *("connect", "connect raised ConnectionError"),
        *("connect", "connect ended"),
        "user",
    ]


@pytest.mark.guarantee("6.2", "6.3")
def test_a_task_without_pre_execute_is_passed_when_all_its_dependencies_are(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", pre_execute=journal.takes("a", 1)))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 2)))
        .add_task(AsyncTask("join"), depends_on=("a", "b"))
        .add_task(AsyncTask("work", execute=journal.takes("work", 9)), depends_on=("join",))
        .add_task(AsyncTask("clean", post_execute=journal.quick("clean")), depends_on=("work",))
        .add_task(AsyncTask("c", pre_execute=journal.takes("c", 1)), depends_on=("clean",))
        .build()
    )

    run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "a"),
        (0, "b"),
        (1, "a ended"),
        (2, "b ended"),
        (2, "c"),  # at once: neither the join nor "work" nor "clean" holds it up
        (3, "c ended"),
        (3, "work"),
        (12, "work ended"),
        (12, "clean"),
    ]


@pytest.mark.guarantee("6.3")
def test_joins_at_the_roots_are_passed_from_the_start(run: Run, journal: Journal) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("root"))
        .add_task(AsyncTask("join"), depends_on=("root",))
        .add_task(AsyncTask("a", pre_execute=journal.takes("a", 1)), depends_on=("join",))
        .add_task(AsyncTask("b", pre_execute=journal.takes("b", 1)), depends_on=("root", "join"))
        .build()
    )

    run(processor.process_tasks(None))

    assert journal.timed == [(0, "a"), (0, "b"), (1, "a ended"), (1, "b ended")]


@pytest.mark.guarantee("6.3")
def test_a_graph_of_joins_alone_and_an_empty_graph_run(run: Run) -> None:
    joins = AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a"))
    joins.add_task(AsyncTask("b"), depends_on=("a",))

    run(joins.build().process_tasks(None))
    run(AsyncDagTaskProcessor[None].builder().build().process_tasks(None))

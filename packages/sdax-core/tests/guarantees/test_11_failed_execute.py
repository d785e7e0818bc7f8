"""Guarantee 11: what a failed execute does."""

import asyncio

import pytest
from guarantee_support import Journal, Run
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncTask,
    SdaxExecutionError,
)

ERROR = OSError("no such host")


def bad_beside_slow(journal: Journal) -> AsyncDagTaskProcessorBuilder[None]:
    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("bad", execute=journal.takes("bad", 1, ERROR)))
        .add_task(
            AsyncTask(
                "slow", execute=journal.takes("slow", 5), post_execute=journal.quick("clean up")
            )
        )
    )


@pytest.mark.guarantee("11.1")
def test_a_failed_execute_leaves_its_siblings_running(run: Run, journal: Journal) -> None:
    with pytest.raises(SdaxExecutionError) as caught:
        run(bad_beside_slow(journal).build().process_tasks(None))

    assert caught.value.exceptions == (ERROR,)
    assert journal.timed == [
        (0, "bad"),
        (0, "slow"),
        (1, "bad raised OSError"),
        (5, "slow ended"),
        (5, "clean up"),
    ]


@pytest.mark.guarantee("11.1")
def test_a_failed_execute_lets_those_that_are_not_begun_begin(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("bad", execute=journal.fails("bad", ERROR)))
    builder.add_task(AsyncTask("good", execute=journal.quick("good")))

    with pytest.raises(SdaxExecutionError):
        run(builder.build().process_tasks(None))

    assert journal.events == ["bad", "good"]


@pytest.mark.guarantee("11.2")
def test_a_failed_execute_can_cancel_its_siblings(run: Run, journal: Journal) -> None:
    with pytest.raises(SdaxExecutionError) as caught:
        run(bad_beside_slow(journal).build(on_execute_error="cancel").process_tasks(None))

    assert caught.value.exceptions == (ERROR,)
    assert journal.timed == [
        (0, "bad"),
        (0, "slow"),
        (1, "bad raised OSError"),
        (1, "slow cancelled"),
        (1, "clean up"),
    ]


@pytest.mark.guarantee("11.2")
def test_a_failed_execute_that_cancels_lets_no_other_begin(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    builder.add_task(AsyncTask("bad", execute=journal.takes("bad", 1, ERROR)))
    builder.add_task(AsyncTask("slow", execute=journal.takes("slow", 2)))
    builder.add_task(AsyncTask("next", execute=journal.quick("next")), depends_on=("slow",))
    processor = builder.build(execute_order="dependencies", on_execute_error="cancel")

    with pytest.raises(SdaxExecutionError) as caught:
        run(processor.process_tasks(None))

    assert caught.value.exceptions == (ERROR,)
    assert journal.events == ["bad", "slow", "bad raised OSError", "slow cancelled"]


def ordered(journal: Journal) -> AsyncDagTaskProcessor[None]:
    """`bad` fails; all but `good` and `beside` depend on it, some of them by way of other tasks."""
    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("bad", execute=journal.fails("bad", ERROR)))
        .add_task(AsyncTask("good", execute=journal.takes("good", 1)))
        .add_task(AsyncTask("direct", execute=journal.quick("direct")), depends_on=("bad",))
        .add_task(AsyncTask("join"), depends_on=("bad", "good"))
        .add_task(AsyncTask("setup", pre_execute=journal.quick("setup")), depends_on=("join",))
        .add_task(AsyncTask("indirect", execute=journal.quick("indirect")), depends_on=("setup",))
        .add_task(
            AsyncTask(
                "last", execute=journal.quick("last"), post_execute=journal.quick("clean up last")
            ),
            depends_on=("indirect", "good"),
        )
        .add_task(AsyncTask("beside", execute=journal.quick("beside")), depends_on=("good",))
        .build(execute_order="dependencies")
    )


@pytest.mark.guarantee("11.3")
def test_what_depends_on_a_failed_execute_is_skipped_and_the_rest_runs(
    run: Run, journal: Journal
) -> None:
    with pytest.raises(SdaxExecutionError) as caught:
        run(ordered(journal).process_tasks(None))

    assert caught.value.exceptions == (ERROR,)
    assert journal.events == ["setup", "bad", "good", "good ended", "beside", "clean up last"]


@pytest.mark.guarantee("11.4")
def test_the_error_and_the_runner_list_what_was_skipped(run: Run, journal: Journal) -> None:
    async def main() -> None:
        async with ordered(journal).open(None) as runner:
            assert list(runner.skipped()) == []
            await runner.run_next()
            await runner.run_next()
            assert list(runner.skipped()) == ["direct", "indirect", "last"]

    with pytest.raises(SdaxExecutionError) as caught:
        run(main())

    assert caught.value.skipped == ("direct", "indirect", "last")


@pytest.mark.guarantee("11.4")
def test_nothing_is_skipped_where_execute_knows_no_dependencies(run: Run, journal: Journal) -> None:
    with pytest.raises(SdaxExecutionError) as caught:
        run(bad_beside_slow(journal).build().process_tasks(None))

    assert caught.value.skipped == ()


@pytest.mark.guarantee("11.3")
def test_a_stray_cancellation_skips_what_depends_on_it_too(run: Run, journal: Journal) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", execute=journal.fails("a", asyncio.CancelledError())))
        .add_task(AsyncTask("b", execute=journal.quick("b")), depends_on=("a",))
        .build(execute_order="dependencies")
    )

    with pytest.raises(SdaxExecutionError) as caught:
        run(processor.process_tasks(None))

    assert caught.value.skipped == ("b",)
    assert journal.events == ["a"]

"""Guarantee 13: what is cleaned up, and that it is cleaned up once."""

from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

ERROR = OSError("no such host")


def functions(journal: Journal) -> dict[str, TaskFunction[Any]]:
    """Ways for a pre_execute to end."""
    return {
        "succeeds": journal.quick("pre"),
        "succeeds late": journal.takes("pre", 1),
        "fails": journal.fails("pre", ERROR),
        "fails late": journal.takes("pre", 1, ERROR),
        "fails in every attempt": journal.fails(
            "pre", ConnectionError("down"), retries=2, initial_delay=0
        ),
        "times out": journal.takes("pre", 5, timeout=1),
        "is cancelled": journal.takes("pre", 5),
    }


@pytest.mark.guarantee("13.1")
@pytest.mark.parametrize(
    "ending",
    [
        "succeeds",
        "succeeds late",
        "fails",
        "fails late",
        "fails in every attempt",
        "times out",
        "is cancelled",
    ],
)
def test_a_task_is_cleaned_up_once_however_its_pre_execute_ended(
    run: Run, journal: Journal, ending: str
) -> None:
    pre_execute = functions(journal)[ending]
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask("task", pre_execute=pre_execute, post_execute=journal.quick("clean up"))
        )
        .add_task(AsyncTask("fails in the end", pre_execute=journal.takes("other", 3, ERROR)))
        .build()
    )

    assert run(ended(processor.process_tasks(None))) is not None

    assert journal.events.count("clean up") == 1
    assert journal.events[-1] == "clean up"


@pytest.mark.guarantee("13.1")
def test_a_task_is_cleaned_up_once_after_the_run_was_cancelled(run: Run, journal: Journal) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "task",
                pre_execute=journal.takes("pre", 5),
                execute=journal.quick("execute"),
                post_execute=journal.quick("clean up"),
            )
        )
        .build()
    )

    run(ended_after_cancels(processor.process_tasks(None), 3))

    assert journal.timed == [(0, "pre"), (3, "pre cancelled"), (3, "clean up")]


@pytest.mark.guarantee("13.1")
def test_a_failed_execute_does_not_keep_its_own_task_from_being_cleaned_up(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "task",
                pre_execute=journal.quick("pre"),
                execute=journal.fails("execute", ERROR),
                post_execute=journal.quick("clean up"),
            )
        )
        .build()
    )

    run(ended(processor.process_tasks(None)))

    assert journal.events == ["pre", "execute", "clean up"]


@pytest.mark.guarantee("13.2", "13.3")
def test_a_task_without_pre_execute_is_cleaned_up_if_it_was_passed(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("root", post_execute=journal.quick("root")))
        .add_task(AsyncTask("good", pre_execute=journal.quick("good.pre")), depends_on=("root",))
        .add_task(AsyncTask("passed", post_execute=journal.quick("passed")), depends_on=("good",))
        .add_task(AsyncTask("bad", pre_execute=journal.takes("bad.pre", 1, ERROR)))
        .add_task(AsyncTask("never", post_execute=journal.quick("never")), depends_on=("bad",))
        .add_task(
            AsyncTask("neither", post_execute=journal.quick("neither")),
            depends_on=("passed", "never"),
        )
        .build()
    )

    run(ended(processor.process_tasks(None)))

    assert journal.events == ["good.pre", "bad.pre", "bad.pre raised OSError", "passed", "root"]


@pytest.mark.guarantee("13.3")
def test_a_task_whose_pre_execute_never_started_is_not_cleaned_up(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "bad",
                pre_execute=journal.fails("bad", ERROR),
                post_execute=journal.quick("clean up bad"),
            )
        )
        .add_task(
            AsyncTask(
                "after", pre_execute=journal.quick("after"), post_execute=journal.quick("clean up")
            ),
            depends_on=("bad",),
        )
        .build()
    )

    run(ended(processor.process_tasks(None)))

    assert journal.events == ["bad", "clean up bad"]


@pytest.mark.guarantee("13.3")
def test_a_run_cancelled_before_anything_started_cleans_up_nothing(
    run: Run, journal: Journal
) -> None:
    async def main() -> None:
        await ended_after_cancels(cancelled_at_once(), 0)

    async def cancelled_at_once() -> None:
        builder = AsyncDagTaskProcessor[None].builder()
        builder.add_task(
            AsyncTask("a", pre_execute=journal.takes("a", 1), post_execute=journal.quick("a.post"))
        )
        builder.add_task(
            AsyncTask("b", pre_execute=journal.quick("b"), post_execute=journal.quick("b.post")),
            depends_on=("a",),
        )
        await builder.build().process_tasks(None)

    run(main())

    started = [event for event in journal.events if event in ("a", "b")]
    cleaned_up = [event for event in journal.events if event.endswith(".post")]
    assert cleaned_up == [f"{name}.post" for name in started]

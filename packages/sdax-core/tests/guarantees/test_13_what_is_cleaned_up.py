"""Guarantee 13: what is cleaned up, and that it is cleaned up once."""

import asyncio
from typing import Any

import pytest
from guarantee_support import Journal, Run, ended, ended_after_cancels
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction
from sdax_proof import cancel_at_step

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


@pytest.mark.guarantee("13.1", "13.3", "18.2")
@pytest.mark.parametrize("settings", [{}, {"timeout": 60}, {"retries": 1}], ids=str)
@pytest.mark.parametrize("repeatedly", [False, True])
def test_what_began_is_cleaned_up_once_at_whatever_step_the_run_is_cancelled(
    run: Run, settings: dict[str, Any], repeatedly: bool
) -> None:
    def task(journal: Journal, name: str) -> AsyncTask[None, str]:
        pause = journal.takes(f"{name}.pause", 0, **settings)
        return AsyncTask(
            name,
            pre_execute=journal.takes(name, 0, **settings),
            execute=pause,
            post_execute=journal.takes(f"{name}.post", 0, **settings),
        )

    async def main() -> None:
        for step in range(1, 60):
            journal = Journal()
            builder = AsyncDagTaskProcessor[None].builder()
            for name in "abc":
                builder.add_task(task(journal, name))
            builder.add_task(task(journal, "d"), depends_on=("a", "b"))
            awaiting = asyncio.create_task(builder.build().process_tasks(None))
            cancel_at_step(awaiting, step, repeatedly=repeatedly)
            await asyncio.wait([awaiting])
            begun = [event for event in journal.events if event in "abcd"]
            cleaned_up = [event[0] for event in journal.events if event.endswith(".post")]
            assert sorted(cleaned_up) == sorted(begun), f"cancelled at step {step}"

    run(main())

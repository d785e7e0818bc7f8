"""Guarantee 2: tasks may be added in any order, and that order breaks ties."""

import pytest
from guarantee_support import Journal, Run
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError


@pytest.mark.guarantee("2.1")
def test_a_dependency_may_be_added_later(run: Run, journal: Journal) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("third", pre_execute=journal.quick("third")), depends_on=("second",))
        .add_task(AsyncTask("second", pre_execute=journal.quick("second")), depends_on=("first",))
        .add_task(AsyncTask("first", pre_execute=journal.quick("first")))
        .build()
    )

    run(processor.process_tasks(None))

    assert journal.events == ["first", "second", "third"]


@pytest.mark.guarantee("2.2")
def test_ties_in_the_topological_order_follow_the_order_of_adding() -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("z leaf"), depends_on=("c root",))
        .add_task(AsyncTask("a leaf"), depends_on=("c root",))
        .add_task(AsyncTask("d root"))
        .add_task(AsyncTask("c root"))
        .add_task(AsyncTask("b root"))
        .build()
    )

    roots = ("d root", "c root", "b root")
    assert tuple(processor.analysis.topological_order) == (*roots, "z leaf", "a leaf")


@pytest.mark.guarantee("2.2", "9.1")
def test_ties_in_every_phase_follow_the_order_of_adding(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    for name in ("c", "a", "b"):
        builder.add_task(
            AsyncTask(
                name,
                pre_execute=journal.quick(f"{name}.pre"),
                execute=journal.quick(f"{name}.execute"),
                post_execute=journal.quick(f"{name}.post"),
            )
        )

    run(builder.build().process_tasks(None))

    phases = ("pre", "execute", "post")
    assert journal.events == [f"{name}.{phase}" for phase in phases for name in "cab"]


@pytest.mark.guarantee("2.2")
def test_skipped_tasks_are_listed_in_the_order_of_adding(run: Run, journal: Journal) -> None:
    builder = AsyncDagTaskProcessor[None].builder()
    for name in ("z", "m", "a"):
        builder.add_task(AsyncTask(name, execute=journal.quick(name)), depends_on=("failed",))
    builder.add_task(AsyncTask("failed", execute=journal.fails("failed", OSError("no"))))

    with pytest.raises(SdaxExecutionError) as caught:
        run(builder.build(execute_order="dependencies").process_tasks(None))

    assert caught.value.skipped == ("z", "m", "a")

"""Guarantee 7: when execute functions start."""

import pytest
from guarantee_support import Journal, Run
from sdax_core import AsyncDagTaskProcessor, AsyncDagTaskProcessorBuilder, AsyncTask, ExecuteOrder

ORDERS: tuple[ExecuteOrder, ...] = ("together", "dependencies")


def three_in_a_row(journal: Journal) -> AsyncDagTaskProcessorBuilder[None]:
    return (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("a", execute=journal.takes("a", 3)))
        .add_task(AsyncTask("b", execute=journal.takes("b", 2)), depends_on=("a",))
        .add_task(AsyncTask("c", execute=journal.takes("c", 1)), depends_on=("b",))
    )


@pytest.mark.guarantee("7.1")
@pytest.mark.parametrize("order", ORDERS)
def test_execute_begins_when_every_pre_execute_has_ended(
    run: Run, journal: Journal, order: ExecuteOrder
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(
            AsyncTask(
                "fast", pre_execute=journal.takes("fast", 1), execute=journal.quick("fast.execute")
            )
        )
        .add_task(AsyncTask("slow", pre_execute=journal.takes("slow", 5)))
        .add_task(AsyncTask("unrelated", execute=journal.quick("unrelated.execute")))
        .build(execute_order=order)
    )

    run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "fast"),
        (0, "slow"),
        (1, "fast ended"),
        (5, "slow ended"),
        (5, "fast.execute"),
        (5, "unrelated.execute"),
    ]


@pytest.mark.guarantee("7.2")
def test_execute_functions_start_all_together_by_default(run: Run, journal: Journal) -> None:
    run(three_in_a_row(journal).build().process_tasks(None))

    assert journal.timed == [
        (0, "a"),
        (0, "b"),
        (0, "c"),
        (1, "c ended"),
        (2, "b ended"),
        (3, "a ended"),
    ]


@pytest.mark.guarantee("7.3")
def test_execute_functions_can_start_in_the_order_of_dependencies(
    run: Run, journal: Journal
) -> None:
    run(three_in_a_row(journal).build(execute_order="dependencies").process_tasks(None))

    assert journal.timed == [
        (0, "a"),
        (3, "a ended"),
        (3, "b"),
        (5, "b ended"),
        (5, "c"),
        (6, "c ended"),
    ]


@pytest.mark.guarantee("7.3")
def test_in_the_order_of_dependencies_each_starts_when_its_last_dependency_is_done(
    run: Run, journal: Journal
) -> None:
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("user", execute=journal.takes("user", 2)))
        .add_task(AsyncTask("prices", execute=journal.takes("prices", 7)))
        .add_task(AsyncTask("flags", execute=journal.takes("flags", 1)))
        .add_task(AsyncTask("join"), depends_on=("user", "flags"))
        .add_task(AsyncTask("setup", pre_execute=journal.quick("setup")), depends_on=("join",))
        .add_task(AsyncTask("greet", execute=journal.takes("greet", 1)), depends_on=("setup",))
        .add_task(
            AsyncTask("order", execute=journal.takes("order", 1)), depends_on=("greet", "prices")
        )
        .build(execute_order="dependencies")
    )

    run(processor.process_tasks(None))

    assert journal.timed == [
        (0, "setup"),
        (0, "user"),
        (0, "prices"),
        (0, "flags"),
        (1, "flags ended"),
        (2, "user ended"),
        (2, "greet"),  # at once: the join and "setup" have no execute
        (3, "greet ended"),
        (7, "prices ended"),
        (7, "order"),
        (8, "order ended"),
    ]

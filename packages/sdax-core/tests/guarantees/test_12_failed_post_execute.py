"""Guarantee 12: a failed cleanup disturbs no other."""

import pytest
from guarantee_support import Journal, Run
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError


@pytest.mark.guarantee("12.1")
def test_cleanups_that_fail_or_time_out_disturb_no_other(run: Run, journal: Journal) -> None:
    error = OSError("cannot delete")
    processor = (
        AsyncDagTaskProcessor[None]
        .builder()
        .add_task(AsyncTask("root", post_execute=journal.takes("root", 1)))
        .add_task(
            AsyncTask("fails", post_execute=journal.fails("fails", error)), depends_on=("root",)
        )
        .add_task(
            AsyncTask("times out", post_execute=journal.takes("times out", 9, timeout=2)),
            depends_on=("root",),
        )
        .add_task(AsyncTask("good", post_execute=journal.takes("good", 3)), depends_on=("root",))
        .build()
    )

    with pytest.raises(SdaxExecutionError) as caught:
        run(processor.process_tasks(None))

    assert [failure.task for failure in caught.value.failures] == ["fails", "times out"]
    assert journal.timed == [
        (0, "fails"),
        (0, "times out"),
        (0, "good"),
        (2, "times out cancelled"),
        (3, "good ended"),
        (3, "root"),
        (4, "root ended"),
    ]

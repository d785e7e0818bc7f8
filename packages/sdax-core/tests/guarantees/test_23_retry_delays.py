"""Guarantee 23: the delays before retries."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from guarantee_support import Journal, LoopKind, Run, ended, ended_after_cancels
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    TaskFunction,
)
from sdax_proof import running_loop


def one(function: TaskFunction[Any]) -> AsyncDagTaskProcessor[None]:
    return AsyncDagTaskProcessor[None].builder().add_task(AsyncTask("a", execute=function)).build()


@pytest.mark.guarantee("23.2")
@pytest.mark.parametrize("jitter", [0.5, 0.75, 1.0])
@pytest.mark.parametrize(
    ("settings", "delays"),
    [
        ({}, [1, 2, 4, 8]),
        ({"initial_delay": 3}, [3, 6, 12, 24]),
        ({"initial_delay": 2, "backoff_factor": 1}, [2, 2, 2, 2]),
        ({"initial_delay": 8, "backoff_factor": 0.5}, [8, 4, 2, 1]),
        ({"initial_delay": 0}, [0, 0, 0, 0]),
    ],
    ids=str,
)
def test_the_delay_grows_by_the_factor_and_is_shortened_at_random(
    run: Run,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    delays: list[float],
    jitter: float,
) -> None:
    ranges: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        ranges.append((low, high))
        return jitter

    monkeypatch.setattr("random.uniform", uniform)
    bad = journal.fails("f", ConnectionError("down"), retries=4, **settings)

    run(ended(one(bad).process_tasks(None)))

    starts = [time for time, _ in journal.timed]
    assert starts == [sum(delays[:k]) * jitter for k in range(5)]
    assert ranges == [(0.5, 1.0)] * 4


@pytest.mark.guarantee("23.2")
def test_the_jitter_is_random(run: Run, journal: Journal) -> None:
    bad = journal.fails(
        "f", ConnectionError("down"), retries=100, initial_delay=1, backoff_factor=1
    )

    run(ended(one(bad).process_tasks(None)))

    starts = [time for time, _ in journal.timed]
    delays = [after - before for before, after in pairwise(starts)]
    assert all(0.4999 < delay < 1.0001 for delay in delays)
    assert len(set(delays)) > 50


@pytest.mark.guarantee("23.3")
def test_a_delay_that_overflows_is_finite(run: Run, journal: Journal, longest_delays: None) -> None:
    settings = {"initial_delay": 1e-300, "backoff_factor": 1e300, "retries": 5}

    async def main() -> None:
        bad = journal.fails("f", ConnectionError("down"), **settings)
        task = asyncio.create_task(ended(one(bad).process_tasks(None)))
        await asyncio.sleep(2)  # The delays so far: next to nothing, and 1 s.
        assert len(journal.events) == 3
        (timer,) = running_loop().pending_timers()
        assert 1e300 < timer.when() < float("inf")
        task.cancel()
        assert isinstance(await task, asyncio.CancelledError)

    run(main())


@pytest.mark.guarantee("23.3")
def test_no_delay_stays_no_delay_however_often_it_is_multiplied(run: Run, journal: Journal) -> None:
    bad = journal.fails("f", ConnectionError("down"), retries=1_030, initial_delay=0)

    run(ended(one(bad).process_tasks(None)))

    assert journal.timed == [(0, "f")] * 1_031


@pytest.mark.guarantee("23.3")
def test_a_delay_that_overflows_is_accepted_by_uvloop(journal: Journal) -> None:
    bad = journal.fails(
        "f", ConnectionError("down"), retries=9, initial_delay=1e-3, backoff_factor=1e300
    )

    async def main() -> None:
        async with asyncio.timeout(0.1):
            await one(bad).process_tasks(None)

    with pytest.raises(TimeoutError):
        LoopKind(name="uvloop", uvloop=True).run(main())

    assert len(journal.events) == 2


@pytest.mark.guarantee("23.1")
def test_a_run_cancelled_between_attempts_makes_no_further_attempt(
    run: Run, journal: Journal, longest_delays: None
) -> None:
    bad = journal.fails("f", ConnectionError("down"), retries=9, initial_delay=4)

    run(ended_after_cancels(one(bad).process_tasks(None), 5))

    assert journal.timed == [(0, "f"), (4, "f")]

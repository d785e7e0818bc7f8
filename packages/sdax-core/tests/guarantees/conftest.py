"""What every test of a guarantee can ask for: a journal, and a run on each kind of event loop.

Every run checks guarantee 20 on the way: it fails if an asyncio Task, a timer or a warning is left behind.
"""

import gc
from collections.abc import Iterator

import pytest
from guarantee_support import CLOCK_KINDS, KINDS, Journal, LoopKind, Run


@pytest.fixture(autouse=True)
def _quick_collections() -> Iterator[None]:
    """Every run ends with a garbage collection: keep what older tests left alive out of it."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def longest_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The jitter of every delay before a retry takes its upper end."""

    def upper_end(low: float, high: float) -> float:
        assert (low, high) == (0.5, 1.0)
        return high

    monkeypatch.setattr("random.uniform", upper_end)


def _name(kind: LoopKind) -> str:
    return kind.name


@pytest.fixture(params=CLOCK_KINDS, ids=_name)
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on a virtual clock, on every kind of loop that can have one."""
    kind: LoopKind = request.param
    return kind.run


@pytest.fixture(params=KINDS, ids=_name)
def run_anywhere(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on every kind of loop: for tests that need no clock."""
    kind: LoopKind = request.param
    return kind.run

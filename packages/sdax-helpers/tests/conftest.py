"""What the tests of the helpers can ask for. A file may have a `run` of its own."""

import pytest
from guarantee_support import CLOCK_KINDS, KINDS, Journal, LoopKind, Run
from sdax_proof import FACTORIES

# A task group of anyio 4 fails where a task factory other than asyncio's own starts Tasks eagerly, also without sdax.
_ANYIO_KINDS = tuple(
    LoopKind(name=factory or "lazy", factory=factory, anyio=True)
    for factory in FACTORIES
    if factory != "custom eager"
)


@pytest.fixture
def journal() -> Journal:
    return Journal()


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


@pytest.fixture(params=_ANYIO_KINDS, ids=_name)
def run_anyio(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine on a virtual clock, on the kinds of loop that anyio's task groups work on."""
    kind: LoopKind = request.param
    return kind.run

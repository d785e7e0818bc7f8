"""The kinds of event loop that sdax works on, and a run on one of them that must leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import pytest
from sdax_proof import FACTORIES, Factory, VirtualClockLoop
from sdax_proof import run as run_on_loop

Result = TypeVar("Result")

SECONDS_ON_A_REAL_CLOCK = 20.0


class Run(Protocol):
    """Runs a coroutine on a fresh event loop and gives its result."""

    def __call__(self, main: Coroutine[Any, Any, Result]) -> Result: ...


@dataclass(frozen=True, kw_only=True)
class LoopKind:
    """How an event loop is set up.

    Attributes:
        name: the kind, as tests show it.
        factory: how the loop makes its tasks; None is asyncio's own lazy way.
        debug: asyncio's debug mode.
        anyio: whether anyio appears to be imported. sdax waits in another way then, and pytest always imports it.
        uvloop: a loop of uvloop, whose clock is real, instead of one with a virtual clock.
        real_clock: asyncio's own loop, which waits for threads, instead of one with a virtual clock.
    """

    name: str
    factory: Factory | None = None
    debug: bool = False
    anyio: bool = False
    uvloop: bool = False
    real_clock: bool = False

    def run(self, main: Coroutine[Any, Any, Result]) -> Result:
        """Run `main`, and fail if it left an asyncio Task, a timer or a warning behind."""
        reports: list[dict[str, Any]] = []
        with pytest.MonkeyPatch.context() as modules:
            if not self.anyio:
                modules.delitem(sys.modules, "anyio", raising=False)
            result = run_on_loop(
                _watched(main, reports),
                factory=self.factory,
                debug=self.debug,
                make_loop=self._make_loop(),
            )
        gc.collect()  # What was never awaited or retrieved speaks up now.
        assert reports == []
        return result

    def _make_loop(self) -> Callable[[], asyncio.AbstractEventLoop]:
        if self.real_clock:
            return asyncio.new_event_loop
        if not self.uvloop:
            return VirtualClockLoop
        make_loop: Callable[[], asyncio.AbstractEventLoop] = pytest.importorskip(
            "uvloop", reason="uvloop is not installed here"
        ).new_event_loop
        return make_loop


async def _watched(main: Coroutine[Any, Any, Result], reports: list[dict[str, Any]]) -> Result:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, report: reports.append(report))
    try:
        async with asyncio.timeout(SECONDS_ON_A_REAL_CLOCK if _has_real_clock(loop) else None):
            return await main
    finally:
        left_behind = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left_behind, f"left behind: {left_behind}"
        if isinstance(loop, VirtualClockLoop):
            assert loop.pending_timers() == []


def _has_real_clock(loop: asyncio.AbstractEventLoop) -> bool:
    return not isinstance(loop, VirtualClockLoop)


CLOCK_KINDS = tuple(
    kind
    for kind in (
        LoopKind(name="lazy"),
        LoopKind(name="lazy, anyio", anyio=True),
        LoopKind(name="eager", factory="eager"),
        LoopKind(name="custom", factory="custom"),
        LoopKind(name="custom eager, anyio", factory="custom eager", anyio=True),
        LoopKind(name="debug", debug=True),
    )
    if kind.factory is None or kind.factory in FACTORIES
)
"""The kinds with a virtual clock that this Python has."""

KINDS = (*CLOCK_KINDS, LoopKind(name="uvloop", uvloop=True))
"""All kinds: for tests that need no clock."""

THREAD_KINDS = tuple(
    kind
    for kind in (
        LoopKind(name="lazy, real clock", real_clock=True),
        LoopKind(name="eager, real clock", real_clock=True, factory="eager"),
        LoopKind(name="debug, real clock", real_clock=True, debug=True),
        LoopKind(name="uvloop", uvloop=True),
    )
    if kind.factory is None or kind.factory in FACTORIES
)
"""The kinds that wait for other threads."""

"""How a run is called and how it is disturbed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sdax_proof.running import FACTORIES, Factory

How = Literal[
    "never",
    "steps",  # task.cancel() before each of the given steps
    "repeatedly",  # task.cancel() before the given step and every later one
    "scope",  # the anyio scope around the run is cancelled; anyio repeats that every round
    "timeout",  # asyncio.timeout around the run
    "shutdown",  # every task of the loop is cancelled, as asyncio.run does when it ends
    "rounds",  # task.cancel() after so many rounds of the loop; needs no virtual clock
    "fail",  # RunHandle.fail() before each of the given steps
]
Use = Literal[
    "process_tasks",
    "open",
    "leave after pre_execute",
    "leave after execute",
    "open with pauses",  # of half a second, before each phase
]
USES: tuple[Use, ...] = ("process_tasks", "open", "leave after pre_execute", "leave after execute")
EVERY_USE: tuple[Use, ...] = (*USES, "open with pauses")


@dataclass(frozen=True)
class Cancelling:
    """When the task that awaits the run is cancelled, and how.

    Args:
        how: The manner.
        steps: Steps of the loop, counted from the run's first one; rounds for `rounds`.
        seconds: The limit, for `timeout`.
    """

    how: How = "never"
    steps: tuple[int, ...] = ()
    seconds: float = 0


@dataclass(frozen=True)
class LoopKind:
    """One row of the loop matrix."""

    name: str
    factory: Factory | None = None
    debug: bool = False
    uvloop: bool = False


LOOP_KINDS: tuple[LoopKind, ...] = (
    *(LoopKind(factory or "lazy", factory) for factory in FACTORIES),
    LoopKind("debug", debug=True),
    *(LoopKind("eager debug", "eager", debug=True) for factory in FACTORIES if factory == "eager"),
)
"""The kinds of loop that have a virtual clock."""


Watching = Literal[
    "nobody",
    "silent",  # an observer that is told everything, and an interceptor that does nothing
    "recording",  # an observer whose record is compared with the trace
    "raising",  # an observer that raises at some event
    "interrupting",  # an observer out of which a KeyboardInterrupt comes at some event
]


@dataclass(frozen=True)
class Plan:
    """One run: how it is called, on what loop, how it is disturbed.

    Args:
        use: `process_tasks`, or `open` with all phases run in its block or only the first ones.
        cancelling: The disturbance.
        loop: The loop.
        anyio: Whether anyio counts as imported; the engine protects itself from it only then.
        timeout: The `timeout=` of the run.
        watching: Who looks on.
        raises_at: The event, from 0, at which the observer raises.
        own_clock: Whether a clock and a random source are given to the run.
    """

    use: Use = "process_tasks"
    cancelling: Cancelling = Cancelling()
    loop: LoopKind = LOOP_KINDS[0]
    anyio: bool = False
    timeout: float | None = None
    watching: Watching = "nobody"
    raises_at: int = 0
    own_clock: bool = False

"""What the tests of the guarantees are written with.

- `journal`: functions that write down when they start and how they end.
- `loop_kinds`: the kinds of event loop that a run must work on, and a check that it left nothing behind.
- `outcomes`: run something in an asyncio Task of its own, cancel it at given times, and see how it ended.
"""

from guarantee_support.journal import Journal
from guarantee_support.loop_kinds import CLOCK_KINDS, KINDS, THREAD_KINDS, LoopKind, Run
from guarantee_support.outcomes import ended, ended_after_cancels, notes, settled

__all__ = [
    "CLOCK_KINDS",
    "KINDS",
    "THREAD_KINDS",
    "Journal",
    "LoopKind",
    "Run",
    "ended",
    "ended_after_cancels",
    "notes",
    "settled",
]

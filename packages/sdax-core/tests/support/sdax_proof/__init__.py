"""What the engine is proved with: a virtual clock, cancellation at every step, random graphs.

- `virtual_clock`: an event loop whose clock jumps, which counts its steps and knows when it hangs.
- `running`: `run(main)` on that loop, with any kind of task factory.
- `cancelling`: cancel a task at an exact step.
"""

from sdax_proof.cancelling import CancelAtStep, cancel_at_step
from sdax_proof.running import FACTORIES, Factory, run, set_factory
from sdax_proof.virtual_clock import Deadlock, Runaway, VirtualClockLoop, running_loop

__all__ = [
    "FACTORIES",
    "CancelAtStep",
    "Deadlock",
    "Factory",
    "Runaway",
    "VirtualClockLoop",
    "cancel_at_step",
    "run",
    "running_loop",
    "set_factory",
]

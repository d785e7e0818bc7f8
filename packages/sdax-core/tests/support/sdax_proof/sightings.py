"""What functions see of their run: each looks at `current_run()` when it begins (guarantee 31)."""

from __future__ import annotations

from sdax_core import current_run

from sdax_proof.events import Sighting
from sdax_proof.graph_spec import Phase
from sdax_proof.plans import Plan
from sdax_proof.trace import Trace


def see_the_run(trace: Trace, plan: Plan, phase: Phase, name: str) -> None:
    """Look at the run; what can be judged at once is."""
    handle = current_run()
    if trace.handle is None:
        trace.handle = handle
    if handle is not trace.handle:
        trace.problems.append(f"31: {name} sees another run than the first function did")
    if str(handle.phase) != phase:
        trace.problems.append(f"31: {name} sees its run in {handle.phase}")
    deadline = trace.deadline(plan.timeout)
    if not plan.loop.uvloop and handle.deadline != deadline:
        trace.problems.append(f"32: {name} sees the deadline {handle.deadline}, not {deadline}")
    now = trace.latest()
    left = None if deadline is None else max(0.0, deadline - now.time)
    if not plan.loop.uvloop and handle.remaining() != left:
        trace.problems.append(f"32: {name} sees {handle.remaining()} s left, and not {left}")
    trace.sightings.append(Sighting(now, phase, handle.outcome, handle.exception()))

"""All promises, checked against one run."""

from __future__ import annotations

from sdax_proof.one_run import Result
from sdax_proof.rules_cleanup import check_attempts, check_cleanup
from sdax_proof.rules_order import check_concurrency, check_order, check_skipped
from sdax_proof.rules_raised import check_failures, check_raised, check_timeout_around
from sdax_proof.rules_schedule import check_everything_begins, check_start_times, check_ties
from sdax_proof.rules_stops import check_cancels, check_nothing_begins_late, check_promptness
from sdax_proof.view import View

RULES = (
    check_cleanup,
    check_attempts,
    check_order,
    check_concurrency,
    check_skipped,
    check_nothing_begins_late,
    check_cancels,
    check_promptness,
    check_start_times,
    check_everything_begins,
    check_ties,
    check_raised,
    check_timeout_around,
    check_failures,
)


def broken_promises(result: Result) -> list[str]:
    """The promises that the run broke, each with the number of its guarantee."""
    found = [*result.problems, *result.trace.problems]
    if result.trace.ended is None:
        return found
    view = View(result)
    for rule in RULES:
        found += rule(view)
    return found

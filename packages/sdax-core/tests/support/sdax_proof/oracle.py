"""All promises, checked against one run."""

from __future__ import annotations

from sdax_proof.one_run import Result
from sdax_proof.rules_cleanup import check_attempts, check_cleanup
from sdax_proof.rules_failures import check_failures
from sdax_proof.rules_order import check_concurrency, check_order
from sdax_proof.rules_outcome import check_sightings
from sdax_proof.rules_predicates import check_predicates
from sdax_proof.rules_raised import check_raised, check_timeout_around
from sdax_proof.rules_schedule import check_everything_begins, check_start_times, check_ties
from sdax_proof.rules_skipped import check_skipped
from sdax_proof.rules_stops import check_cancels, check_nothing_begins_late, check_promptness
from sdax_proof.rules_watching import check_observer
from sdax_proof.view import View

BASIC_RULES = (
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
FEATURE_RULES = (
    check_predicates,
    check_sightings,
    check_observer,
)
RULES = BASIC_RULES + FEATURE_RULES


def broken_promises(result: Result) -> list[str]:
    """The promises that the run broke, each with the number of its guarantee."""
    found = [*result.problems, *result.trace.problems]
    if result.trace.ended is None:
        return found
    view = View(result)
    for rule in RULES:
        found += rule(view)
    return found

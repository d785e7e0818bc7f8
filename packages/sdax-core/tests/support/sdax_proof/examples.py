"""How many graphs hypothesis makes for one test, and how."""

from __future__ import annotations

from hypothesis import Phase, settings


def examples(number: int) -> settings:
    """The same graphs in every run of the tests; fresh ones are what `scripts/prove.py` is for.

    Hypothesis does not shrink here: a report shrinks the graph by itself, which is faster, as it
    repeats one run of the many that make an example.
    """
    return settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
    )

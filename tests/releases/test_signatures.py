"""A signature that takes the calls of another one is told from one that does not."""

import pytest
from releasing.signatures import takes_the_same_calls


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(a)", "(a, b=1)"),
        ("(a, b)", "(a, b=1)"),
        ("(a, /)", "(a, /, b=1)"),
        ("(a, /)", "(a, b=1, /)"),
        ("(a, /)", "(b)"),
        ("(*, a)", "(*, a, b=1)"),
        ("(*, a)", "(*, a=1)"),
        ("(a)", "(a, *rest, **others)"),
    ],
)
def test_a_signature_that_takes_more_takes_the_same_calls(old: str, new: str) -> None:
    assert takes_the_same_calls(old, old)
    assert takes_the_same_calls(old, new)
    assert not takes_the_same_calls(new, old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(a, b)", "(b, a)"),
        ("(a)", "(a, b)"),
        ("(*, a)", "(*, a, b)"),
        ("(a=1)", "(a=2)"),
        ("(*, a=1)", "(*, a=2)"),
        ("(a)", "(*, a)"),
        ("(*rest)", "(a=1, *rest)"),
        ("(**others)", "()"),
        ("(*rest)", "()"),
    ],
)
def test_a_signature_that_takes_less_or_something_else_is_seen(old: str, new: str) -> None:
    assert not takes_the_same_calls(old, new)

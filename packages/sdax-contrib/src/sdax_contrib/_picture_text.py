"""How wide a text is, as nearly as one can tell without its font."""

from __future__ import annotations

import unicodedata
from math import fsum

# Shares of the font size, a little more than in the common sans-serif fonts: better room to spare than text cut off.
_NARROW = frozenset("iljtfrI.,:;'|!()[]{}/\\ `\"-")
_BROAD = frozenset("mwMW@%&—…")
_NARROW_SHARE, _COMMON_SHARE, _CAPITAL_SHARE, _BROAD_SHARE, _FULL_SHARE = (
    0.36,
    0.58,
    0.7,
    0.92,
    1.05,
)


def text_width(text: str, font_size: float) -> float:
    """Estimate how wide a text is, in the unit of its font size."""
    return font_size * fsum(map(_share, text))


def _share(character: str) -> float:
    if character in _NARROW:
        return _NARROW_SHARE
    if character in _BROAD:
        return _BROAD_SHARE
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return _FULL_SHARE
    return _CAPITAL_SHARE if character.isupper() else _COMMON_SHARE

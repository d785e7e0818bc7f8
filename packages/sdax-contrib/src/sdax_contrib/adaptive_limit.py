"""`AdaptiveLimit`: as many calls at once as a backend answers in good time."""

from sdax_contrib._adaptive_limit import AdaptiveLimit, TooManyWaiting

__all__ = ["AdaptiveLimit", "TooManyWaiting"]

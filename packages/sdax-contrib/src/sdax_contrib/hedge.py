"""Hedged calls: against slow outliers, call again and take what comes first."""

from sdax_contrib._hedge import hedge

__all__ = ["hedge"]

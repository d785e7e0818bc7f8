"""`limited`: a permit around each attempt of a function.

Any async context manager that can be entered again and again is a permit: an `asyncio.Semaphore`
or `asyncio.Lock`, an `anyio.CapacityLimiter`, an `aiolimiter.AsyncLimiter`, and of this package
`AdaptiveLimit` and `RateLimit`.
"""

from sdax_contrib._limited import Permit, limited

__all__ = ["Permit", "limited"]

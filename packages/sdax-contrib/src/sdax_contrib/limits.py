"""Rate limits shared between processes, by the library `limits`: `pip install 'sdax-contrib[limits]'`.

The library keeps the counts in Redis, Valkey, memcached, MongoDB, or in memory; `RateLimit` makes a
permit of them, for `limited`.
"""

from sdax_contrib._rate_limit import RateLimit, RateLimitReached

__all__ = ["RateLimit", "RateLimitReached"]

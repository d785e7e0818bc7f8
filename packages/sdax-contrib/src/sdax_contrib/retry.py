"""Retry policies as values: `TaskFunction(call, retry=Retry(5, Exponential(maximum=10), on=transient.http))`.

- `Retry`: the policy.
- `Constant`, `Exponential`, `Decorrelated`: its backoffs.
- `RetryBudget`, `RetryThrottle`: bound the retries of all who call one backend.
- `retry_after`: how long the other side has asked to be left alone.

What to try again is in `sdax_contrib.transient`.
"""

from sdax_contrib._backoff import Backoff, Constant, Decorrelated, Exponential, Jitter
from sdax_contrib._budget import Budget, RetryBudget, RetryThrottle
from sdax_contrib._retry import Retry
from sdax_contrib._retry_after import retry_after

__all__ = [  # noqa: RUF022 - grouped by concept
    # The policy
    "Retry",
    "retry_after",
    # Backoffs
    "Backoff",
    "Constant",
    "Decorrelated",
    "Exponential",
    "Jitter",
    # Budgets
    "Budget",
    "RetryBudget",
    "RetryThrottle",
]

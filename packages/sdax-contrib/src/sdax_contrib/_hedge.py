"""`hedge`: call again before the first call has answered, and take what comes first."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from sdax_contrib._race import Race
from sdax_contrib._retry_setting_checks import check_callable, check_seconds
from sdax_contrib._setting_checks import check_count

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def hedge(
    fn: Callable[Parameters, Awaitable[Result]], after: float, extra: int = 1
) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """Make a function that calls `fn` again while an earlier call has not answered; the first success wins.

    Against slow outliers: with `after` at the 95th percentile of what `fn` takes, one call in twenty costs a
    second one. **Only for functions that may run several times at once** without harm (idempotent ones), and
    that give what they found as their result instead of writing it to the context.

    The calls run as Tasks of their own, each in a copy of the caller's context variables.

    - The next call begins `after` seconds after the one before it, or as soon as one fails.
    - Once one has succeeded, the others are cancelled, each once, and awaited.
    - A failure that does not come out, because another call won or the whole was cancelled, is logged (logger
      `sdax`, level INFO; WARNING if it was raised by a call that was being cancelled, or in closing a result).
    - The result of a loser is closed: `await result.aclose()` if it has one, else `result.close()`. Not if
      it is the very object that won.
    - If all of them fail: the error of the only one, or an `ExceptionGroup` of all, in order of failure. A retry
      policy tries a group again only if it would try each of its errors again.
    - Cancelled, it cancels all calls and waits for their end. A result that came too late is closed. It leaves
      no Task and no timer behind (guarantee 20), and is not disturbed by further cancels meanwhile.

    Args:
        fn: An async function, or any callable that returns an awaitable.
        after: Seconds between the beginning of one call and the next; with 0 all begin at once.
        extra: How many further calls there may be, 1 or more.

    Raises:
        ValueError: `after` or `extra` is out of its range.
        TypeError: A setting is of the wrong type.
    """
    check_callable("fn", fn, "an async function")
    check_seconds("after", after)
    check_count("extra", extra, least=1)

    @functools.wraps(fn)
    async def hedged(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return await Race(lambda: _call(fn, *args, **kwargs), _shown(fn), after, 1 + extra).run()

    return hedged


async def _call(
    fn: Callable[Parameters, Awaitable[Result]],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    returned = fn(*args, **kwargs)
    if not inspect.isawaitable(returned):
        raise TypeError(
            f"hedge: {_shown(fn)} returned {type(returned).__name__}, which cannot be awaited"
        )
    return await returned


def _shown(fn: object) -> str:
    name: object = getattr(fn, "__qualname__", None)
    return name if isinstance(name, str) else repr(fn)

"""A clock that is given to runs: the loop's, with another zero."""

from __future__ import annotations

import asyncio

_ZERO = 1024.0


class OwnClock:
    """Waits as the loop does and says other times."""

    def time(self) -> float:
        """Seconds since long before the loop was made."""
        return asyncio.get_running_loop().time() + _ZERO

    async def sleep(self, seconds: float, /) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

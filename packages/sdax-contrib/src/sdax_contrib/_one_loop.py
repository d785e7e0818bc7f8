"""An object that keeps state between calls serves one event loop."""

from __future__ import annotations

import asyncio
from threading import Lock

_choosing = Lock()  # two threads may both be the first


class OneLoop:
    """The event loop that an object belongs to: the first that uses it, until that one is closed.

    State that two loops in two threads changed at once would be wrong without anybody noticing.
    A loop that is closed is no danger: programs and tests call `asyncio.run` more than once.
    """

    __slots__ = ("_loop", "_owner")

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._loop: asyncio.AbstractEventLoop | None = None

    def is_new(self) -> bool:
        """Whether this is the first use in the running loop, so that the owner starts afresh.

        Raises:
            RuntimeError: The owner belongs to another loop, which is not closed.
        """
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return False
        with _choosing:
            if self._loop is not None and not self._loop.is_closed():
                raise RuntimeError(
                    f"{self._owner} belongs to another event loop, the one that used it first: "
                    "make one for each event loop"
                )
            self._loop = loop
        return True

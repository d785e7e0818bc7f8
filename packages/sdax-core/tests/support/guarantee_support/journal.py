"""Functions for the phases of a task that write down when they start and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from sdax_core import TaskFunction


class Journal:
    """What happened, in order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.timed: list[tuple[float, str]] = []
        """The same events, each with the time of the loop's clock."""

    def write(self, event: str) -> None:
        self.events.append(event)
        self.timed.append((asyncio.get_running_loop().time(), event))

    def quick(self, name: str, **settings: Any) -> TaskFunction[Any]:
        """A function that never suspends."""

        async def function(_: object) -> None:
            self.write(name)

        return TaskFunction(function, **settings)

    def fails(self, name: str, error: BaseException, **settings: Any) -> TaskFunction[Any]:
        """A function that raises without suspending."""

        async def function(_: object) -> None:
            self.write(name)
            raise error

        return TaskFunction(function, **settings)

    def takes(
        self, name: str, seconds: float, error: BaseException | None = None, **settings: Any
    ) -> TaskFunction[Any]:
        """A function that sleeps and then ends, or raises `error`."""

        async def function(_: object) -> None:
            await asyncio.sleep(seconds)
            if error is not None:
                raise error

        return TaskFunction(self._told(name, function), **settings)

    def waits(self, name: str, gate: asyncio.Event, **settings: Any) -> TaskFunction[Any]:
        """A function that ends when `gate` is set."""

        async def function(_: object) -> None:
            await gate.wait()

        return TaskFunction(self._told(name, function), **settings)

    def does(
        self, name: str, action: Callable[[], Coroutine[Any, Any, object]], **settings: Any
    ) -> TaskFunction[Any]:
        """A function that awaits `action()`."""

        async def function(_: object) -> None:
            await action()

        return TaskFunction(self._told(name, function), **settings)

    def _told(
        self, name: str, function: Callable[[object], Coroutine[Any, Any, None]]
    ) -> Callable[[object], Coroutine[Any, Any, None]]:
        async def told(ctx: object) -> None:
            self.write(name)
            try:
                await function(ctx)
            except asyncio.CancelledError:
                self.write(f"{name} cancelled")
                raise
            except BaseException as error:
                self.write(f"{name} raised {type(error).__name__}")
                raise
            self.write(f"{name} ended")

        return told

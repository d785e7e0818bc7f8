"""An event loop for tests whose clock jumps to the next timer, so that no test waits."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class VirtualClock(asyncio.SelectorEventLoop):
    """Hours pass at once, and always in the same order. It knows no threads."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(JumpingSelector(self))

    def time(self) -> float:
        return self.now


class JumpingSelector(selectors.SelectSelector):
    """Does not wait for the next timer, but puts the clock forward to it."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing is ready and no timer is set: this would hang")
            self.clock.now += timeout
        return ready


def run_at_once(main: Coroutine[Any, Any, None]) -> float:
    """Run `main`, and give the seconds that it thinks have passed."""
    with asyncio.Runner(loop_factory=VirtualClock) as runner:
        clock = runner.get_loop()
        runner.run(main)
        return clock.time()


if __name__ == "__main__":
    print(f"an hour has passed: {run_at_once(asyncio.sleep(3600)):g} seconds")

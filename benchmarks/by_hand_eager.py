"""The code written by hand once more, on an event loop whose Tasks start eagerly (Python 3.12 and newer).

`loop.set_task_factory(asyncio.eager_task_factory)` is the cheapest thing that a program can do for Tasks that do not
suspend. It is a decision for the whole program: every library in it then sees its Tasks start at once.
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks import by_hand
from benchmarks.work import Build, CannotDo, Run, Work


def prepare_run(work: Work) -> Run:
    """Set the factory for as long as the run lasts.

    Raises:
        CannotDo: This Python has no eager Tasks.
    """
    if sys.version_info < (3, 12):
        raise CannotDo("Python 3.11 has no eager Tasks")
    return with_eager_tasks(by_hand.prepare_run(work))


def with_eager_tasks(run: Run) -> Run:
    """The same run with `asyncio.eager_task_factory` set."""
    eager_task_factory = getattr(asyncio, "eager_task_factory")  # noqa: B009 - 3.11 has none

    async def run_eagerly() -> None:
        loop = asyncio.get_running_loop()
        if type(loop).__module__ == "uvloop" and sys.version_info >= (3, 13):
            raise CannotDo("uvloop does not pass on what the factory of 3.13 needs")
        loop.set_task_factory(eager_task_factory)
        try:
            await run()
        finally:
            loop.set_task_factory(None)

    return run_eagerly


def prepare_build(work: Work) -> Build:
    """Building knows no Tasks.

    Raises:
        CannotDo: Always.
    """
    raise CannotDo("building starts no Tasks")

"""Hamilton, through its asynchronous driver.

A task is a function in a module, and what it depends on are the names of its parameters. Best settings: results as
a plain dictionary (the driver's default), only the last tasks asked for.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from benchmarks.peers import library
from benchmarks.work import Build, CannotDo, Run, Work, check_needs

async_driver = library("hamilton.async_driver")


def prepare_run(work: Work) -> Run:
    """Build the driver once. A run is one call of `execute`."""
    check_needs(work, "a graph")
    driver = new_driver(new_module(work))
    needed = {other for others in work.graph().values() for other in others}
    last = [key for key in work.graph() if key not in needed]
    return lambda: driver.execute(last)


def prepare_build(work: Work) -> Build:
    """Build anew from a module that is there already.

    Raises:
        CannotDo: Its tasks are to be made anew.
    """
    if work.makes_tasks:
        raise CannotDo("its tasks are the functions of a module")
    module = new_module(work)
    return lambda: new_driver(module)


def new_driver(module: ModuleType) -> Any:
    """A driver for the tasks of `module`."""
    return async_driver.Builder().with_modules(module).build_without_init()


def new_module(work: Work) -> ModuleType:
    """Write a module with a function for each task, as its user would."""
    lines: list[str] = []
    for key, needed in work.graph().items():
        parameters = ", ".join(f"{other}: object" for other in needed)
        lines += [f"async def {key}({parameters}) -> object:", "    return await _function(None)"]
    module = ModuleType("benchmark_tasks")
    (function,) = work.phases
    vars(module)["_function"] = function
    sys.modules[module.__name__] = module
    exec("\n".join(lines), vars(module))
    return module

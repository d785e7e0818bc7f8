"""Short ways to write tasks.

- `task_func`, `task_group_func`, `task_sync_func`: make the function of a phase.
- `task_thread_func`, `task_process_func`: the same from what blocks or computes; `cancelled` asks in a thread.
- `task`, `join`: make a task, with functions or without any.
- `resource`: make a task out of a context manager.
- `subgraph`: make a task out of a processor.
- `scope`: keep an application's graph open while request graphs run on top of it.
"""

from typing import TYPE_CHECKING

from sdax_helpers._cancelled_flag import cancelled
from sdax_helpers._functions import task_func, task_group_func, task_sync_func
from sdax_helpers._process_function import task_process_func
from sdax_helpers._resource import resource
from sdax_helpers._scope import Scope, ScopeClosedError, scope
from sdax_helpers._subgraph import subgraph
from sdax_helpers._tasks import join, task
from sdax_helpers._thread_function import task_thread_func

# Functions of a phase
task_group_task = task_group_func
"""The name of `task_group_func` in sdax 0.3 to 0.7."""

__all__ = [  # noqa: RUF022 - grouped by concept
    # Functions of a phase
    "task_func",
    "task_group_func",
    "task_group_task",
    "task_sync_func",
    # Functions in threads and processes
    "cancelled",
    "task_process_func",
    "task_thread_func",
    # Tasks
    "join",
    "resource",
    "subgraph",
    "task",
    # Two scopes
    "Scope",
    "ScopeClosedError",
    "scope",
    # The installed version
    "__version__",
]

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        # Read when it is asked for, because importlib.metadata is slow to import.
        if name == "__version__":
            from importlib.metadata import version

            return version("sdax-helpers")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

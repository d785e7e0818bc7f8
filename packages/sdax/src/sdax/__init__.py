"""Structured declarative async execution: a graph of asyncio tasks that acquire, work and clean up.

General layout: this package has no engine of its own. It shows the public names of `sdax_core` (graph,
phases, errors), `sdax_levels` (levels on top of the graph) and `sdax_helpers` (short ways to write
tasks) under one name, and brings the `sdax` command. `sdax.sdax_core`, `sdax.tasks` and
`sdax.sdax_task_analyser` are import paths of sdax 0.3 to 0.7; new code imports from `sdax`.
"""

from typing import TYPE_CHECKING

from sdax_core import (
    After,
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncPhaseRunner,
    AsyncTask,
    Attempt,
    BuildOptions,
    CancelCause,
    Clock,
    ExecuteOrder,
    ExecutionGraph,
    ExecutionWave,
    ExponentialBackoff,
    FunctionCall,
    GraphError,
    Interceptor,
    Observer,
    OnExecuteError,
    PhaseId,
    RetryableException,
    RetryPolicy,
    RunHandle,
    ScopeError,
    SdaxError,
    SdaxExecutionError,
    SdaxTaskGroup,
    StrayCancellationError,
    TaskAnalysis,
    TaskAnalyzer,
    TaskFactoryError,
    TaskFailure,
    TaskFunction,
    TaskGraph,
    after,
    current_run,
    flatten_exceptions,
)
from sdax_helpers import (
    Scope,
    ScopeClosedError,
    cancelled,
    join,
    resource,
    scope,
    subgraph,
    task,
    task_func,
    task_group_func,
    task_group_task,
    task_process_func,
    task_sync_func,
    task_thread_func,
)
from sdax_levels import (
    AsyncDagLevelAdapterBuilder,
    AsyncTaskProcessor,
    AsyncTaskProcessorBuilder,
    LevelKey,
)

__all__ = [  # noqa: RUF022 - grouped by concept
    # Tasks
    "After",
    "AsyncTask",
    "SdaxTaskGroup",
    "TaskFunction",
    "after",
    "join",
    "resource",
    "subgraph",
    "task",
    "task_func",
    "task_group_func",
    "task_group_task",
    "task_sync_func",
    # Functions in threads and processes
    "cancelled",
    "task_process_func",
    "task_thread_func",
    # Graphs
    "AsyncDagTaskProcessor",
    "AsyncDagTaskProcessorBuilder",
    # Two scopes
    "Scope",
    "ScopeClosedError",
    "scope",
    # Levels
    "AsyncDagLevelAdapterBuilder",
    "AsyncTaskProcessor",
    "AsyncTaskProcessorBuilder",
    "LevelKey",
    # Options and phases
    "AsyncPhaseRunner",
    "BuildOptions",
    "ExecuteOrder",
    "OnExecuteError",
    "PhaseId",
    # A run, seen from inside and from beside
    "Attempt",
    "CancelCause",
    "Clock",
    "ExponentialBackoff",
    "FunctionCall",
    "Interceptor",
    "Observer",
    "RetryPolicy",
    "RunHandle",
    "current_run",
    # Errors
    "GraphError",
    "RetryableException",
    "ScopeError",
    "SdaxError",
    "SdaxExecutionError",
    "StrayCancellationError",
    "TaskFactoryError",
    "TaskFailure",
    "flatten_exceptions",
    # The view for people and tests
    "ExecutionGraph",
    "ExecutionWave",
    "TaskAnalysis",
    "TaskAnalyzer",
    "TaskGraph",
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

            return version("sdax")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The old home of the processors: import everything from `sdax`."""

from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncDagTaskProcessorBuilder,
    AsyncPhaseRunner,
    AsyncTask,
    ExecutionWave,
    GraphError,
    K,
    PhaseId,
    RetryableException,
    SdaxError,
    SdaxExecutionError,
    SdaxTaskGroup,
    StrayCancellationError,
    T,
    TaskAnalysis,
    TaskAnalyzer,
    TaskFactoryError,
    TaskFailure,
    TaskFunction,
    flatten_exceptions,
)
from sdax_helpers import join
from sdax_levels import (
    AsyncDagLevelAdapterBuilder,
    AsyncTaskProcessor,
    AsyncTaskProcessorBuilder,
    LevelKey,
)

__all__ = [  # noqa: RUF022 - grouped by concept
    # Processors and builders
    "AsyncDagLevelAdapterBuilder",
    "AsyncDagTaskProcessor",
    "AsyncDagTaskProcessorBuilder",
    "AsyncPhaseRunner",
    "AsyncTaskProcessor",
    "AsyncTaskProcessorBuilder",
    "LevelKey",
    "PhaseId",
    # Errors
    "GraphError",
    "RetryableException",
    "SdaxError",
    "SdaxExecutionError",
    "StrayCancellationError",
    "TaskFactoryError",
    "TaskFailure",
    "flatten_exceptions",
    # Tasks and the view of a graph
    "AsyncTask",
    "ExecutionWave",
    "SdaxTaskGroup",
    "TaskAnalysis",
    "TaskAnalyzer",
    "TaskFunction",
    "join",
    # Type variables: context and key
    "K",
    "T",
]

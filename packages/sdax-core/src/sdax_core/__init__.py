"""The graph, the phases, the engine and the errors of sdax, with no dependencies.

General layout: this file is the only door; every module behind it is private.

The graph half knows no event loop: `_task*` (what users declare), `_keys`, `_graph` with `_order` and `_diagnosis`
(validation), `_waves`, `_analysis` and `_analyzer` (the view for people), `_options` and `_plan` (what a run walks),
`_errors`. The run half: `_processor` and `_builder` (the immutable face), `_runner` (phase by phase), `_run` (one run),
`_walk` (one phase of it), `_lane` and `_pump` (the asyncio Tasks that run functions), `_binding`, `_retrying`,
`_attempt` (what is around a function: timeout, retries, task group), `_run_handle` (the run as its functions see it),
`_observer`, `_interceptor`, `_reports` and `_reported_*` (what others see of it), `_held` and `_owner_task` (what
tasks hold from one function to another).
"""

from typing import TYPE_CHECKING

from sdax_core._after import After, after
from sdax_core._analysis import TaskAnalysis
from sdax_core._builder import AsyncDagTaskProcessorBuilder
from sdax_core._cancel_cause import CancelCause
from sdax_core._errors import (
    GraphError,
    RetryableException,
    SdaxError,
    SdaxExecutionError,
    StrayCancellationError,
    TaskFactoryError,
    flatten_exceptions,
)
from sdax_core._graph import TaskGraph
from sdax_core._interceptor import Interceptor
from sdax_core._observer import Observer
from sdax_core._options import BuildOptions, ExecuteOrder, OnExecuteError
from sdax_core._parent_scope import ParentScope, ScopeError
from sdax_core._phase_id import PhaseId
from sdax_core._processor import AsyncDagTaskProcessor
from sdax_core._retry_policy import ExponentialBackoff, RetryPolicy
from sdax_core._run_handle import RunHandle, current_run
from sdax_core._run_settings import Clock
from sdax_core._runner import AsyncPhaseRunner
from sdax_core._task import AsyncTask
from sdax_core._task_failure import TaskFailure
from sdax_core._task_function import TaskFunction
from sdax_core._task_group import SdaxTaskGroup
from sdax_core._type_variables import K, StringKeysByDefault, T

__all__ = [  # noqa: RUF022 - grouped by concept
    # What users declare
    "After",
    "AsyncTask",
    "SdaxTaskGroup",
    "TaskFunction",
    "after",
    # Building and running
    "AsyncDagTaskProcessor",
    "AsyncDagTaskProcessorBuilder",
    "AsyncPhaseRunner",
    "BuildOptions",
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
    # For what is built on top of this package
    "ExecuteOrder",
    "Held",
    "K",
    "OnExecuteError",
    "ParentScope",
    "OwnerTask",
    "StringKeysByDefault",
    "T",
    # The installed version
    "__version__",
]


def _show_the_door_as_home(value: object) -> None:
    """Have tracebacks and reprs say where users import a class from, not which file it is in."""
    if isinstance(value, type) and value.__module__.startswith(f"{__name__}."):
        value.__module__ = __name__


for _name in __all__:
    _show_the_door_as_home(globals().get(_name))

if TYPE_CHECKING:
    from sdax_core._analyzer import TaskAnalyzer
    from sdax_core._held import Held
    from sdax_core._owner_task import OwnerTask
    from sdax_core._reports import Attempt, FunctionCall
    from sdax_core._waves import ExecutionGraph, ExecutionWave

    __version__: str
else:
    # What few programs need is imported when it is first asked for: the others start sooner.
    _ON_DEMAND = {
        "Attempt": "_reports",
        "ExecutionGraph": "_waves",
        "ExecutionWave": "_waves",
        "FunctionCall": "_reports",
        "Held": "_held",
        "OwnerTask": "_owner_task",
        "TaskAnalyzer": "_analyzer",
    }

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version

            return version("sdax-core")
        if name not in _ON_DEMAND:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_ON_DEMAND[name]}"), name)
        _show_the_door_as_home(value)
        globals()[name] = value
        return value

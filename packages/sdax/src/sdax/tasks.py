"""The old home of tasks and of what makes them: import them from `sdax`."""

from sdax_core import AsyncTask, K, RetryableException, SdaxTaskGroup, T, TaskFunction
from sdax_helpers import (
    join,
    task,
    task_func,
    task_group_func,
    task_group_task,
    task_sync_func,
)

__all__ = [
    "AsyncTask",
    "K",
    "RetryableException",
    "SdaxTaskGroup",
    "T",
    "TaskFunction",
    "join",
    "task",
    "task_func",
    "task_group_func",
    "task_group_task",
    "task_sync_func",
]

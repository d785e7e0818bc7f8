"""The import paths of sdax 0.7 give the very same types. Checked, never run."""

from typing import assert_type

import sdax
from sdax.sdax_core import AsyncDagTaskProcessor, AsyncTaskProcessor, LevelKey, PhaseId
from sdax.sdax_task_analyser import TaskAnalysis, TaskAnalyzer
from sdax.tasks import AsyncTask, TaskFunction, join, task_func


class Context:
    """The context of the tasks below."""


async def work(ctx: Context) -> None: ...


assert_type(AsyncTask("A", execute=task_func(work)), sdax.AsyncTask[Context, str])
assert_type(TaskFunction(work), sdax.TaskFunction[Context])
assert_type(AsyncDagTaskProcessor[Context].builder().build(), sdax.AsyncDagTaskProcessor[Context])
assert_type(AsyncTaskProcessor[Context].builder().build(), sdax.AsyncTaskProcessor[Context])
assert_type(TaskAnalyzer[Context]().add_task(join("A")).analyze(), TaskAnalysis[Context, str])


def keys(key: LevelKey, phase: PhaseId) -> None:
    assert_type(key, sdax.LevelKey)
    assert_type(phase, sdax.PhaseId)

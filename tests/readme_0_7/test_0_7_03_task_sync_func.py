"""`task_sync_func`: a plain function as a task."""

from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor
from sdax_proof import run

BLOCK = read_block("readme_0_7/03_task_sync_func")


def test_a_plain_function_runs_as_a_task() -> None:
    names = BLOCK.run()
    task = AsyncTask("Double", execute=names.task)
    processor = AsyncTaskProcessor[dict[str, int]].builder().add_task(task, 1).build()

    context = {"input": 21}
    run(processor.process_tasks(context))

    assert context["result"] == 42
    assert names.task.retries == 1

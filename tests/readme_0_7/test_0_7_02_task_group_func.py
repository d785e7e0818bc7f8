"""`task_group_func`: a function that starts subtasks."""

from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor
from sdax_proof import run

BLOCK = read_block("readme_0_7/02_task_group_func")


def test_a_subtask_of_the_group_is_run_again_when_the_attempt_is_retried() -> None:
    attempts: list[str] = []

    async def subtask_func() -> None:
        attempts.append("attempt")
        if len(attempts) <= 2:
            raise ConnectionError("not yet")

    names = BLOCK.run(subtask_func=subtask_func)

    assert names.task.has_task_group_argument
    task = AsyncTask("Parent", execute=names.task)
    processor = AsyncTaskProcessor[None].builder().add_task(task, 1).build()
    run(processor.process_tasks(None))
    assert len(attempts) == 3

"""What type checkers know of the short ways to write tasks. Checked, never run."""

import asyncio
from contextvars import copy_context
from functools import partial
from typing import assert_type

from sdax import (
    AsyncTask,
    SdaxTaskGroup,
    TaskFunction,
    join,
    task,
    task_func,
    task_group_func,
    task_group_task,
    task_sync_func,
)


class Context:
    """The context of the functions below."""


async def work(ctx: Context) -> int:
    return 1


async def work_with_subtasks(ctx: Context, task_group: SdaxTaskGroup) -> int:
    subtask = task_group.create_task(
        asyncio.sleep(1, "done"), name="subtask", context=copy_context()
    )
    assert_type(subtask, asyncio.Task[str])
    assert_type(await subtask, str)
    return 1


def plain(ctx: Context) -> int:
    return 1


async def work_twice(times: int, ctx: Context) -> int:
    return times


# The context is the one that the function takes.

assert_type(task_func(work), TaskFunction[Context])
assert_type(task_group_func(work_with_subtasks), TaskFunction[Context])
assert_type(task_group_task(work_with_subtasks), TaskFunction[Context])
assert_type(task_sync_func(plain), TaskFunction[Context])
assert_type(TaskFunction(work), TaskFunction[Context])

bound: TaskFunction[Context] = task_func(partial(work_twice, 2))
lazy: TaskFunction[Context] = task_func(lambda ctx: work(ctx))
quick: TaskFunction[Context] = task_sync_func(lambda ctx: plain(ctx))

# Options are given by keyword, and checked.

task_func(work, timeout=1.5, retries=2, initial_delay=0.5, backoff_factor=1.5)
task_func(work, retries=1, retryable_exceptions=(OSError, KeyError))
task_sync_func(plain, retries=2)
task_func(work, 1.5)  # type: ignore[call-arg]
task_func(work, timeout="1.5")  # type: ignore[arg-type]
task_func(work, retryable_exceptions=[OSError])  # type: ignore[arg-type]
task_sync_func(plain, timeout=1.5)  # type: ignore[call-arg]

# Functions of the wrong kind.

task_func(plain)  # type: ignore[arg-type]
task_func(work_with_subtasks)  # type: ignore[arg-type]
task_group_func(work)  # type: ignore[arg-type]

# Tasks have the context of their functions and the type of their key.

assert_type(task("A", execute=task_func(work)), AsyncTask[Context, str])
assert_type(AsyncTask("A", execute=task_func(work)), AsyncTask[Context, str])
assert_type(AsyncTask(7, post_execute=TaskFunction(work)), AsyncTask[Context, int])
assert_type(task_func(work).timeout, float | None)
task("A", task_func(work))  # type: ignore[call-arg]
task(["A"], execute=task_func(work))  # type: ignore[type-var]

# A task may be optional, and have a condition that takes the same context.


def is_wanted(ctx: Context) -> bool:
    return True


assert_type(
    task("A", execute=task_func(work), when=is_wanted, optional=True), AsyncTask[Context, str]
)
assert_type(join("A", optional=True).optional, bool)
task("A", execute=task_func(work), when=work)  # type: ignore[arg-type]

# A join fits into every graph.

joined: AsyncTask[Context, str] = join("A")


def name_by_pairs(key: tuple[str, int]) -> None:
    assert_type(join(key).name, tuple[str, int])
    assert_type(task(key, execute=task_sync_func(plain)), AsyncTask[Context, tuple[str, int]])

"""What comes out of a run in which several things failed, and how to look at it."""

import asyncio
import pickle
import sys
import traceback

from sdax import (
    AsyncDagTaskProcessor,
    SdaxExecutionError,
    SdaxTaskGroup,
    flatten_exceptions,
    task,
    task_func,
    task_group_func,
)


# --8<-- [start:graph]
class Page:
    pass


async def fetch_news(page: Page) -> None:
    raise ConnectionError("the news service does not answer")


async def fetch_image(name: str) -> None:
    raise LookupError(f"there is no {name}")


async def fetch_images(page: Page, group: SdaxTaskGroup) -> None:
    group.create_task(fetch_image("map"))
    group.create_task(fetch_image("photo"))


async def render(page: Page) -> None:
    print("this is never printed")


async def close(page: Page) -> None:
    raise OSError("the connection was lost")


make_page = (
    AsyncDagTaskProcessor[Page]
    .builder()
    .add_task(task("connection", post_execute=task_func(close)))
    .add_task(
        task("news", execute=task_func(fetch_news, retries=1, initial_delay=0.01)),
        depends_on=("connection",),
    )
    .add_task(
        task("images", execute=task_group_func(fetch_images)),
        depends_on=("connection",),
    )
    .add_task(task("page", execute=task_func(render)), depends_on=("news", "images"))
    .build(execute_order="dependencies")
)
# --8<-- [end:graph]


async def main() -> None:
    try:
        await make_page.process_tasks(Page())
    except SdaxExecutionError as error:
        traceback.print_exception(error, limit=0, file=sys.stdout)
        print()
        show(error)
    try:
        await by_kind()
    except* LookupError as rest:
        print("left over:", [type(leaf).__name__ for leaf in flatten_exceptions(rest)])


# --8<-- [start:show]
def show(error: SdaxExecutionError) -> None:
    for failure in error.failures:
        print(failure.task, failure.phase, failure.attempts, type(failure.exception).__name__)
    print("skipped:", error.skipped)
    print("leaves:", [type(leaf).__name__ for leaf in error.leaf_exceptions()])
    copy: SdaxExecutionError = pickle.loads(pickle.dumps(error))
    print("after pickling:", [failure.task for failure in copy.failures])


async def by_kind() -> None:
    try:
        await make_page.process_tasks(Page())
    except* OSError as network:  # a ConnectionError is one, too
        print("network:", [type(leaf).__name__ for leaf in flatten_exceptions(network)])


# --8<-- [end:show]


if __name__ == "__main__":
    asyncio.run(main())

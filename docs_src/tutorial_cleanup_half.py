import asyncio
from pathlib import Path
from tempfile import mkdtemp

from sdax import AsyncDagTaskProcessor, SdaxExecutionError, task, task_func


class Download:
    folder: Path | None = None


async def make_folder(download: Download) -> None:
    download.folder = Path(mkdtemp())
    print("folder: made")


async def remove_folder(download: Download) -> None:
    if download.folder is None:
        print("folder: there is none")
    else:
        download.folder.rmdir()
        print("folder: removed")


async def log_in(download: Download) -> None:
    await asyncio.sleep(10)  # the server does not answer


async def log_out(download: Download) -> None:
    print("login: nothing to undo, as far as we know")


async def fetch(download: Download) -> None:
    print("this is never printed")


fetch_files = (
    AsyncDagTaskProcessor[Download]
    .builder()
    .add_task(
        task("folder", pre_execute=task_func(make_folder), post_execute=task_func(remove_folder))
    )
    .add_task(
        task("login", pre_execute=task_func(log_in, timeout=0.1), post_execute=task_func(log_out)),
    )
    .add_task(task("files", execute=task_func(fetch)), depends_on=("folder", "login"))
    .build()
)


async def main() -> None:
    try:
        await fetch_files.process_tasks(Download())
    except SdaxExecutionError as error:
        print(f"failed: {error.exceptions[0]}")


if __name__ == "__main__":
    asyncio.run(main())

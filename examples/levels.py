"""Levels: the tasks of a level run in parallel, level after level, and cleanup goes down again."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from sdax import AsyncTaskProcessor, task, task_func, task_sync_func


@dataclass(repr=False)
class Build:
    """What the tasks of one run share."""

    folder: tempfile.TemporaryDirectory[str] = field(init=False)
    report: str = ""

    def path(self, name: str) -> Path:
        return Path(self.folder.name) / name


def make_folder(build: Build) -> None:
    build.folder = tempfile.TemporaryDirectory(prefix="sdax-levels-")


def remove_folder(build: Build) -> None:
    """Cleanup runs after a failure, too: there may be nothing to remove."""
    if hasattr(build, "folder"):
        build.folder.cleanup()


async def write_sources(build: Build) -> None:
    await asyncio.to_thread(build.path("sources").write_text, "print('hello')\n")


async def write_notes(build: Build) -> None:
    await asyncio.to_thread(build.path("notes").write_text, "says hello\n")


async def pack(build: Build) -> None:
    for name in ("sources", "notes"):
        text = await asyncio.to_thread(build.path(name).read_text)
        build.report += f"{name}: {text}"


build_package = (
    AsyncTaskProcessor[Build]
    .builder()
    .add_task(
        task(
            "folder",
            pre_execute=task_sync_func(make_folder),
            post_execute=task_sync_func(remove_folder),
        ),
        level=0,
    )
    .add_task(task("sources", pre_execute=task_func(write_sources)), level=1)
    .add_task(task("notes", pre_execute=task_func(write_notes)), level=1)
    .add_task(task("package", execute=task_func(pack)), level=2)
    .build()
)


def main() -> None:
    build = Build()
    asyncio.run(build_package.process_tasks(build))
    print(build.report, end="")
    print("folder left:", Path(build.folder.name).exists())


main()

"""Two pictures are resized in worker processes; the third one hangs, and its process is killed."""

import asyncio
import time
from dataclasses import dataclass, field

from sdax_contrib.anyio import on_process
from sdax_core import AsyncDagTaskProcessor, SdaxExecutionError
from sdax_helpers import task


@dataclass
class Album:
    names: dict[str, str] = field(default_factory=dict[str, str])


def resize(name: str) -> str:  # in a process: it gets and gives values
    if name == "broken":
        time.sleep(3600)
    return f"{name}, small"


def resizing(name: str, timeout: float | None) -> AsyncDagTaskProcessor[Album]:
    def store(album: Album, result: str) -> None:
        album.names[name] = result

    function = on_process(resize, args=lambda _: (name,), into=store, timeout=timeout)
    return AsyncDagTaskProcessor[Album].builder().add_task(task(name, execute=function)).build()


async def main() -> None:
    album = Album()
    for name, timeout in (("sunset", None), ("beach", 60.0), ("broken", 1.0)):
        try:
            await resizing(name, timeout).process_tasks(album)
        except SdaxExecutionError as error:
            [failed] = error.exceptions
            print(type(failed).__name__, "-", failed.__notes__[0])
    print(album.names)


if __name__ == "__main__":  # a worker process imports this file again
    asyncio.run(main())

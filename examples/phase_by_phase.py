"""A run that goes phase by phase: acquire first, look around, then work; leaving cleans up."""

import asyncio
from dataclasses import dataclass, field

from sdax import AsyncDagTaskProcessor, task, task_func


@dataclass(repr=False)
class Link:
    """What the tasks of one run share: here, a connection to an echo server."""

    port: int
    writer: asyncio.StreamWriter = field(init=False)
    reader: asyncio.StreamReader = field(init=False)
    answer: str = ""


async def connect(link: Link) -> None:
    link.reader, link.writer = await asyncio.open_connection("127.0.0.1", link.port)


async def disconnect(link: Link) -> None:
    """Cleanup runs after a failure, too: there may be nothing to close."""
    if hasattr(link, "writer"):
        link.writer.close()
        await link.writer.wait_closed()


async def ask(link: Link) -> None:
    link.writer.write(b"are you there?\n")
    link.answer = (await link.reader.readline()).decode().strip()


talk = (
    AsyncDagTaskProcessor[Link]
    .builder()
    .add_task(
        task(
            "connection",
            pre_execute=task_func(connect, timeout=1.0, retries=3, initial_delay=0.1),
            post_execute=task_func(disconnect, timeout=1.0),
        )
    )
    .add_task(task("question", execute=task_func(ask, timeout=1.0)), depends_on=("connection",))
    .build()
)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What the server does for each client."""
    async for line in reader:
        writer.write(line)
    writer.close()


async def main() -> None:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        link = Link(port=server.sockets[0].getsockname()[1])
        async with talk.open(link) as run:
            await run.run_next()
            print("next:", run.next_phase_id())
            await run.run_next()
            print("answer:", link.answer)
        print("closed:", link.writer.is_closing())


asyncio.run(main())

"""Gift wrap only for gifts: a task that is asked whether it takes part."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass

from sdax import AsyncDagTaskProcessor, Observer, PhaseId, RunHandle, task, task_func


@dataclass
class Parcel:
    to: str
    is_gift: bool


class Skipped(Observer):
    def task_skipped(self, run: RunHandle, task: Hashable, phase: PhaseId, reason: str, /) -> None:
        print(f"{task} is skipped: {reason}")


async def fetch_paper(parcel: Parcel) -> None:
    print("fetches paper")


async def wrap(parcel: Parcel) -> None:
    print("wraps")


async def put_paper_back(parcel: Parcel) -> None:
    print("puts the paper back")


async def send(parcel: Parcel) -> None:
    print(f"sends to {parcel.to}")


def is_gift(parcel: Parcel) -> bool:
    return parcel.is_gift


processor = (
    AsyncDagTaskProcessor[Parcel]
    .builder()
    .add_task(
        task(
            "wrapping",
            pre_execute=task_func(fetch_paper),
            execute=task_func(wrap),
            post_execute=task_func(put_paper_back),
            when=is_gift,
        )
    )
    .add_task(task("post", execute=task_func(send)), depends_on=("wrapping",))
    .build(execute_order="dependencies")
)


async def main() -> None:
    await processor.process_tasks(Parcel("Ada", is_gift=True))
    await processor.process_tasks(Parcel("Grace", is_gift=False), observers=[Skipped()])


if __name__ == "__main__":
    asyncio.run(main())

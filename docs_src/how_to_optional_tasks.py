"""A product page that answers without its recommendations when that service is down."""

import asyncio
from dataclasses import dataclass, field

from sdax import AsyncDagTaskProcessor, PhaseId, after, task, task_func


@dataclass
class Page:
    product: str = ""
    recommended: list[str] = field(default_factory=list[str])
    pictures: list[str] = field(default_factory=list[str])


async def fetch_product(page: Page) -> None:
    page.product = "lamp"


async def fetch_recommendations(page: Page) -> None:
    raise ConnectionError("the service is down")


async def fetch_pictures(page: Page) -> None:
    page.pictures = [f"{name}.png" for name in page.recommended]


async def render(page: Page) -> None:
    print(f"{page.product}, with recommendations: {page.recommended or 'none'}")


processor = (
    AsyncDagTaskProcessor[Page]
    .builder()
    .add_task(task("product", execute=task_func(fetch_product)))
    .add_task(task("recommendations", execute=task_func(fetch_recommendations), optional=True))
    .add_task(
        # It is of no use without them, and may be missing as well.
        task("pictures", execute=task_func(fetch_pictures), optional=True),
        depends_on=("recommendations",),
    )
    .add_task(
        # It waits for the pictures, however they end.
        task("page", execute=task_func(render)),
        depends_on=("product", after("pictures")),
    )
    .build(execute_order="dependencies")
)


async def main() -> None:
    async with processor.open(Page()) as run:
        while await run.run_next():
            if run.last_phase_id() is PhaseId.EXECUTE:
                print("failures:", [str(failure) for failure in run.failures()])
                print("skipped:", run.skipped())
    print("the run has succeeded")


if __name__ == "__main__":
    asyncio.run(main())

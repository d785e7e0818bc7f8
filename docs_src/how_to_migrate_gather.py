"""From `gather` to a graph."""

import asyncio
from dataclasses import dataclass

from sdax import AsyncDagTaskProcessor, task, task_func


async def get_user(name: str) -> dict[str, str]:
    return {"name": name, "group": "staff"}


async def get_rights(group: str) -> list[str]:
    return [f"{group}: read", f"{group}: write"]


async def get_news() -> list[str]:
    return ["a new page"]


# --8<-- [start:by-hand]
async def user_with_rights(name: str) -> tuple[dict[str, str], list[str]]:
    user = await get_user(name)
    return user, await get_rights(user["group"])


async def page_by_hand(name: str) -> str:
    (user, rights), news = await asyncio.gather(user_with_rights(name), get_news())
    return f"{user['name']}: {rights}, {news}"


# --8<-- [end:by-hand]


# --8<-- [start:with-sdax]
@dataclass
class Page:
    name: str
    group: str = ""
    rights: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    text: str = ""


async def fetch_user(page: Page) -> None:
    page.group = (await get_user(page.name))["group"]


async def fetch_rights(page: Page) -> None:
    page.rights = tuple(await get_rights(page.group))


async def fetch_news(page: Page) -> None:
    page.news = tuple(await get_news())


async def render(page: Page) -> None:
    page.text = f"{page.name}: {list(page.rights)}, {list(page.news)}"


make_page = (
    AsyncDagTaskProcessor[Page]
    .builder()
    .add_task(task("user", execute=task_func(fetch_user)))
    .add_task(task("rights", execute=task_func(fetch_rights)), depends_on=("user",))
    .add_task(task("news", execute=task_func(fetch_news)))
    .add_task(task("text", execute=task_func(render)), depends_on=("rights", "news"))
    .build(execute_order="dependencies", on_execute_error="cancel")
)


async def page_with_sdax(name: str) -> str:
    page = Page(name)
    await make_page.process_tasks(page)
    return page.text


# --8<-- [end:with-sdax]


async def main() -> None:
    print(await page_by_hand("ada"))
    print(await page_with_sdax("ada"))


if __name__ == "__main__":
    asyncio.run(main())

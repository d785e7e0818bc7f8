import asyncio

from sdax import AsyncTask, AsyncTaskProcessor, SdaxExecutionError, task, task_func


class Site:
    def __init__(self, broken: str = "") -> None:
        self.broken = broken


def floor(name: str, milliseconds: int) -> AsyncTask[Site]:
    """A task that takes so long to set up, and as long to take down again."""

    async def set_up(site: Site) -> None:
        await asyncio.sleep(milliseconds / 1000)
        if name == site.broken:
            raise OSError(f"the {name} does not start")
        print(f"  {name}: up")

    async def take_down(site: Site) -> None:
        await asyncio.sleep(milliseconds / 1000)
        print(f"  {name}: down")

    return task(name, pre_execute=task_func(set_up), post_execute=task_func(take_down))


async def run_tests(site: Site) -> None:
    await asyncio.sleep(0.05)
    print("  tests: passed")


check_site = (
    AsyncTaskProcessor[Site]
    .builder()
    .add_task(floor("network", 20), level=1)
    .add_task(floor("database", 60), level=2)
    .add_task(floor("cache", 20), level=2)
    .add_task(floor("server", 40), level=3)
    .add_task(task("tests", execute=task_func(run_tests)), level=4)
    .build()
)


async def main() -> None:
    for site in (Site(), Site(broken="database")):
        print(f"broken: {site.broken or 'nothing'}")
        try:
            await check_site.process_tasks(site)
        except SdaxExecutionError as error:
            print(f"  failed: {error.exceptions[0]}")


if __name__ == "__main__":
    asyncio.run(main())

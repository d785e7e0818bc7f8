import asyncio
import sys
import traceback

from sdax import AsyncDagTaskProcessor, SdaxExecutionError, task, task_func


class Trip:
    def __init__(self, city: str) -> None:
        self.city = city
        self.weather = ""
        self.train = ""


async def fetch_weather(trip: Trip) -> None:
    await asyncio.sleep(0.1)
    trip.weather = "sunny"


async def fetch_train(trip: Trip) -> None:
    raise ConnectionError("the railway does not answer")


async def write_plan(trip: Trip) -> None:
    print(f"{trip.city}: {trip.weather}, train {trip.train}")


plan_trip = (
    AsyncDagTaskProcessor[Trip]
    .builder()
    .add_task(task("weather", execute=task_func(fetch_weather)))
    .add_task(task("train", execute=task_func(fetch_train, retries=2, initial_delay=0.1)))
    .add_task(task("plan", execute=task_func(write_plan)), depends_on=("weather", "train"))
    .build(execute_order="dependencies")
)


async def main() -> None:
    trip = Trip("Lyon")
    try:
        await plan_trip.process_tasks(trip)
    except SdaxExecutionError as error:
        for failure in error.failures:
            print(f"{failure.task} failed after {failure.attempts} attempts: {failure.exception}")
        print(f"skipped: {error.skipped}")
        print(f"the weather is known all the same: {trip.weather}")
        traceback.print_exception(error, limit=0, file=sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())

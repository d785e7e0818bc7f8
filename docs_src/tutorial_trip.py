import asyncio

from sdax import AsyncDagTaskProcessor, task, task_func


class Trip:
    def __init__(self, city: str) -> None:
        self.city = city
        self.place = ""
        self.weather = ""
        self.train = ""
        self.plan = ""


async def find_place(trip: Trip) -> None:
    print("place: looked up")
    await asyncio.sleep(0.1)
    trip.place = f"{trip.city}, France"


async def fetch_weather(trip: Trip) -> None:
    print(f"weather: asked for {trip.place}")
    await asyncio.sleep(0.1)
    trip.weather = "sunny"
    print("weather: here")


async def fetch_train(trip: Trip) -> None:
    print(f"train: asked for {trip.place}")
    await asyncio.sleep(0.2)
    trip.train = "at 9:30"
    print("train: here")


async def write_plan(trip: Trip) -> None:
    trip.plan = f"{trip.place}: {trip.weather}, train {trip.train}"


plan_trip = (
    AsyncDagTaskProcessor[Trip]
    .builder()
    .add_task(task("place", execute=task_func(find_place)))
    .add_task(task("weather", execute=task_func(fetch_weather)), depends_on=("place",))
    .add_task(task("train", execute=task_func(fetch_train)), depends_on=("place",))
    .add_task(task("plan", execute=task_func(write_plan)), depends_on=("weather", "train"))
    .build(execute_order="dependencies")
)


async def main() -> None:
    trip = Trip("Lyon")
    await plan_trip.process_tasks(trip)
    print(trip.plan)


if __name__ == "__main__":
    asyncio.run(main())

import asyncio

from sdax import AsyncDagTaskProcessor, task, task_func


class Trip:
    def __init__(self, city: str) -> None:
        self.city = city
        self.place = ""


async def find_place(trip: Trip) -> None:
    await asyncio.sleep(0.1)  # stands for a call to a map service
    trip.place = f"{trip.city}, France"


plan_trip = (
    AsyncDagTaskProcessor[Trip]
    .builder()
    .add_task(task("place", execute=task_func(find_place)))
    .build()
)


async def main() -> None:
    trip = Trip("Lyon")
    await plan_trip.process_tasks(trip)
    print(trip.place)


if __name__ == "__main__":
    asyncio.run(main())

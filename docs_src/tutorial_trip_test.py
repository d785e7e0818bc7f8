import asyncio

from sdax import task, task_func
from tutorial_trip import Trip, plan_trip


async def fake_train(trip: Trip) -> None:
    trip.train = "at noon"


def test_the_plan_has_the_train_and_the_weather() -> None:
    without_railway = plan_trip.override({"train": task("train", execute=task_func(fake_train))})
    trip = Trip("Nice")
    asyncio.run(without_railway.process_tasks(trip))
    assert trip.plan == "Nice, France: sunny, train at noon"

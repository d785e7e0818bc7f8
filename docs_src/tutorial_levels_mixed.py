import asyncio

from sdax import AsyncDagTaskProcessor, task, task_func


class Evening:
    pass


async def cook(evening: Evening) -> None:
    await asyncio.sleep(0.2)
    print("dinner is cooked")


async def lay_table(evening: Evening) -> None:
    print("the table is laid")


async def light_candles(evening: Evening) -> None:
    print("the candles burn, though nothing is cooked yet")


async def eat(evening: Evening) -> None:
    print("dinner is eaten")


have_dinner = (
    AsyncDagTaskProcessor[Evening]
    .builder()
    .add_task(task("dinner", pre_execute=task_func(cook)))
    .add_task(task("table", pre_execute=task_func(lay_table)))
    .add_task(task("candles", pre_execute=task_func(light_candles)), depends_on=("table",))
    .add_task(task("meal", execute=task_func(eat)), depends_on=("dinner", "candles"))
    .build()
)

if __name__ == "__main__":
    asyncio.run(have_dinner.process_tasks(Evening()))

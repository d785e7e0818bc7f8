"""The graph of a checkout as a picture: tasks, joins, what is optional, and what only orders."""

from sdax_contrib.pictures import Picture, to_mermaid
from sdax_core import AsyncDagTaskProcessor, after
from sdax_helpers import join, task, task_func


class Checkout:
    is_gift = False


async def step(checkout: Checkout) -> None:
    pass


STEP = task_func(step)

processor = (
    AsyncDagTaskProcessor[Checkout]
    .builder()
    .add_task(task("config", pre_execute=STEP))
    .add_task(task("database", pre_execute=STEP, post_execute=STEP), depends_on=("config",))
    .add_task(task("bank", pre_execute=STEP, post_execute=STEP), depends_on=("config",))
    .add_task(task("cache", pre_execute=STEP, optional=True), depends_on=("config",))
    .add_task(join("resources"), depends_on=("database", "bank", after("cache")))
    .add_task(task("prices", execute=STEP), depends_on=("resources",))
    .add_task(task("customer", execute=STEP), depends_on=("resources",))
    .add_task(
        task("gift wrap", execute=STEP, when=lambda checkout: checkout.is_gift),
        depends_on=("prices",),
    )
    .add_task(task("charge", execute=STEP), depends_on=("customer", "gift wrap"))
    .add_task(task("receipt", execute=STEP, optional=True), depends_on=("charge",))
    .add_task(task("answer", execute=STEP), depends_on=("charge", after("receipt")))
    .build(execute_order="dependencies")
)

picture = Picture(processor)  # as the last value of a notebook's cell it is shown

if __name__ == "__main__":
    # picture.save("checkout.svg") writes the picture to a file.
    print(to_mermaid(processor), end="")

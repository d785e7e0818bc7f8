"""What a run does, in the log of the standard library."""

import asyncio
import logging
import re
import sys
from contextlib import suppress

from sdax_contrib.logging import RunLog
from sdax_core import AsyncDagTaskProcessor, SdaxExecutionError
from sdax_helpers import task, task_func


class WithoutNumbers(logging.Formatter):
    """The id of a run and the seconds differ each time; a page can only show what does not."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{record.levelname}: {record.getMessage()}"
        return re.sub(r"\d+\.\d+ s", "... s", re.sub(r"run [0-9a-f]{16}", "run ...", line))


async def charge(order: object) -> None:
    raise ConnectionError("broken pipe")


async def ship(order: object) -> None:
    pass


processor = (
    AsyncDagTaskProcessor[object]
    .builder()
    .add_task(task("charge", execute=task_func(charge, retries=1, initial_delay=0.001)))
    .add_task(task("ship", execute=task_func(ship)), depends_on=("charge",))
    .build(execute_order="dependencies", observers=[RunLog()])
)


async def main() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(WithoutNumbers())
    logging.getLogger("sdax").addHandler(handler)
    logging.getLogger("sdax").setLevel(logging.DEBUG)
    with suppress(SdaxExecutionError):
        await processor.process_tasks(None)


if __name__ == "__main__":
    asyncio.run(main())

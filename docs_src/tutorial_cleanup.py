import asyncio

from sdax import AsyncDagTaskProcessor, SdaxExecutionError, task, task_func


class Report:
    def __init__(self, customer: str) -> None:
        self.customer = customer


async def connect(report: Report) -> None:
    await asyncio.sleep(0.05)
    print("  database: open")


async def disconnect(report: Report) -> None:
    await asyncio.sleep(0.05)
    print("  database: closed")


async def begin(report: Report) -> None:
    await asyncio.sleep(0.05)
    print("  transaction: begun")


async def end(report: Report) -> None:
    await asyncio.sleep(0.05)
    print("  transaction: ended")


async def write(report: Report) -> None:
    await asyncio.sleep(0.6)
    if report.customer == "nobody":
        raise LookupError("there is no such customer")
    print(f"  report for {report.customer}: written")


write_report = (
    AsyncDagTaskProcessor[Report]
    .builder()
    .add_task(
        task("database", pre_execute=task_func(connect), post_execute=task_func(disconnect)),
    )
    .add_task(
        task("transaction", pre_execute=task_func(begin), post_execute=task_func(end)),
        depends_on=("database",),
    )
    .add_task(task("report", execute=task_func(write)), depends_on=("transaction",))
    .build()
)


async def main() -> None:
    for customer in ("ada", "nobody"):
        print(customer)
        try:
            await write_report.process_tasks(Report(customer))
        except SdaxExecutionError as error:
            print(f"  failed: {error.exceptions[0]}")


if __name__ == "__main__":
    asyncio.run(main())

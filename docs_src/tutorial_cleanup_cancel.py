import asyncio

from tutorial_cleanup import Report, write_report


async def main() -> None:
    print("the caller has no time")
    try:
        async with asyncio.timeout(0.35):
            await write_report.process_tasks(Report("ada"))
    except TimeoutError:
        print("  the caller gets a TimeoutError")

    print("the run itself has a limit")
    try:
        await write_report.process_tasks(Report("grace"), timeout=0.01)
    except TimeoutError as error:
        print(f"  {error}")


if __name__ == "__main__":
    asyncio.run(main())

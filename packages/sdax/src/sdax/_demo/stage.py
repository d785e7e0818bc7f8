"""The real parts of the demo, and the printing of what happens on them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sdax._demo.chart import Chart
from sdax._demo.claims import Claims
from sdax._demo.database_file import Contents, read_database
from sdax._demo.error_report import error_report
from sdax._demo.order_endpoint import Shop
from sdax._demo.placing import Placed, open_shop
from sdax._demo.service_process import ServiceProcess
from sdax._demo.terminal import Terminal
from sdax._demo.threads import threads_left
from sdax._demo.wording import counted

Result = TypeVar("Result")

PRICE = 1800
"""What an order for one lamp comes to: 20.00, less the customer's 10 percent."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What each run needs: the service, the database, and where to print."""

    service: ServiceProcess
    database: Path
    lamps: int
    """How many were in stock before the first order."""
    terminal: Terminal
    claims: Claims
    tasks_left: list[str] = field(default_factory=list[str])
    """The asyncio tasks that were there when a run had ended."""

    def run(self, work: Callable[[Shop], Awaitable[Result]]) -> Result:
        """Run some work on an event loop of its own, with a shop of its own."""

        async def main() -> Result:
            try:
                result = await work(open_shop(self.service.url, self.database))
            finally:
                # Cancelled while it opens a connection, aiosqlite does not wait for its thread,
                # which needs the event loop once more.
                threads_left()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            self.tasks_left.extend(task.get_name() for task in others)
            return result

        return asyncio.run(main())

    def announce(self, title: str, text: str) -> None:
        """Print the title of a run and what is about to happen."""
        self.terminal.write()
        self.terminal.write(self.terminal.paint(title, "bold"))
        self.terminal.write_wrapped(text)
        self.terminal.write()

    def show(self, placed: Placed) -> None:
        """Print what ran when, and the error as the caller would see it."""
        for line in Chart(placed.timeline, placed.skipped, self.terminal).lines():
            self.terminal.write(line)
        self.terminal.write()
        if placed.error is not None:
            self.terminal.write_wrapped("The caller gets (frames of libraries left out):")
            self.terminal.write()
            for line in error_report(placed.error, self.terminal.width - 4):
                self.terminal.write(f"    {line}".rstrip())
            self.terminal.write()

    def claim_state(self, orders: list[int]) -> None:
        """Claim that just these orders took place, as the database and the service see it."""
        contents = read_database(self.database)
        self.claims.check(
            f"the database holds {counted(len(contents.orders), 'order')}, "
            f"and {contents.in_stock:,} of {self.lamps:,} lamps are in stock",
            found=contents,
            expected=Contents(
                orders,
                sold=len(orders),
                cents=len(orders) * PRICE,
                in_stock=self.lamps - len(orders),
            ),
        )
        report = self.service.report()
        self.claims.check(
            f"the service was told of {counted(len(report.published), 'order')}, "
            f"and has {counted(report.open_sessions, 'session')} open",
            found=(report.published, report.open_sessions),
            expected=(orders, 0),
        )

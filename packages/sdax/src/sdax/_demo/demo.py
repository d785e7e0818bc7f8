"""The demo from its first line to its exit code."""

import asyncio
import sqlite3
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from sdax._demo.claims import Claims
from sdax._demo.database_file import check_integrity, create_database
from sdax._demo.graph_table import graph_table
from sdax._demo.order_endpoint import place_order
from sdax._demo.runs import deadline_hit, good_order, many_orders, price_service_down
from sdax._demo.service_process import running_service
from sdax._demo.stage import Stage
from sdax._demo.terminal import Terminal
from sdax._demo.threads import threads_left
from sdax._demo.wording import counted

SPARE_LAMPS = 10


def run_demo(orders: int) -> int:
    """Run the demo, with so many orders in its last run.

    Returns:
        The exit code: 0 if every claim holds, else 1.
    """
    terminal = Terminal(sys.stdout)
    claims = Claims(terminal)
    with TemporaryDirectory(prefix="sdax-demo-") as directory, running_service() as service:
        stage = Stage(service, Path(directory) / "shop.db", orders + SPARE_LAMPS, terminal, claims)
        create_database(stage.database, stage.lamps)
        asyncio.run(_warm_up(service.url))
        _introduce(stage)
        good_order(stage)
        price_service_down(stage)
        deadline_hit(stage)
        many_orders(stage, orders)
        integrity = check_integrity(stage.database)
    stage.announce("Afterwards", "What the demo started and made is gone.")
    claims.check(f"SQLite found the database {integrity}", found=integrity, expected="ok")
    claims.check("the service has ended of its own accord", found=service.exit_code, expected=0)
    claims.check("no file is left", found=Path(directory).exists(), expected=False)
    claims.check("no thread is left", found=threads_left(), expected=[])
    claims.check("no asyncio task outlived its run", found=stage.tasks_left, expected=[])
    return _conclude(stage)


async def _warm_up(url: str) -> None:
    """Send a first request, which imports half of the client: no part of the time of an order."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        (await client.get("/report")).raise_for_status()


def _introduce(stage: Stage) -> None:
    terminal = stage.terminal
    terminal.write(terminal.paint("sdax demo: the inside of an order endpoint", "bold"))
    terminal.write_wrapped("The parts are real, and are gone when the demo ends:")
    terminal.write()
    terminal.write(f"    HTTP service  {stage.service.url}, in process {stage.service.pid}")
    terminal.write(f"    database      {stage.database}, SQLite {sqlite3.sqlite_version}")
    terminal.write(f"    in stock      {counted(stage.lamps, 'lamp')}")
    terminal.write()
    terminal.write_wrapped("The graph, whose code is examples/order_endpoint.py in the repository:")
    terminal.write()
    for line in graph_table(place_order, terminal):
        terminal.write(line)


def _conclude(stage: Stage) -> int:
    terminal, claims = stage.terminal, stage.claims
    terminal.write()
    if claims.broken:
        text = f"{claims.broken} of {counted(claims.checked, 'claim')} do not hold."
        terminal.write(terminal.paint(text, "red"))
        return 1
    terminal.write(f"All {claims.checked} marked claims have been checked, and hold.")
    return 0

"""`sdax demo` as a whole: a process that claims, verifies, and leaves nothing behind.

All processes of the demo share one pipe as their standard error, and its end is reached only when
the last of them has ended. So `communicate` returns only if no process is left.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import IO

import pytest

PATIENCE = 60
ORDERS = 5
LAMPS = 15


@contextmanager
def running_demo(
    folder: Path,
    *,
    orders: int = ORDERS,
    warnings: str = "error",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Generator[subprocess.Popen[str]]:
    """Start the demo with its temporary files in `folder`; it is killed if the block leaves it."""
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    with subprocess.Popen(
        [sys.executable, "-W", warnings, "-m", "sdax._command", "demo", f"--orders={orders}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **places, **environment},
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def output_of(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def read_until(process: subprocess.Popen[str], wanted: str) -> list[str]:
    """The lines of the output up to the first one that holds what is wanted."""
    lines: list[str] = []
    for line in output_of(process):
        lines.append(line.rstrip("\n"))
        if wanted in line:
            return lines
    raise AssertionError(f"the demo did not print {wanted!r}")


def wait_for_requests(address: str, count: int) -> None:
    """Ask the service until it has had so many requests: then a run is in the middle."""
    deadline = monotonic() + PATIENCE
    seen = 0
    with closing(HTTPConnection(address, timeout=PATIENCE)) as connection:
        while seen < count:
            assert monotonic() < deadline, f"{seen} of {count} requests"
            connection.request("GET", "/report")
            seen = json.loads(connection.getresponse().read())["requests"]


def whole_output(folder: Path, **environment: str) -> list[str]:
    """What a demo prints that must succeed and leave no process and no file."""
    with running_demo(folder, environment=environment) as process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert (errors, process.returncode) == ("", 0)
    assert list(folder.iterdir()) == []
    return output.splitlines()


def wider_than(columns: int, lines: list[str]) -> list[str]:
    """Lines that are too wide, but for two that are as long as where the demo runs."""
    places = ("    HTTP service  ", "    database      ")
    return [line for line in lines if len(line) > columns and not line.startswith(places)]


def test_the_demo_succeeds_and_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    lines = whole_output(tmp_path, COLUMNS="100")
    claims = [line for line in lines if line.startswith("  ✓ ")]
    assert not any("✗" in line for line in lines)
    assert lines[-1] == f"All {len(claims)} marked claims have been checked, and hold."
    assert (
        f"  ✓ the database holds {ORDERS + 1} orders, and 9 of {LAMPS} lamps are in stock" in claims
    )
    assert wider_than(100, lines) == []


def test_a_narrow_output_that_knows_only_ascii_gets_just_that(tmp_path: Path) -> None:
    lines = whole_output(tmp_path, COLUMNS="80", PYTHONIOENCODING="ascii:strict")
    assert any(line.startswith("  ok the database holds") for line in lines)
    assert any("###" in line for line in lines)
    assert wider_than(80, lines) == []


def test_what_is_claimed_of_the_single_orders_is_what_the_database_holds(tmp_path: Path) -> None:
    with running_demo(tmp_path) as process:
        introduction = "\n".join(read_until(process, "in stock  "))
        found = re.search(r"database +(.*\.db), SQLite", introduction)
        assert found is not None
        for run in ("1. A good order", "2. The price service is down"):
            read_until(process, run)
            claim = read_until(process, "the database holds")[-1]
            assert claim == f"  ✓ the database holds 1 order, and 14 of {LAMPS} lamps are in stock"
            # The third run, which leaves no trace either, gives half a second to look.
            with closing(sqlite3.connect(found[1])) as connection:
                orders = connection.execute("SELECT number, quantity FROM orders").fetchall()
                stock = connection.execute("SELECT item, available FROM stock").fetchall()
            assert (orders, stock) == ([(1, 1)], [("lamp", 14)])


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no Ctrl-C for a process without a console"
)
@pytest.mark.parametrize(
    ("run", "requests"),
    [("3. The caller's deadline", 17), ("4. 400 orders at once", 200)],
    ids=["while one order waits", "while many orders are under way"],
)
def test_ctrl_c_ends_the_demo_in_the_middle_and_leaves_no_process_and_no_file(
    run: str, requests: int, tmp_path: Path
) -> None:
    # aiosqlite drops a connection that it was opening when it is cancelled: Python 3.13 warns of it.
    with running_demo(tmp_path, orders=400, warnings="ignore") as process:
        found = re.search(r"http://(\S+),", read_until(process, "HTTP service")[-1])
        assert found is not None
        read_until(process, run)
        wait_for_requests(found[1], requests)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (errors, process.returncode) == ("\nsdax demo: interrupted\n", 130)
    assert list(tmp_path.iterdir()) == []


def test_the_service_ends_by_itself_when_the_demo_is_killed(tmp_path: Path) -> None:
    with running_demo(tmp_path) as process:
        read_until(process, "1. A good order")
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_a_reader_that_goes_away_ends_the_demo_without_a_traceback(tmp_path: Path) -> None:
    with running_demo(tmp_path) as process:
        read_until(process, "1. A good order")
        output_of(process).close()
        assert process.stderr is not None
        errors = process.stderr.read()
        assert (errors, process.wait(PATIENCE)) == ("", 1)
    assert list(tmp_path.iterdir()) == []

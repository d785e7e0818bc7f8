"""Functions that run in other processes: they have to be importable there."""

import os
import time
from pathlib import Path

from sdax_contrib.dask import stop_requested


def square(number: int) -> int:
    return number * number


def fail(number: int) -> None:
    raise ValueError(f"no {number}")


def process_id() -> int:
    return os.getpid()


def wait_in_vain(file: str) -> None:
    Path(file).write_text(str(os.getpid()))
    time.sleep(60)


def wait_until_told_to_stop(file: str) -> None:
    Path(file).write_text("begun")
    while not stop_requested():
        time.sleep(0.01)
    Path(file).write_text("stopped")


def die_the_first_time(file: str) -> str:
    if not Path(file).exists():
        Path(file).write_text("died")
        os._exit(1)
    return "second time"

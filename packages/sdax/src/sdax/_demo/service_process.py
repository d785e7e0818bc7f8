"""The shop's service as a process of its own: started, asked, and stopped whatever happens."""

import http.client
import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

COMMAND = [sys.executable, "-P", "-m", "sdax._demo.service"]
"""`-P`, lest a file in the current folder be taken for a module of Python's."""

PATIENCE = 10.0
"""Seconds the service may take to answer the demo, or to stop."""


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """What the service saw of its clients."""

    requests: int
    open_sessions: int
    published: list[int]


class ServiceProcess:
    """The demo's own door to the service, past the tasks."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._port = port

    @property
    def url(self) -> str:
        """Where the service listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The service's process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How the process ended; `None` while it runs."""
        return self._process.poll()

    def report(self) -> ServiceReport:
        """Ask the service what it saw."""
        return ServiceReport(**self._ask("GET", "/report"))

    @contextmanager
    def trouble(self, what: str) -> Generator[None]:
        """Let the service fail on purpose: `prices-fail` or `prices-stall`."""
        self._ask("PUT", f"/trouble/{what}")
        try:
            yield
        finally:
            self._ask("PUT", "/trouble/none")

    def _ask(self, method: str, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.request(method, path)
            body = connection.getresponse().read()
        finally:
            connection.close()
        return json.loads(body) if body else None


@contextmanager
def running_service() -> Generator[ServiceProcess]:
    """Start the service, and stop it when the block is left, in whatever way.

    Should this process be killed, its end of the pipe closes, and the service stops by itself.

    Raises:
        RuntimeError: The service did not start. It says why on standard error.
    """
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield ServiceProcess(process, _port_of(process))
        finally:
            _stop(process)


def _port_of(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    line = process.stdout.readline()  # Empty if the process ended instead.
    if not line.strip().isdigit():
        raise RuntimeError("the demo's HTTP service did not start")
    return int(line)


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(PATIENCE)
    except BaseException:
        process.kill()
        raise

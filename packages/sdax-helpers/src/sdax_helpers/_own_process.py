"""A process for one call, which ends with it."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from threading import Lock
from typing import Any

from sdax_helpers._pickled_call import run_packed_call


class OwnProcess:
    """Runs one packed call in a new process. `run` belongs to a thread, `kill` to the event loop."""

    __slots__ = (
        "_begun",
        "_function",
        "_killed",
        "_lock",
        "_packed",
        "_process",
        "_wake",
        "_waker",
    )

    def __init__(self, function: str, packed: bytes) -> None:
        self._function = function
        self._packed = packed
        self._lock = Lock()
        self._begun = False
        self._killed = False
        self._process: Any = None

    def run(self) -> bytes:
        """Start the process, and wait until it has ended.

        Returns:
            The packed outcome of the call, nothing if the process was killed by `kill`.

        Raises:
            BrokenProcessPool: It ended without an outcome, be it killed or for want of memory.
        """
        with self._lock:
            self._begun = True
            if self._killed:
                return b""
        # Not fork: a copy of one thread, with the locks of all the others as they happen to be, may hang.
        context = get_context("spawn")
        # Its own pipe to be woken by: processes that the function has forked may hold the other one open.
        self._wake, self._waker = context.Pipe(duplex=False)
        here, there = context.Pipe()
        with self._wake, self._waker, here:
            with there:
                process = context.Process(
                    target=_serve, args=(there,), name=f"sdax: {self._function}"
                )
                process.start()
            return self._outcome(process, here)

    def _outcome(self, process: Any, connection: Connection) -> bytes:
        with self._lock:
            self._process = process
            killed = self._killed
        try:
            outcome = b"" if killed else self._exchange(connection)
            if not outcome and not self._killed:
                process.join()
                raise BrokenProcessPool(self._death(process.exitcode))
            return outcome
        finally:
            with self._lock:
                self._process = None
                if self._killed:
                    process.kill()
            process.join()
            process.close()

    def _exchange(self, connection: Connection) -> bytes:
        try:
            connection.send_bytes(self._packed)
            wait([connection, self._wake])
            return b"" if self._killed else connection.recv_bytes()
        except (EOFError, OSError):  # the process has died
            return b""

    def _death(self, code: int | None) -> str:
        hint = (
            "; did the script start its work outside `if __name__ == '__main__':`?"
            if code == 1
            else ""
        )
        return f"the process that ran {self._function} ended abruptly, with exit code {code}{hint}"

    def kill(self) -> bool:
        """End the process, and say whether there is one to wait for."""
        with self._lock:
            self._killed = True
            if self._process is not None:
                self._process.kill()
                self._waker.send_bytes(b"killed")
            return self._begun


def _serve(connection: Connection) -> None:
    """The work of the new process."""
    import signal

    # Ctrl-C in a terminal reaches every process. What it means is for the run to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with connection:
        connection.send_bytes(run_packed_call(connection.recv_bytes()))

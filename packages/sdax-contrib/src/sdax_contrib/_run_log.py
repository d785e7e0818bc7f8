"""What a run does, in the log of the standard library."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from typing import cast

from sdax_core import Attempt, FunctionCall, Observer, PhaseId, RunHandle

from sdax_contrib._telemetry_names import TaskNamer, checked_namer, shown, text_of

_LOGGER = logging.getLogger("sdax.run")
# A library is silent unless the program configures logging. The errors of `sdax` itself are not: they tell of defects.
_LOGGER.addHandler(logging.NullHandler())


class RunLog(Observer):
    """Logs what runs do: `build(observers=[RunLog()])`.

    - `DEBUG`: runs and functions that begin, functions that succeed or are cancelled, tasks whose `when` says no.
    - `INFO`: runs that succeed.
    - `WARNING`: attempts that fail and are followed by another, tasks that are skipped because one failed, runs that
      are cancelled.
    - `ERROR`: functions that fail, with their traceback; runs that fail.

    Records have the attributes `sdax_run`, and where they speak of a function `sdax_task`, `sdax_phase` and
    `sdax_attempt`.

    Args:
        logger: Where to log; by default the logger `sdax.run`, which prints nothing until logging is configured.
        task_name: Gives a task its name, from its key after those of the tasks that its run is nested in.

    Raises:
        TypeError: `logger` is no logger, or `task_name` cannot be called.
    """

    __slots__ = ("_log", "_name", "_started")

    def __init__(
        self, logger: logging.Logger | None = None, *, task_name: TaskNamer | None = None
    ) -> None:
        if logger is not None and not isinstance(cast("object", logger), logging.Logger):
            raise TypeError(f"logger must be a logging.Logger; got {logger!r}")
        self._log = _LOGGER if logger is None else logger
        self._name = checked_namer(task_name)
        self._started: dict[RunHandle, float] = {}

    def run_started(self, run: RunHandle, /) -> None:
        """Log it."""
        self._started[run] = asyncio.get_running_loop().time()
        self._of_run(logging.DEBUG, run, "started")

    def run_ended(self, run: RunHandle, error: BaseException | None, /) -> None:
        """Log it, without a traceback: each failure has had its own."""
        seconds = asyncio.get_running_loop().time() - self._started.pop(run)
        if run.outcome == "cancelled":
            text = f"cancelled ({text_of(run.cancel_cause)}) after {seconds:.3f} s"
            self._of_run(logging.WARNING, run, text)
        elif error is not None:
            self._of_run(logging.ERROR, run, f"failed after {seconds:.3f} s: {shown(error)}")
        else:
            self._of_run(logging.INFO, run, f"succeeded after {seconds:.3f} s")

    def function_started(self, call: FunctionCall, /) -> None:
        """Log it."""
        self._of_function(logging.DEBUG, call, "started")

    def function_ended(self, call: FunctionCall, /) -> None:
        """Log it."""
        took = (call.ended_at or call.started_at) - call.started_at
        if call.outcome == "failed":
            text = f"failed after {took:.3f} s in attempt {call.attempts}: {shown(call.error)}"
            self._of_function(logging.ERROR, call, text, call.error)
        else:
            self._of_function(logging.DEBUG, call, f"{call.outcome} after {took:.3f} s")

    def retry_scheduled(self, attempt: Attempt, delay: float, /) -> None:
        """Log the attempt that failed."""
        text = f"attempt {attempt.number} failed: {shown(attempt.error)}; again in {delay:.3f} s"
        self._of_function(logging.WARNING, attempt.call, text)

    def task_skipped(self, run: RunHandle, task: Hashable, phase: PhaseId, reason: str, /) -> None:
        """Log it."""
        level = logging.DEBUG if reason == "when" else logging.WARNING
        name = self._name((*run.path, task))
        self._of_run(level, run, f"{name} is skipped in {phase} ({reason})")

    def _of_run(self, level: int, run: RunHandle, text: str) -> None:
        if self._log.isEnabledFor(level):
            self._log.log(level, "run %s: %s", run.id, text, extra={"sdax_run": run.id})

    def _of_function(
        self, level: int, call: FunctionCall, text: str, error: BaseException | None = None
    ) -> None:
        if not self._log.isEnabledFor(level):
            return
        name = self._name(call.path)
        facts = {
            "sdax_run": call.run.id,
            "sdax_task": name,
            "sdax_phase": call.phase.value,
            "sdax_attempt": call.attempts,
        }
        arguments = call.run.id, name, call.phase.value, text
        self._log.log(level, "run %s: %s, %s: %s", *arguments, extra=facts, exc_info=error)

"""Logs: structlog's context during attempts, and the log of the standard library."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Hashable, Iterator
from typing import Any

import pytest
import structlog
from sdax_contrib.logging import RunLog
from sdax_contrib.structlog import bind_attempt
from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncTask,
    SdaxExecutionError,
    TaskFunction,
)
from sdax_helpers import subgraph, task
from structlog.testing import LogCapture

LOG = structlog.get_logger()


def processor_of(
    *tasks: AsyncTask[Any, Any] | tuple[Any, ...], **options: Any
) -> AsyncDagTaskProcessor[Any, Any]:
    builder = AsyncDagTaskProcessor[Any].builder()
    for each in tasks:
        one, *before = each if isinstance(each, tuple) else (each,)
        builder.add_task(one, depends_on=tuple(before))
    return builder.build(execute_order="dependencies", **options)


def run(processor: AsyncDagTaskProcessor[Any, Any], **settings: Any) -> None:
    async def main() -> None:
        await asyncio.wait_for(processor.process_tasks(None, **settings), 30)

    asyncio.run(main())


@pytest.fixture
def entries() -> Iterator[list[Any]]:
    """What structlog logs, with its context variables merged in."""
    capture = LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    yield capture.entries
    structlog.reset_defaults()


def place(task: str, phase: str, attempt: int, event: str, **more: object) -> dict[str, object]:
    facts = {"task": task, "phase": phase, "attempt": attempt, "event": event}
    return {**facts, "log_level": "info", **more}


async def nothing(_: object) -> None:
    pass


async def fail(_: object) -> None:
    raise ConnectionError("refused")


async def hang(_: object) -> None:
    await asyncio.Event().wait()


async def log(_: object) -> None:
    LOG.info("begins")
    await asyncio.sleep(0)
    LOG.info("ends")


def test_entries_say_which_task_phase_and_attempt_they_come_from(entries: list[Any]) -> None:
    processor = processor_of(
        task("a", pre_execute=TaskFunction(log)),
        (task("b", execute=TaskFunction(log)), "a"),
        interceptors=[bind_attempt],
    )

    async def main() -> None:
        with structlog.contextvars.bound_contextvars(request="r1", task="the request's"):
            await processor.process_tasks(None)
            LOG.info("behind")

    asyncio.run(main())
    expected = [
        place(key, phase, 1, event, request="r1")
        for key, phase in (("a", "pre_execute"), ("b", "execute"))
        for event in ("begins", "ends")
    ]
    behind = {"request": "r1", "task": "the request's", "event": "behind", "log_level": "info"}
    assert entries == [*expected, behind]


def test_each_attempt_is_told_apart_and_what_failed_leaves_nothing_behind(
    entries: list[Any],
) -> None:
    failures = iter([ConnectionError(), ConnectionError()])

    async def flaky(_: object) -> None:
        LOG.info("tries")
        for error in failures:
            raise error

    async def clean(_: object) -> None:
        LOG.info("cleans")

    function = TaskFunction(flaky, retries=2, initial_delay=0)
    processor = processor_of(
        task("call", execute=function, post_execute=TaskFunction(clean)),
        interceptors=[bind_attempt],
    )
    run(processor)
    LOG.info("outside")
    assert entries == [
        *(place("call", "execute", number, "tries") for number in (1, 2, 3)),
        place("call", "post_execute", 1, "cleans"),
        {"event": "outside", "log_level": "info"},
    ]


def test_subtasks_threads_and_nested_runs_say_it_too(entries: list[Any]) -> None:
    async def others(_: object, group: Any) -> None:
        async def subtask() -> None:
            LOG.info("subtask")

        await group.create_task(subtask())
        await asyncio.to_thread(LOG.info, "thread")

    inner = processor_of(task("inner", execute=TaskFunction(log)))
    processor = processor_of(
        task("outer", execute=TaskFunction(others, has_task_group_argument=True)),
        (subgraph("nested", inner), "outer"),
        interceptors=[bind_attempt],
    )
    run(processor)
    assert entries[:2] == [
        place("outer", "execute", 1, "subtask"),
        place("outer", "execute", 1, "thread"),
    ]
    assert {entry["task"] for entry in entries[2:]} == {"nested/inner"}


def test_a_cancelled_attempt_unbinds(entries: list[Any]) -> None:
    async def late(_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            LOG.info("cancelled")

    processor = processor_of(task("late", execute=TaskFunction(late)))

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await processor.process_tasks(None, timeout=0.001, interceptors=[bind_attempt])
        LOG.info("outside")

    asyncio.run(main())
    assert entries == [
        place("late", "execute", 1, "cancelled"),
        {"event": "outside", "log_level": "info"},
    ]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="only eager lanes run several functions")
def test_binding_leaves_no_trace_so_functions_share_an_asyncio_task() -> None:
    seen: set[object] = set()

    async def look(_: object) -> None:
        seen.add(asyncio.current_task())

    names = [f"t{number}" for number in range(20)]
    run(
        processor_of(*(task(name, execute=TaskFunction(look)) for name in names)),
        interceptors=[bind_attempt],
    )
    assert len(seen) == 1


# The log of the standard library


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="sdax.run")
    return caplog


def told(records: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Levels and messages, without the run's id and the seconds."""
    lines: list[tuple[str, str]] = []
    for record in records.records:
        message = record.getMessage().replace(getattr(record, "sdax_run"), "ID")  # noqa: B009
        words = [
            "N" if word.replace(".", "").isdigit() and "." in word else word
            for word in message.split(" ")
        ]
        lines.append((record.levelname, " ".join(words)))
    return lines


def test_a_run_is_logged_from_beginning_to_end(records: pytest.LogCaptureFixture) -> None:
    failures = iter([ConnectionError("refused")])

    async def flaky(_: object) -> None:
        for error in failures:
            raise error

    processor = processor_of(
        task("call", execute=TaskFunction(flaky, retries=1, initial_delay=0)),
        task("off", execute=TaskFunction(nothing), when=lambda _: False),
        observers=[RunLog()],
    )
    run(processor)
    assert sorted(told(records)) == sorted(
        [
            ("DEBUG", "run ID: started"),
            ("DEBUG", "run ID: off is skipped in execute (when)"),
            ("DEBUG", "run ID: call, execute: started"),
            (
                "WARNING",
                "run ID: call, execute: attempt 1 failed: ConnectionError('refused'); again in N s",
            ),
            ("DEBUG", "run ID: call, execute: succeeded after N s"),
            ("INFO", "run ID: succeeded after N s"),
        ]
    )
    warnings: list[Any] = [each for each in records.records if each.levelname == "WARNING"]
    facts = [(each.sdax_task, each.sdax_phase, each.sdax_attempt) for each in warnings]
    assert facts == [("call", "execute", 1)]


def test_a_failure_is_an_error_with_its_traceback_and_what_depends_on_it_a_warning(
    records: pytest.LogCaptureFixture,
) -> None:
    records.set_level(logging.INFO, logger="sdax.run")
    processor = processor_of(
        task("bad", execute=TaskFunction(fail)),
        (task("later", execute=TaskFunction(nothing)), "bad"),
    )
    with pytest.raises(SdaxExecutionError):
        run(processor, observers=[RunLog()])
    (bad, skipped, whole) = records.records
    assert bad.levelname == whole.levelname == "ERROR"
    assert bad.exc_info is not None
    assert bad.exc_info[0] is ConnectionError
    assert "in attempt 1: ConnectionError('refused')" in bad.getMessage()
    assert skipped.levelname == "WARNING"
    assert skipped.getMessage().endswith("later is skipped in execute (failure)")
    assert whole.exc_info is None


def test_a_deadline_and_a_timeout_are_told_apart(records: pytest.LogCaptureFixture) -> None:
    records.set_level(logging.WARNING, logger="sdax.run")
    late = processor_of(task("late", execute=TaskFunction(hang)), observers=[RunLog()])
    with pytest.raises(TimeoutError):
        run(late, timeout=0.001)
    slow = processor_of(task("slow", execute=TaskFunction(hang, timeout=0.001)))
    with pytest.raises(SdaxExecutionError):
        run(slow, observers=[RunLog()])
    levels = [(level, message.split(":")[0]) for level, message in told(records)]
    assert levels[0][0] == "WARNING"
    assert "deadline" in told(records)[0][1]
    assert [level for level, _ in levels[1:]] == ["ERROR", "ERROR"]


def test_another_logger_and_other_names(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="mine")

    def first_word(path: tuple[Hashable, ...]) -> str:
        return str(path[-1]).split()[0]

    observer = RunLog(logging.getLogger("mine"), task_name=first_word)
    run(processor_of(task("user 17", execute=TaskFunction(nothing))), observers=[observer])
    assert {record.name for record in caplog.records} == {"mine"}
    assert "17" not in " ".join(message for _, message in told(caplog)).replace("user, ", "")


UNCONFIGURED = """
import asyncio
from sdax_contrib.logging import RunLog
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction
async def fail(_): raise OSError
builder = AsyncDagTaskProcessor.builder()
processor = builder.add_task(AsyncTask("bad", execute=TaskFunction(fail))).build(observers=[RunLog()])
try:
    asyncio.run(processor.process_tasks(None))
except SdaxExecutionError:
    print("failed")
"""


def test_a_program_that_configures_no_logging_is_told_nothing() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", UNCONFIGURED], capture_output=True, text=True, timeout=60, check=True
    )
    assert (finished.stdout, finished.stderr) == ("failed\n", "")


def test_bad_input_is_refused() -> None:
    wrong: Any = "sdax"
    with pytest.raises(TypeError, match=r"logger must be a logging\.Logger; got 'sdax'"):
        RunLog(wrong)
    with pytest.raises(TypeError, match="task_name must be a function that names a path of keys"):
        RunLog(task_name=wrong)

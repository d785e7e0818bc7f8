"""Live progress, on real consoles of rich."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Hashable
from typing import Any

import pytest
from rich.console import Console
from rich.errors import LiveError
from rich.live import Live
from sdax_contrib.rich import LiveProgress
from sdax_core import AsyncDagTaskProcessor, AsyncTask, SdaxExecutionError, TaskFunction
from sdax_helpers import subgraph, task

SELDOM = 0.001  # times a second: rich's thread draws nothing of its own accord during a test


def terminal(**settings: Any) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    options: dict[str, Any] = {
        "force_terminal": True,
        "width": 100,
        "height": 20,
        "color_system": None,
    }
    return Console(file=file, **{**options, **settings}), file


def processor_of(
    *tasks: AsyncTask[Any, Any] | tuple[Any, ...], **options: Any
) -> AsyncDagTaskProcessor[Any, Any]:
    builder = AsyncDagTaskProcessor[Any].builder()
    for each in tasks:
        one, *before = each if isinstance(each, tuple) else (each,)
        builder.add_task(one, depends_on=tuple(before))
    return builder.build(execute_order="dependencies", **options)


def run(processor: AsyncDagTaskProcessor[Any, Any], **settings: Any) -> BaseException | None:
    async def main() -> BaseException | None:
        try:
            await asyncio.wait_for(processor.process_tasks(None, **settings), 30)
        except (SdaxExecutionError, TimeoutError) as error:
            return error
        return None

    return asyncio.run(main())


def drawn(progress: LiveProgress, **settings: Any) -> list[str]:
    """What a terminal would show at this moment, line by line; the seconds are left out."""
    console, file = terminal(force_terminal=False, **settings)
    console.print(progress)
    lines = file.getvalue().splitlines()
    return [" ".join(word for word in line.split() if not is_seconds(word)) for line in lines]


def is_seconds(word: str) -> bool:
    return word == "s" or (word.replace(".", "").isdigit() and "." in word)


async def nothing(_: object) -> None:
    pass


async def fail(_: object) -> None:
    raise ConnectionError("refused [red]")


async def hang(_: object) -> None:
    await asyncio.Event().wait()


NOTHING, FAIL = TaskFunction(nothing), TaskFunction(fail)


def test_there_is_a_row_for_each_task_with_its_phase_and_attempt() -> None:
    console, _ = terminal()
    progress = LiveProgress(console, refresh_per_second=SELDOM)
    failures = iter([ConnectionError("refused")])
    shown: list[list[str]] = []

    async def flaky(_: object) -> None:
        shown.append(drawn(progress))
        for error in failures:
            raise error

    processor = processor_of(
        task("db", pre_execute=NOTHING),
        (task("call", execute=TaskFunction(flaky, retries=1, initial_delay=0)), "db"),
    )
    assert run(processor, observers=[progress]) is None
    first, second = (
        [line.encode("ascii", "ignore").decode().strip() for line in lines] for lines in shown
    )
    assert first == ["db pre_execute", "call execute", "1 running, 1 done;"]
    assert second == ["db pre_execute", "call execute attempt 2", "1 running, 1 done;"]


def test_a_summary_stays_with_what_failed() -> None:
    console, file = terminal()
    processor = processor_of(
        task("good", execute=NOTHING),
        task("bad", execute=FAIL),
        (task("later", execute=NOTHING), "bad"),
    )
    progress = LiveProgress(console, refresh_per_second=SELDOM)
    assert run(processor, observers=[progress]) is not None
    assert drawn(progress) == [
        "✗ bad execute ConnectionError('refused [red]')",
        "✗ failed: 1 done, 1 failed, 1 skipped;",
    ]
    assert "✗ failed: 1 done, 1 failed, 1 skipped;" in file.getvalue()
    assert file.getvalue().endswith("\x1b[?25h")  # the cursor is back


def test_a_task_that_failed_stays_so_whatever_its_cleanup_does() -> None:
    console, _ = terminal()
    progress = LiveProgress(console, refresh_per_second=SELDOM)
    run(processor_of(task("db", pre_execute=FAIL, post_execute=NOTHING)), observers=[progress])
    assert drawn(progress) == [
        "✗ db post_execute ConnectionError('refused [red]')",
        "✗ failed: 1 failed;",
    ]


def test_a_retry_is_waited_for_and_then_runs() -> None:
    console, _ = terminal()
    progress = LiveProgress(console, refresh_per_second=SELDOM)
    shown: list[str] = []

    class Clock:
        def time(self) -> float:
            return 0.0

        async def sleep(self, seconds: float, /) -> None:
            shown.extend(drawn(progress))

    flaky = processor_of(task("call", execute=TaskFunction(fail, retries=1, initial_delay=0)))
    run(flaky, observers=[progress], clock=Clock())
    assert shown == ["… call execute ConnectionError('refused [red]'); again in", "1 waiting;"]


@pytest.mark.parametrize(("limit", "sign"), [(0.001, "✗"), (None, "■")])
def test_timeouts_fail_and_deadlines_cancel(limit: float | None, sign: str) -> None:
    console, _ = terminal()
    progress = LiveProgress(console, refresh_per_second=SELDOM)
    processor = processor_of(task("slow", execute=TaskFunction(hang, timeout=limit)))
    deadline = None if limit else 0.001
    assert run(processor, observers=[progress], timeout=deadline) is not None
    row, summary = drawn(progress)
    assert row.startswith(f"{sign} slow execute")
    assert summary.startswith(f"{sign} {'failed' if limit else 'cancelled'}: 1 ")


def test_a_display_that_cannot_begin_is_tried_again_with_the_next_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    console, file = terminal()
    progress = LiveProgress(console, refresh_per_second=SELDOM)
    processor = processor_of(task("work", execute=TaskFunction(nothing)), observers=[progress])

    def fail_to_start(*_: object) -> None:
        raise LiveError("another one is shown")

    with monkeypatch.context() as patched:
        patched.setattr(Live, "start", fail_to_start)
        assert run(processor) is None
    assert "another one is shown" in caplog.text
    assert run(processor) is None
    assert file.getvalue().count("succeeded: 1 done") == 1


def test_where_there_is_no_terminal_nothing_is_shown() -> None:
    file = io.StringIO()
    progress = LiveProgress(Console(file=file), refresh_per_second=1000)
    assert run(processor_of(task("a", execute=NOTHING)), observers=[progress]) is None
    assert run(processor_of(task("a", execute=FAIL)), observers=[progress]) is not None
    assert file.getvalue() == ""


def test_by_default_it_is_the_standard_error_which_is_no_terminal_here(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(processor_of(task("a", execute=FAIL)), observers=[LiveProgress()])
    assert capsys.readouterr() == ("", "")


def test_events_draw_nothing() -> None:
    console, file = terminal()
    tasks = [task(f"t{number}", execute=NOTHING, post_execute=NOTHING) for number in range(200)]
    run(processor_of(*tasks), observers=[LiveProgress(console, refresh_per_second=SELDOM)])
    # Once when it begins, and once when it has ended.
    assert file.getvalue().count(" tasks;") + file.getvalue().count(" done;") <= 2


def test_richs_own_thread_draws_while_the_run_goes_on() -> None:
    console, file = terminal()
    progress = LiveProgress(console, refresh_per_second=200)

    def wait_until_drawn() -> None:
        while "slow" not in file.getvalue():
            time.sleep(0.001)

    async def slow(_: object) -> None:
        await asyncio.to_thread(wait_until_drawn)

    run(processor_of(task("slow", execute=TaskFunction(slow))), observers=[progress])
    assert "1 running;" in file.getvalue()


def test_more_tasks_than_lines_leave_room_for_what_runs_and_what_failed() -> None:
    console, _ = terminal(height=8)
    progress = LiveProgress(console, refresh_per_second=SELDOM)
    shown: list[str] = []

    async def look(_: object) -> None:
        shown.extend(drawn(progress))

    names = [f"t{number}" for number in range(50)]
    processor = processor_of(
        task("weak", execute=FAIL, optional=True),
        *(task(name, execute=NOTHING) for name in names),
        (task("last", execute=TaskFunction(look)), *names),
    )
    run(processor, observers=[progress])
    # The lines of the terminal, without room for the summary and the prompt.
    assert [line.split()[1] for line in shown[:-1]] == ["weak", "t47", "t48", "t49", "last"]
    assert shown[-1] == "1 running, 50 done, 1 failed;"


def test_a_terminal_without_unicode_gets_plain_signs() -> None:
    class Ascii(io.StringIO):
        encoding = "ascii"

    file = Ascii()
    console = Console(file=file, force_terminal=True, width=100, height=20, color_system=None)
    run(
        processor_of(task("a", execute=FAIL)),
        observers=[LiveProgress(console, refresh_per_second=SELDOM)],
    )
    assert file.getvalue().isascii()
    assert "x failed: 1 failed;" in file.getvalue()


def test_runs_that_overlap_are_shown_together_and_nested_ones_as_a_part() -> None:
    console, file = terminal()
    both = asyncio.Barrier(2)

    async def meet(_: object) -> None:
        await both.wait()

    inner = processor_of(task("charge", execute=TaskFunction(meet)))
    progress = LiveProgress(console, refresh_per_second=SELDOM)
    processor = processor_of(subgraph("payments", inner), observers=[progress])

    async def main() -> None:
        await asyncio.gather(*(processor.process_tasks(None) for _ in range(2)))

    asyncio.run(main())
    assert drawn(progress) == ["✓ succeeded: 4 done;"]
    assert file.getvalue().count("succeeded") == 1
    run(processor_of(task("a", execute=NOTHING)), observers=[progress])
    assert drawn(progress) == ["✓ succeeded: 1 done;"]


def test_rows_are_named_as_one_likes() -> None:
    console, _ = terminal()

    def shout(path: tuple[Hashable, ...]) -> str:
        return "/".join(map(str, path)).upper()

    progress = LiveProgress(console, refresh_per_second=SELDOM, task_name=shout)
    run(processor_of(task("a", execute=FAIL)), observers=[progress])
    assert drawn(progress)[0].startswith("✗ A execute")


def test_a_long_note_takes_no_room_from_the_rest() -> None:
    console, _ = terminal()

    async def complain(_: object) -> None:
        raise ValueError("a long\n story " * 40)

    progress = LiveProgress(console, refresh_per_second=SELDOM)
    run(processor_of(task("the task " * 3, execute=TaskFunction(complain))), observers=[progress])
    row, _ = drawn(progress)
    assert row.startswith("✗ the task the task the task execute ValueError('a long")
    assert row.endswith("…")


def anything(value: object) -> Any:
    return value


BAD_INPUT: list[tuple[Callable[[], object], type[Exception], str]] = [
    (
        lambda: LiveProgress(anything(3)),
        TypeError,
        r"console must be a rich\.console\.Console; got 3",
    ),
    (lambda: LiveProgress(refresh_per_second=0), ValueError, "refresh_per_second must be"),
    (lambda: LiveProgress(task_name=anything("a")), TypeError, "task_name must be a function"),
]


@pytest.mark.parametrize(("wrong", "kind", "message"), BAD_INPUT)
def test_bad_input_is_refused(
    wrong: Callable[[], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        wrong()

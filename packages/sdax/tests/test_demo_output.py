"""How the demo shows a run: the chart, the error, and what the terminal allows."""

import io
import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, TextIO, cast

import pytest
from sdax._demo.chart import Chart
from sdax._demo.claims import Claims
from sdax._demo.error_report import error_report
from sdax._demo.graph_table import graph_table
from sdax._demo.order_endpoint import place_order
from sdax._demo.terminal import Terminal
from sdax._demo.timeline import Timeline
from sdax._demo.wording import counted


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("WT_SESSION", "a terminal on Windows that knows colours")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def timeline_of(*attempts: tuple[str, str, float, float, str]) -> Timeline:
    """A timeline from task, phase, start and end in milliseconds, and outcome."""
    timeline = Timeline()
    for task, phase, start, end, outcome in attempts:

        def function() -> None: ...

        function.__name__ = f"do_{task}"
        call = SimpleNamespace(task=task, phase=phase, function=SimpleNamespace(function=function))
        attempt = SimpleNamespace(
            call=call, started_at=start / 1000, ended_at=end / 1000, outcome=outcome
        )
        timeline.attempt_started(cast("Any", attempt))
    return timeline


def drawn(
    timeline: Timeline, skipped: Sequence[str] = (), stream: TextIO | None = None
) -> list[str]:
    return list(Chart(timeline, skipped, Terminal(stream or io.StringIO())).lines())


FAILED_TWICE = timeline_of(
    ("price", "execute", 0, 25, "failed"), ("price", "execute", 75, 100, "failed")
)


def test_a_bar_shows_when_a_function_ran_and_for_how_long() -> None:
    lines = drawn(
        timeline_of(
            ("first", "pre_execute", 0, 50, "succeeded"),
            ("second", "execute", 50, 100, "succeeded"),
            ("third", "post_execute", 99.9, 100, "succeeded"),
        )
    )
    assert lines == [
        "                                   start   took  0             100 ms",
        "  pre_execute",
        "    first        do_first            0.0   50.0  ██████████            ok",
        "  execute",
        "    second       do_second          50.0   50.0            ██████████  ok",
        "  post_execute",
        "    third        do_third           99.9    0.1                     █  ok",
    ]


def test_attempts_of_one_function_share_a_line_with_the_pauses_between_them() -> None:
    lines = drawn(
        timeline_of(
            ("price", "execute", 0, 20, "failed"),
            ("price", "execute", 40, 60, "failed"),
            ("price", "execute", 80, 100, "failed"),
        )
    )
    assert (
        lines[3]
        == "    price        do_price            0.0  100.0  ████░░░░████░░░░████  failed x3"
    )


def test_a_task_that_was_skipped_has_a_line_without_a_bar() -> None:
    lines = drawn(FAILED_TWICE, skipped=["order"])
    assert lines[4] == "    order" + " " * 62 + "skipped"


def test_a_stream_that_knows_only_ascii_gets_only_ascii() -> None:
    lines = drawn(FAILED_TWICE, stream=io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert lines[3].endswith("#####..........#####  failed x2")


@pytest.mark.parametrize(
    ("outcome", "codes"), [("succeeded", 0), ("failed", 2), ("cancelled", 2), ("skipped", 1)]
)
def test_a_terminal_gets_colours_where_something_went_wrong_and_other_streams_do_not(
    outcome: str, codes: int
) -> None:
    timeline = timeline_of(("price", "execute", 0, 25, outcome.replace("skipped", "succeeded")))
    skipped = ["order"] if outcome == "skipped" else []
    coloured = drawn(timeline, skipped, Screen())[3:-1]
    plain = drawn(timeline, skipped)[3:-1]
    found = re.findall(r"\033\[\d+m(.*?)\033\[0m", "".join(coloured))
    assert len(found) == codes
    assert re.sub(r"\033\[\d+m", "", "".join(coloured)) == "".join(plain)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_no_colours_gets_none(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert drawn(FAILED_TWICE, stream=Screen()) == drawn(FAILED_TWICE)


@pytest.mark.parametrize(("columns", "width"), [("30", 72), ("80", 80), ("100", 100), ("300", 100)])
def test_the_width_is_that_of_the_terminal_within_reason(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert Terminal(io.StringIO()).width == width


def test_progress_is_shown_to_people_only() -> None:
    screen, stream = Screen(), io.StringIO()
    Terminal(screen).write_progress("1 of 2")
    Terminal(stream).write_progress("1 of 2")
    assert (screen.getvalue().strip(), stream.getvalue()) == ("1 of 2", "")


def test_a_claim_is_marked_and_counted_by_whether_it_holds() -> None:
    stream = io.StringIO()
    claims = Claims(Terminal(stream))
    claims.check("all is well", found=1, expected=1)
    claims.check("all is lost", found=2, expected=1)
    assert (claims.checked, claims.broken) == (2, 1)
    assert stream.getvalue().splitlines() == [
        "  ✓ all is well",
        "  ✗ all is lost",
        "      expected 1",
        "      found    2",
    ]


def test_an_error_is_shown_with_its_group_and_notes_but_without_the_frames_of_libraries() -> None:
    error = ValueError("too little")
    error.add_note("found in the cellar")
    try:
        raise ExceptionGroup("a few", [error])
    except ExceptionGroup as group:
        lines = list(error_report(group, 80))
    assert lines == [
        "  | ExceptionGroup: a few (1 sub-exception)",
        "  +-+---------------- 1 ----------------",
        "    | ValueError: too little",
        "    | found in the cellar",
        "    +------------------------------------",
    ]


def test_a_long_line_of_an_error_is_folded_within_its_margin() -> None:
    lines = list(error_report(ExceptionGroup("g", [ValueError("word " * 20)]), 60))
    assert [line.rstrip() for line in lines[2:4]] == [
        "    | ValueError: word word word word word word word word",
        "    |     word word word word word word word word word word",
    ]


def test_the_graph_is_a_table_with_the_names_under_which_functions_were_defined() -> None:
    lines = list(graph_table(place_order, Terminal(io.StringIO())))
    assert len(lines) == 1 + 11
    assert lines[1].split() == ["slot", "enter", "leave"]
    assert lines[11].split(maxsplit=2) == ["order", "write_order", "price, reserve"]


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 lamps"), (1, "1 lamp"), (2, "2 lamps"), (1000, "1,000 lamps")]
)
def test_numbers_agree_with_their_nouns(number: int, words: str) -> None:
    assert counted(number, "lamp") == words

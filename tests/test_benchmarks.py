"""The benchmarks still run, and every contestant does the work of every case. No time is measured."""

import asyncio
import json

import pytest

from benchmarks import by_hand, compare, measure, report, scale_jobs, worker
from benchmarks.cases import Case, Size, all_cases, one_phase
from benchmarks.contestants import AT_HOME, BY_HAND, BY_NAME, PEERS, Entry
from benchmarks.functions import returns_at_once, suspends_once
from benchmarks.work import Build, CannotDo, Run, Work, WrongWork

TINY = Size(tasks=20, levels=4, width=3, built=30, at_once=(2, 3, 4, 5))
CASES = all_cases(TINY)
MUST_DO_ALL = ("sdax", BY_HAND)
# anyio is installed for other tests; the other peers are checked where they are measured.
HERE = (*AT_HOME, BY_NAME["anyio"])


@pytest.mark.parametrize("entry", HERE, ids=lambda entry: entry.name)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_contestant_does_exactly_the_work_of_a_case(case: Case, entry: Entry) -> None:
    try:
        asyncio.run(worker.check(entry.load(), case))
    except CannotDo:
        assert entry.name not in MUST_DO_ALL


def test_names_of_cases_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))


class Lazy:
    """A contestant that leaves out a task."""

    def prepare_run(self, work: Work) -> Run:
        (width,) = work.levels
        assert work.pre_execute is not None
        return by_hand.prepare_run(one_phase(work.pre_execute, width - 1))

    def prepare_build(self, work: Work) -> Build:
        raise NotImplementedError


def test_a_contestant_that_leaves_out_work_is_found_out() -> None:
    case = Case(name="", work=one_phase(suspends_once, 5))
    with pytest.raises(WrongWork, match="did 4 of 5 calls"):
        asyncio.run(worker.check(Lazy(), case))


def test_what_a_peer_requires_is_pinned() -> None:
    assert all("==" in needed for peer in PEERS for needed in peer.requirements)


def test_ratios_are_of_the_best_and_the_median_of_the_rounds() -> None:
    found = measure.ratio([1.0, 4.0, 2.0], [2.0, 2.0, 4.0])
    assert (found.best, found.median) == (0.5, 0.5)


def test_every_contestant_has_its_turn_in_every_round() -> None:
    turns: list[str] = []

    def run_of(name: str) -> Run:
        async def run() -> None:
            turns.append(name)

        return run

    runs = {name: run_of(name) for name in (BY_HAND, "sdax")}
    asyncio.run(measure.alternate(runs, repeat=2, budget=0.0))
    assert turns == [BY_HAND, BY_HAND, "sdax", "sdax"]


@pytest.mark.parametrize(
    ("before", "now", "lines"),
    [
        pytest.param((0.50, 0.52), (0.57, 0.59), [], id="less than 15 %"),
        pytest.param((0.50, 0.52), (0.50, 0.90), [], id="one of the figures only"),
        pytest.param((0.50, 0.52), (0.60, 0.61), ["worse: case: 0.5 0.52 -> 0.6 0.61"], id="worse"),
        pytest.param(
            (0.50, 0.52), (0.40, 0.41), ["better: case: 0.5 0.52 -> 0.4 0.41"], id="better"
        ),
    ],
)
def test_what_moved_by_more_than_15_percent_is_listed(
    before: tuple[float, ...], now: tuple[float, ...], lines: list[str]
) -> None:
    assert list(compare.moves({"case": before, "gone": (1.0,)}, {"case": now})) == lines


def test_the_baseline_knows_the_cases_that_there_are() -> None:
    known = {case.name for case in all_cases()}
    short = {case.name for case in all_cases() if not case.full_only}
    for figures in json.loads(compare.BASELINE.read_text("utf-8")).values():
        assert short <= {name for name in figures if not name.startswith("scale, ")} <= known


def test_the_table_shows_ratios_and_why_there_are_none() -> None:
    ratio = {"best": 0.5, "median": 0.625, "microseconds": 1234.5}
    row = {BY_HAND: ratio | {"best": 1.0}, "sdax": ratio, "aiodag": "has no phases"}
    shown = report.table(report.environment("asyncio") | {"cases": {"a case": row}})
    *_, line, _, reason = shown.splitlines()
    assert line == "| a case |     1,234.5 | 0.50 0.62 |  - (1) |"
    assert reason == "1. has no phases"
    assert "CPython" in shown
    assert "loop asyncio" in shown


@pytest.mark.parametrize("shape", scale_jobs.SHAPES)
def test_every_shape_of_a_large_graph_is_built_and_run(shape: str) -> None:
    work = scale_jobs.SHAPES[shape](40)
    assert work.size == 40
    asyncio.run(worker.check(BY_NAME["sdax"].load(), Case(name=shape, work=work)))


def test_bytes_in_flight_are_counted_for_sdax_and_by_hand() -> None:
    found = scale_jobs.in_flight(one_phase(returns_at_once, 100))
    assert all(count > 0 for count in found.values())

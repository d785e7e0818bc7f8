"""The simulations of the page on resilience show what the page says, and are drawn as it shows."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.simulations import outage, overload
from benchmarks.simulations.line_chart import Line, LineChart, round_steps

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "explanation"
PICTURES = (
    "outage-load.svg",
    "outage-success.svg",
    "overload-goodput.svg",
    "overload-limit.svg",
)


def test_after_an_outage_a_limit_and_a_breaker_recover_at_once_and_plain_retries_never() -> None:
    good = outage.simulated("breaker and limit")
    assert good.recovery is not None
    assert good.recovery < 5
    bad = outage.simulated("plain retries")
    assert bad.recovery is None
    assert bad.highest_load > 4 > 2 > good.highest_load


def test_with_half_of_the_machines_the_adaptive_limit_does_most() -> None:
    begin, end = overload.HALVED
    adaptive, fixed = (
        overload.simulated(name).goodput(begin + 5, end) for name in ("adaptive", "fixed, 20")
    )
    assert 200 > adaptive > 1.1 * fixed


@pytest.mark.parametrize("name", PICTURES)
def test_the_page_shows_the_picture_and_it_is_well_formed(name: str) -> None:
    assert f"]({name})" in (FOLDER / "resilience.md").read_text("utf-8")
    picture = ElementTree.parse(FOLDER / name).getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(picture.findall("{*}polyline")) >= 3


def test_a_line_goes_from_corner_to_corner() -> None:
    chart = LineChart("A < B", "s", "n", [Line("one", [(0, 0), (10, 100)])], span=(2, 4, "here"))
    svg = chart.svg()
    assert "A &lt; B" in svg
    [line] = re.findall(r'points="([^"]*)"', svg)
    (left, bottom), (right, top) = (map(float, point.split(",")) for point in line.split())
    assert left < right
    assert bottom > top


@pytest.mark.parametrize(
    ("top", "steps"),
    [
        (1.05, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (75, [0, 20, 40, 60]),
        (105, [0, 20, 40, 60, 80, 100]),
        (920, [0, 200, 400, 600, 800]),
    ],
)
def test_axes_have_few_round_numbers(top: float, steps: list[float]) -> None:
    assert round_steps(top) == pytest.approx(steps)

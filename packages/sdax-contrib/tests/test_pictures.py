"""Pictures: what is drawn, that it is legible, and that no label can break it."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sdax_contrib.pictures import Direction, Drawable, Picture, to_dot, to_mermaid, to_svg
from sdax_core import AsyncDagTaskProcessor, after
from sdax_helpers import join, task, task_func

SVG = "{http://www.w3.org/2000/svg}"
DIRECTIONS: tuple[Direction, ...] = ("right", "down")


async def work(_: object) -> None:
    pass


WORK = task_func(work)


def shop() -> AsyncDagTaskProcessor[object, Any]:
    return (
        AsyncDagTaskProcessor[object]
        .builder()
        .add_task(task("database", pre_execute=WORK, post_execute=WORK))
        .add_task(task("cache", pre_execute=WORK, optional=True))
        .add_task(join("resources"), depends_on=("database", after("cache")))
        .add_task(task("wrap", execute=WORK, when=lambda _: True), depends_on=("resources",))
        .add_task(task("charge", execute=WORK), depends_on=("resources", "wrap"))
        .build()
    )


def graph(edges: list[list[int]]) -> AsyncDagTaskProcessor[object, Any]:
    """Task n waits for the tasks in `edges[n]`, each below n."""
    builder = AsyncDagTaskProcessor[object].builder()
    for number, before in enumerate(edges):
        builder.add_task(
            task(f"task {number}", execute=WORK),
            depends_on=tuple(f"task {other}" for other in before),
        )
    return builder.build()


def with_task(name: Any) -> AsyncDagTaskProcessor[object, Any]:
    return AsyncDagTaskProcessor[object, Any].builder().add_task(task(name, execute=WORK)).build()


class Drawn:
    """What is found in an SVG text: boxes, curves, arrowheads."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)
        self.tasks = [
            group
            for group in self.root.findall(f"{SVG}g")
            if group.get("class", "").split()[0] in ("task", "join")
        ]
        self.boxes = [box_of(group) for group in self.tasks]
        self.curves = [curve for d in self.paths("line") for curve in curves(d)]
        self.heads = [points(d)[0] for path in self.paths("head") for d in path.split("z") if d]

    def paths(self, kind: str) -> list[str]:
        return [
            path.get("d", "")
            for path in self.root.findall(f"{SVG}path")
            if kind in path.get("class", "").split()
        ]

    def labels(self) -> list[str | None]:
        return [group.findtext(f"{SVG}text") for group in self.tasks]

    def tooltips(self) -> list[str | None]:
        return [group.findtext(f"{SVG}title") for group in self.tasks]


Box = tuple[float, float, float, float]
Point = tuple[float, float]


def box_of(group: ElementTree.Element) -> Box:
    rect = group.find(f"{SVG}rect")
    assert rect is not None
    x, y, width, height = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def points(d: str) -> list[Point]:
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", d)]
    return list(zip(numbers[::2], numbers[1::2], strict=False))


def curves(d: str) -> list[list[Point]]:
    """Points along each curve of a path, close enough to tell what it passes; bends are among them."""
    return [along(curve) for curve in d.split("M") if curve]


def along(curve: str) -> list[Point]:
    found: list[Point] = []
    for command, numbers in re.findall(r"([MLC])([^MLC]*)", f"M{curve}"):
        given = points(numbers)
        if command == "C":
            given = [bezier([found[-1], *given], step / 20) for step in range(1, 21)]
        found += given
    return found


def bezier(controls: list[Point], t: float) -> Point:
    weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
    x, y = (
        sum(weight * point[axis] for weight, point in zip(weights, controls, strict=True))
        for axis in (0, 1)
    )
    return x, y


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def overlapping(boxes: list[Box]) -> list[tuple[Box, Box]]:
    found: list[tuple[Box, Box]] = []
    active: list[Box] = []
    for box in sorted(boxes):
        active = [other for other in active if other[2] > box[0]]
        found += [(other, box) for other in active if overlap(other, box)]
        active.append(box)
    return found


def through_a_box(drawn: Drawn) -> list[Point]:
    """Points of edges that are well inside a box."""
    return [
        point
        for curve in drawn.curves
        for point in curve
        for left, top, right, bottom in drawn.boxes
        if left + 1 < point[0] < right - 1 and top + 1 < point[1] < bottom - 1
    ]


GRAPHS = st.integers(0, 22).flatmap(
    lambda size: st.tuples(
        *(
            st.lists(st.integers(0, number - 1), max_size=3, unique=True)
            if number
            else st.just(list[int]())
            for number in range(size)
        )
    ).map(list)
)


@settings(max_examples=40, deadline=None)
@given(GRAPHS, st.sampled_from(DIRECTIONS))
def test_boxes_do_not_overlap_edges_pass_no_box_and_lead_forward(
    edges: list[list[int]], direction: Direction
) -> None:
    drawn = Drawn(to_svg(graph(edges), direction=direction))
    assert len(drawn.boxes) == len(edges)
    assert overlapping(drawn.boxes) == []
    assert through_a_box(drawn) == []
    along = 0 if direction == "right" else 1
    assert all(curve[0][along] < curve[-1][along] for curve in drawn.curves)
    for number, before in enumerate(edges):
        for other in before:
            assert drawn.boxes[other][along + 2] < drawn.boxes[number][along]


@settings(max_examples=20, deadline=None)
@given(GRAPHS)
def test_every_task_that_waits_has_an_arrowhead_at_its_box(edges: list[list[int]]) -> None:
    drawn = Drawn(to_svg(graph(edges)))
    pointed_at = {
        number
        for number, (left, top, _, bottom) in enumerate(drawn.boxes)
        if any(abs(x - left) < 0.2 and top < y < bottom for x, y in drawn.heads)
    }
    assert pointed_at == {number for number, before in enumerate(edges) if before}


def test_everything_is_within_the_picture() -> None:
    for direction in DIRECTIONS:
        drawn = Drawn(to_svg(shop(), direction=direction))
        width, height = float(drawn.root.get("width", "")), float(drawn.root.get("height", ""))
        inside = [p for box in drawn.boxes for p in (box[:2], box[2:])]
        inside += [point for curve in drawn.curves for point in curve]
        assert all(0 < x < width and 0 < y < height for x, y in inside)


def test_a_chain_is_a_straight_line_and_so_is_a_long_edge_where_there_is_room() -> None:
    drawn = Drawn(to_svg(graph([[], [0], [1], [2], [3, 0]])))
    middles = {(box[1] + box[3]) / 2 for box in drawn.boxes[1:4]}
    assert len(middles) == 1
    bends = {curve[0] for curve in drawn.curves} - {
        (right, (top + bottom) / 2) for _, top, right, bottom in drawn.boxes
    }
    assert len(bends) == 3
    assert len({y for _, y in bends}) == 1


def test_layers_that_can_be_drawn_without_crossings_are() -> None:
    # Two combs, added so that their teeth alternate.
    drawn = Drawn(to_svg(graph([[], [], *([[number % 2] for number in range(12)])])))
    of_first, of_second = (
        [drawn.boxes[number][1] for number in range(2 + parity, 14, 2)] for parity in (0, 1)
    )
    assert max(of_first) < min(of_second) or max(of_second) < min(of_first)


def test_edges_of_a_task_go_together_until_their_ways_part() -> None:
    # Ten tasks at the end of a chain of four all wait for the first task, too.
    chain = [[], [0], [1], [2]]
    drawn = Drawn(to_svg(graph([*chain, *([[3, 0]] * 10)])))
    assert len(drawn.curves) == len(chain[1:]) + 10 + len(chain[1:]) + 10


def test_hundreds_of_tasks_are_drawn_without_overlaps() -> None:
    edges = [[n - 1 - n * 7919 % min(n, 30), n // 2] if n else [] for n in range(250)]
    drawn = Drawn(to_svg(graph(edges)))
    assert len(drawn.boxes) == 250
    assert overlapping(drawn.boxes) == []


def test_the_same_graph_gives_the_same_picture() -> None:
    assert to_svg(shop()) == to_svg(shop())


def test_an_empty_graph_is_an_empty_picture() -> None:
    empty = AsyncDagTaskProcessor[object].builder().build()
    assert Drawn(to_svg(empty)).boxes == []
    assert to_mermaid(empty) == "flowchart LR\n"
    assert "->" not in to_dot(empty)


def test_kinds_of_tasks_and_edges_look_different_and_the_legend_says_so() -> None:
    drawn = Drawn(to_svg(shop()))
    kinds = [group.get("class") for group in drawn.tasks]
    assert kinds == ["task", "task optional", "join", "task", "task"]
    asks = [group.find(f"{SVG}circle") is not None for group in drawn.tasks]
    assert asks == [False, False, False, True, False]
    assert [len(curves(d)) for d in drawn.paths("dashed")] == [1]
    legend = next(g for g in drawn.root.findall(f"{SVG}g") if g.get("class") == "legend")
    texts = [text.text for text in legend.iter(f"{SVG}text") if text.text != "?"]
    phases = "pre_execute, execute, post_execute"
    assert texts == [phases, "join", "optional", "when", "only after"]


def test_the_legend_is_silent_about_what_is_not_in_the_picture() -> None:
    svg = to_svg(graph([[], [0]]))
    assert [word for word in ("join", "optional", "when", "only after") if f">{word}<" in svg] == []


def test_bars_show_which_phases_a_task_takes_part_in() -> None:
    bars = [
        [bar.get("class") for bar in group.findall(f"{SVG}rect")[1:]]
        for group in Drawn(to_svg(shop())).tasks
    ]
    assert bars[0] == ["has", "lacks", "has"]
    assert bars[2] == []
    assert bars[4] == ["lacks", "has", "lacks"]


def test_a_tooltip_tells_all_of_a_task() -> None:
    assert Drawn(to_svg(shop())).tooltips() == [
        "database: pre_execute, post_execute",
        "cache: pre_execute; optional",
        "resources: join",
        "wrap: execute; when",
        "charge: execute",
    ]


ODD = [
    '<b>&"x"</b>',
    "]]>",
    "a\nb",
    "\x00\x1b",
    "\ud800",
    "\u202eabc",
    "ü 中文 🙂",
    "' -- '",
    "&lt;",
]


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_no_name_can_break_a_picture(name: str) -> None:
    shown = (
        name.replace("\n", "\\n")
        .replace("\x00\x1b", "\\x00\\x1b")
        .replace("\ud800", "\\ud800")
        .replace("\u202e", "\\u202e")
    )
    processor = with_task(name)
    assert Drawn(to_svg(processor)).labels() == [shown]
    assert to_svg(processor).encode("utf-8")
    (line,) = [line for line in to_mermaid(processor).splitlines() if " n0" in line]
    content = line.removeprefix('  n0["').removesuffix('"]')
    assert re.sub(r"#(\d+);", lambda found: chr(int(found[1])), content) == shown
    assert not set(content) & set('"<>&`\\')
    (line,) = [line for line in to_dot(processor).splitlines() if " n0 " in line]
    escaped = shown.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    assert f'label="{escaped}"' in line


@pytest.mark.parametrize(
    ("key", "label"), [("plain", "plain"), (7, "7"), (("a", 1), "('a', 1)"), (None, "None")]
)
def test_a_key_that_is_no_string_is_shown_as_python_writes_it(key: Any, label: str) -> None:
    assert Drawn(to_svg(with_task(key))).labels() == [label]


def test_a_long_name_is_shortened_in_the_middle_and_whole_in_the_tooltip() -> None:
    name = "load " + "very " * 30 + "much"
    drawn = Drawn(to_svg(with_task(name)))
    (label,) = drawn.labels()
    assert label is not None
    assert len(label) == 36
    assert label.startswith("load very")
    assert label.endswith("very much")
    assert drawn.tooltips() == [f"{name}: execute"]


def test_the_svg_follows_dark_mode_and_needs_nothing_from_elsewhere() -> None:
    svg = to_svg(shop())
    assert svg.count("@media (prefers-color-scheme: dark)") == 1
    light, dark = svg.split("@media")
    assert re.findall(r"\.sdax [^{]*\{ fill", light.split("<style>")[1])
    assert "#0d1117" in dark
    for foreign in ("<script", "url(", "href", "@import", "var(", "<marker"):
        assert foreign not in svg
    # In a page the styles of a picture must touch nothing else.
    style = svg.partition("<style>")[2].partition("</style>")[0]
    selectors = [
        part.strip()
        for rule in re.findall(r"^(?!@)([^{}\n]+)\{", style, re.MULTILINE)
        for part in rule.split(",")
    ]
    assert selectors
    assert [selector for selector in selectors if not selector.startswith(".sdax ")] == []


def test_mermaid_tells_tasks_and_edges_apart() -> None:
    assert (
        to_mermaid(shop())
        == """\
flowchart LR
  n0["database"]
  n1["cache"]
  n2(["resources"])
  n3{{"wrap"}}
  n4["charge"]
  n0 --> n2
  n1 -.-> n2
  n2 --> n3
  n2 --> n4
  n3 --> n4
  classDef optional stroke-dasharray: 5 4
  class n1 optional
"""
    )


def test_dot_tells_tasks_and_edges_apart() -> None:
    assert (
        to_dot(shop(), direction="down")
        == """\
digraph sdax {
  graph [rankdir=TB, bgcolor="transparent"];
  node [shape=box, style=rounded, fontname="sans-serif"];
  n0 [label="database", tooltip="pre_execute, post_execute"];
  n1 [label="cache", tooltip="pre_execute", style="rounded,dashed"];
  n2 [label="resources", tooltip="join", shape=ellipse, style=""];
  n3 [label="wrap", tooltip="execute", shape=hexagon, style=""];
  n4 [label="charge", tooltip="execute"];
  n0 -> n2;
  n1 -> n2 [style=dashed];
  n2 -> n3;
  n2 -> n4;
  n3 -> n4;
}
"""
    )


DRAW: list[Callable[[Drawable], str]] = [to_svg, to_mermaid, to_dot]


@pytest.mark.parametrize("draw", DRAW)
def test_a_processor_its_analysis_and_its_graph_give_the_same_picture(
    draw: Callable[[Drawable], str],
) -> None:
    processor = shop()
    drawings = {draw(each) for each in (processor, processor.analysis, processor.analysis.graph)}
    assert len(drawings) == 1


def test_a_notebook_shows_a_picture() -> None:
    picture = Picture(shop(), direction="down")
    shown: str = picture._repr_svg_()  # pyright: ignore[reportPrivateUsage] - a notebook calls it
    assert shown == picture.svg == to_svg(shop(), direction="down")
    assert repr(picture) == "Picture(TaskGraph(5 tasks, 5 dependencies), direction='down')"


@pytest.mark.parametrize(
    ("name", "draw"), [("graph.svg", to_svg), ("graph.mmd", to_mermaid), ("graph.dot", to_dot)]
)
def test_a_picture_is_saved_as_the_name_of_the_file_says(
    tmp_path: Path, name: str, draw: Callable[[Drawable], str]
) -> None:
    Picture(shop()).save(tmp_path / name)
    assert (tmp_path / name).read_text("utf-8") == draw(shop())


def anything(value: object) -> Any:
    return value


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        (
            lambda: to_svg(anything(3)),
            TypeError,
            r"only a processor, its analysis or its graph can be drawn; got 3 \(int\)",
        ),
        (
            lambda: to_svg(anything(AsyncDagTaskProcessor[object].builder())),
            TypeError,
            r"build\(\) it first",
        ),
        (
            lambda: to_dot(shop(), direction=anything("left")),
            ValueError,
            r"direction must be 'right' or 'down'; got 'left'",
        ),
        (
            lambda: Picture(shop()).save("graph.png"),
            ValueError,
            r"the name of the file must end in .svg, .mmd or .dot; got 'graph.png'",
        ),
    ],
)
def test_bad_input_is_refused(
    wrong: Callable[[], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        wrong()


def test_the_picture_on_the_how_to_page_is_what_its_program_draws() -> None:
    root = Path(__file__).resolve().parents[3]
    program: Any = runpy.run_path(str(root / "docs_src" / "how_to_draw_a_graph.py"))
    assert (root / "docs/how-to/draw-a-graph.svg").read_text("utf-8") == program["picture"].svg


def straight(drawn: Drawn) -> int:
    """How many curves are lines along the direction of the picture."""
    return sum(len({round(y, 1) for _, y in curve}) == 1 for curve in drawn.curves)


def test_the_order_is_improved_until_nothing_crosses_where_that_can_be() -> None:
    # As a walk through the graph meets the tasks, three pairs of edges cross.
    drawn = Drawn(to_svg(graph([[], [], [1], [1], [3, 2], [1, 0], [0, 3]])))
    ends = [(curve[0], curve[-1]) for curve in drawn.curves]
    crossings = [
        (one, other)
        for one in ends
        for other in ends
        if one[0][0] == other[0][0] and one[0][1] < other[0][1] and one[1][1] > other[1][1]
    ]
    assert crossings == []


def test_what_is_nearly_straight_is_straight() -> None:
    assert straight(Drawn(to_svg(graph([[], [0], [0, 1], [2, 0]])))) == 1

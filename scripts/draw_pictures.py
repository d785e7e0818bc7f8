"""Draw the pictures of the documents: `uv run scripts/draw_pictures.py`.

Graphs are drawn by `sdax_contrib.pictures`. Runs are real ones of the programs in `docs_src`, on a clock that jumps,
so that they are the same each time.
"""

import contextlib
import io
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from sdax import AsyncDagTaskProcessor, AsyncTask, Observer, SdaxExecutionError

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "docs_src"), str(ROOT / "scripts")]

import explain_engine_lanes  # noqa: E402
import explain_life_cycle  # noqa: E402
import index_customer_page  # noqa: E402
import tutorial_cleanup  # noqa: E402
import tutorial_levels  # noqa: E402
import tutorial_trip  # noqa: E402
from how_to_test_virtual_clock import run_at_once  # noqa: E402
from sdax_contrib.pictures import to_svg  # noqa: E402
from website.timeline import LaneTimeline, Timeline  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
ObservedRun = Callable[[Iterable[Observer]], Awaitable[None]]


def run_svg(title: str, processor: AsyncDagTaskProcessor[Any, Any], run: ObservedRun) -> str:
    """Run it, and draw what was seen."""
    shown = [key for key, task in processor.analysis.tasks.items() if has_functions(task)]
    timeline = Timeline(tuple(shown))
    with contextlib.redirect_stdout(io.StringIO()):  # of the program that is run
        run_at_once(without_error(run([timeline])))
    return timeline.svg(title)


def lanes_svg() -> str:
    """Draw which asyncio Task runs what."""
    timeline = LaneTimeline()
    run_at_once(explain_engine_lanes.processor.process_tasks(None, observers=[timeline]))
    return timeline.svg("Two lanes")


def has_functions(task: AsyncTask[Any, Any]) -> bool:
    """Whether there is anything to see of it: the entries and exits of levels have none."""
    return bool(task.pre_execute or task.execute or task.post_execute)


async def without_error(run: Awaitable[None]) -> None:
    """Await it: what it raises is the subject of the picture."""
    with contextlib.suppress(SdaxExecutionError, TimeoutError):
        await run


def watched(processor: AsyncDagTaskProcessor[Any, Any], context: object, title: str) -> str:
    """Draw a run of `processor` with `context`."""
    return run_svg(
        title, processor, lambda observers: processor.process_tasks(context, observers=observers)
    )


def pictures() -> dict[str, str]:
    """Every picture by the name of its file."""
    trip, order = tutorial_trip.plan_trip, explain_life_cycle.place_order
    nobody = tutorial_cleanup.Report("nobody")
    page = index_customer_page.customer_page
    customer = index_customer_page.Page(customer=7)
    drawn = {
        "index.svg": to_svg(page),
        "index-run.svg": watched(page, customer, "One run"),
        "trip.svg": to_svg(trip),
        "trip-run.svg": watched(trip, tutorial_trip.Trip("Lyon"), "Planning a trip"),
        "cleanup-run.svg": watched(tutorial_cleanup.write_report, nobody, "A report that fails"),
        "levels-run.svg": watched(
            tutorial_levels.check_site, tutorial_levels.Site(), "Up and down again"
        ),
        "lanes.svg": lanes_svg(),
        "life-cycle.svg": to_svg(order, direction="down"),
    }
    for run in explain_life_cycle.RUNS:
        name = run.__name__.replace("_", "-")
        drawn[f"life-cycle-{name}.svg"] = run_svg(
            f"A run that {name.replace('-', ' ')}", order, run
        )
    return drawn


def main() -> None:
    """Write all of them."""
    for name, svg in pictures().items():
        (PICTURES / name).write_text(svg, "utf-8")
        print(f"docs/pictures/{name}")


if __name__ == "__main__":
    main()

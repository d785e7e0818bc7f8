"""The command: `uv run python -m benchmarks.simulations`.

It prints the figures, and writes them and the pictures into docs/explanation.
"""

from collections.abc import Sequence

from benchmarks.document import replaced
from benchmarks.processes import ROOT
from benchmarks.report import aligned
from benchmarks.simulations import outage, overload
from benchmarks.simulations.line_chart import Line, LineChart

FOLDER = ROOT / "docs" / "explanation"
PAGE = FOLDER / "resilience.md"
SHOWN = ("plain retries", "with budget", "with breaker", "breaker and limit")
PERIODS = {
    "before": (3, overload.HALVED[0]),
    "half of the machines": (overload.HALVED[0] + 2, overload.HALVED[1]),
    "after": (overload.HALVED[1] + 2, overload.END),
}


def outage_table(outcomes: Sequence[outage.Outcome]) -> str:
    """Load and recovery, a row for each policy."""
    rows = [["policy", "highest load", "calls sent", "succeeded", "well again after"]]
    for outcome in outcomes:
        sent = sum(load for _, load in outcome.load)
        share = sum(share for _, share in outcome.succeeded) / len(outcome.succeeded)
        recovery = "never" if outcome.recovery is None else f"{outcome.recovery:.0f} s"
        load = f"{outcome.highest_load:.1f} times the usual"
        rows.append([outcome.policy, load, f"{sent:,.0f}", f"{share:.0%}", recovery])
    return "\n".join(aligned(rows))


def outage_pictures(outcomes: Sequence[outage.Outcome]) -> dict[str, str]:
    """Load and success over time."""
    span = (*outage.OUTAGE, "outage")
    shown = [outcome for outcome in outcomes if outcome.policy in SHOWN]
    load = [Line(outcome.policy, outcome.load) for outcome in shown]
    share = [
        Line(outcome.policy, [(second, 100 * part) for second, part in outcome.succeeded])
        for outcome in shown
    ]
    return {
        "outage-load.svg": LineChart(
            "Load on the backend", "seconds", "calls per second", load, span
        ).svg(),
        "outage-success.svg": LineChart(
            "Calls that succeed in the end", "seconds in which they began", "percent", share, span
        ).svg(),
    }


def overload_table(outcomes: Sequence[overload.Outcome]) -> str:
    """Goodput and latency, a row for each limit, a pair of columns for each period."""
    heads = [f"{period}: {what}" for period in PERIODS for what in ("goodput", "p99")]
    rows = [["limit", *heads]]
    for outcome in outcomes:
        cells = [
            cell
            for period in PERIODS.values()
            for cell in (
                f"{outcome.goodput(*period):.0f} / s",
                f"{outcome.percentile_99(*period):.2f} s",
            )
        ]
        rows.append([outcome.limit, *cells])
    return "\n".join(aligned(rows))


def overload_pictures(outcomes: Sequence[overload.Outcome]) -> dict[str, str]:
    """Goodput and the height of the limit over time."""
    span = (*overload.HALVED, "half of the machines")
    goodput = [Line(outcome.limit, outcome.answered) for outcome in outcomes]
    heights = [Line(outcome.limit, outcome.heights) for outcome in outcomes]
    return {
        "overload-goodput.svg": LineChart(
            "Goodput", "seconds", "answers per second", goodput, span
        ).svg(),
        "overload-limit.svg": LineChart(
            "The height of the limit", "seconds", "calls at once", heights, span
        ).svg(),
    }


def main() -> None:
    """Simulate, print, write."""
    page = PAGE.read_text("utf-8")
    outages = outage.simulate_outage()
    print(outage_table(outages), end="\n\n", flush=True)
    overloads = overload.simulate_overload()
    print(overload_table(overloads))
    page = replaced(page, "outage", outage_table(outages))
    page = replaced(page, "overload", overload_table(overloads))
    PAGE.write_text(page, "utf-8", newline="\n")
    for name, picture in (outage_pictures(outages) | overload_pictures(overloads)).items():
        (FOLDER / name).write_text(picture, "utf-8", newline="\n")


if __name__ == "__main__":
    main()

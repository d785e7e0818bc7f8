"""Many orders that started together, in figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from sdax._demo.placing import Placed


@dataclass(frozen=True, slots=True)
class Rush:
    """What came of many orders, and how long all of them took."""

    orders: list[Placed]
    seconds: float

    def lines(self) -> Iterator[str]:
        """The figures."""
        count = len(self.orders)
        functions = sum(len(order.timeline) for order in self.orders)
        taken = [(end - start) * 1000 for start, end in self._spans()]
        yield (
            f"    throughput   {count / self.seconds:,.0f} orders a second: "
            f"{count:,} orders, {functions:,} functions in {self.seconds:.1f} s"
        )
        yield (
            f"    one order    {median(taken):,.0f} ms in the median, {max(taken):,.0f} ms at most, "
            "once it had its slot"
        )

    def errors(self) -> list[BaseException]:
        """What went wrong."""
        return [order.error for order in self.orders if order.error is not None]

    def most_at_once(self) -> int:
        """How many orders had a slot at the same time, at most."""
        changes = [(start, 1) for start, _ in self._spans()] + [
            (end, -1) for _, end in self._spans()
        ]
        most = now = 0
        for _, change in sorted(changes):
            now += change
            most = max(most, now)
        return most

    def _spans(self) -> Iterator[tuple[float, float]]:
        """When each order got its slot, and when it was about to give it back."""
        for order in self.orders:
            yield (
                order.timeline.row("slot", "pre_execute").end,
                order.timeline.row("slot", "post_execute").start,
            )

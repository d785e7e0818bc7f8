"""The four runs of the demo, and what is claimed of each."""

from time import perf_counter

from sdax import SdaxExecutionError
from sdax._demo.database_file import read_database
from sdax._demo.order_endpoint import Shop
from sdax._demo.placing import SLOTS, Placed, place, place_all
from sdax._demo.rush import Rush
from sdax._demo.stage import Stage
from sdax._demo.wording import counted

DEADLINE = 0.5
"""Seconds the impatient caller waits: enough to get to the price, which then takes a minute."""

FIRST_OF_MANY = 4
"""The number of the first order of the rush; the runs before it have the numbers before it."""


def good_order(stage: Stage) -> None:
    """Everything works."""
    stage.announce(
        "1. A good order",
        "Each function starts the moment that what it depends on is done. In the end, what was "
        "entered is left in reverse order: the transaction commits, then the order is published.",
    )
    placed = _place_one(stage, 1)
    stage.show(placed)
    stage.claims.check("the caller got no error", found=placed.error, expected=None)
    stage.claim_state(orders=[1])


def price_service_down(stage: Stage) -> None:
    """A failure that retries do not heal."""
    stage.announce(
        "2. The price service is down",
        "The price is asked for three times, with growing pauses. Meanwhile reserve takes a lamp "
        "out of stock, so there is something to roll back.",
    )
    with stage.service.trouble("prices-fail"):
        placed = _place_one(stage, 2)
    stage.show(placed)
    stage.claims.check(
        "only price failed, after 3 attempts; order was skipped",
        found=(_failures(placed), placed.skipped),
        expected=([("price", "execute", 3)], ["order"]),
    )
    _claim_rolled_back(stage, placed)


def deadline_hit(stage: Stage) -> None:
    """The caller loses patience."""
    stage.announce(
        "3. The caller's deadline",
        f"The price service hangs, and the caller waits {DEADLINE:g} s, the timeout of the run. What "
        "is running is cancelled, and then everything is cleaned up all the same.",
    )
    with stage.service.trouble("prices-stall"):
        placed = _place_one(stage, 3, deadline=DEADLINE)
    stage.show(placed)
    stage.claims.check(
        "the caller got a TimeoutError that names price and order",
        found=(type(placed.error), str(placed.error).partition("; ")[2]),
        expected=(TimeoutError, "cancelled in execute: 'price'; not started: 'order'"),
    )
    stage.claims.check(
        "price was cancelled, and order never began",
        found=[placed.timeline.outcomes(task, "execute") for task in ("price", "order")],
        expected=[["cancelled"], []],
    )
    _claim_rolled_back(stage, placed)


def many_orders(stage: Stage, count: int) -> None:
    """A rush."""
    stage.announce(
        f"4. {counted(count, 'order')} at once",
        f"All runs start together, on one graph. {SLOTS} at a time have a slot, and with it a "
        "database connection and sockets. SQLite has one writer: from reserve to its commit "
        "an order writes alone, and others queue. All the rest goes on in parallel.",
    )
    numbers = list(range(FIRST_OF_MANY, FIRST_OF_MANY + count))
    rush = _place_many(stage, numbers)
    for line in rush.lines():
        stage.terminal.write(line)
    contents = read_database(stage.database)
    stage.terminal.write(
        f"    database     {counted(len(contents.orders), 'order')} for {contents.cents / 100:,.2f} "
        f"in all, {counted(contents.in_stock, 'lamp')} left in stock"
    )
    stage.terminal.write()
    errors = rush.errors()
    stage.claims.check(f"{counted(len(errors), 'order')} failed", found=errors, expected=[])
    most = rush.most_at_once()
    stage.claims.check(
        f"at most {counted(most, 'order')} had a slot at the same time",
        found=most,
        expected=min(most, SLOTS),
    )
    stage.claim_state(orders=[1, *numbers])


def _place_one(stage: Stage, number: int, *, deadline: float | None = None) -> Placed:
    return stage.run(lambda shop: place(shop, number, deadline=deadline))


def _place_many(stage: Stage, numbers: list[int]) -> Rush:
    def report(done: int) -> None:
        stage.terminal.write_progress(f"{done:,} of {len(numbers):,} orders")

    async def rush(shop: Shop) -> Rush:
        start = perf_counter()
        placed = await place_all(shop, numbers, report)
        return Rush(placed, perf_counter() - start)

    result = stage.run(rush)
    stage.terminal.write_progress("")
    return result


def _claim_rolled_back(stage: Stage, placed: Placed) -> None:
    """Claim that an order which had begun to write has left no trace."""
    stage.claims.check(
        "reserve had taken a lamp out of stock; then transaction rolled back",
        found=(
            placed.timeline.outcomes("reserve", "execute"),
            placed.timeline.outcomes("transaction", "post_execute"),
        ),
        expected=(["succeeded"], ["succeeded"]),
    )
    stage.claim_state(orders=[1])


def _failures(placed: Placed) -> list[tuple[object, str, int]]:
    if not isinstance(placed.error, SdaxExecutionError):
        return []
    return [(failure.task, failure.phase, failure.attempts) for failure in placed.error.failures]

"""`limited`: a permit around each attempt, its waiting reported, several in one order."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiolimiter
import anyio
import pytest
from sdax_contrib.adaptive_limit import AdaptiveLimit
from sdax_contrib.limited import limited
from sdax_proof.running import run
from sdax_proof.virtual_clock import running_loop

Reports = list[tuple[str, dict[str, Any]]]


class ReportedAttempt:
    """What an interceptor needs of an attempt: somewhere to report to."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def report(self, name: str, **details: Any) -> None:
        self._reports.append((name, details))


class Load:
    """Calls that take a second, and how many of them there were at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    async def call(self) -> str:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(1)
        finally:
            self.now -= 1
        return "done"


class Permit:
    """A permit that writes down when it is taken and given back."""

    def __init__(self, name: str, journal: list[str]) -> None:
        self.name = name
        self.journal = journal

    async def __aenter__(self) -> None:
        self.journal.append(f"+{self.name}")

    async def __aexit__(self, *_: object) -> None:
        self.journal.append(f"-{self.name}")


PERMITS: dict[str, Callable[[], Any]] = {
    "asyncio.Semaphore": lambda: asyncio.Semaphore(2),
    "anyio.CapacityLimiter": lambda: anyio.CapacityLimiter(2),
    "anyio.Semaphore": lambda: anyio.Semaphore(2),
    "AdaptiveLimit": lambda: AdaptiveLimit(target_latency=9, initial=2, maximum=2),
}


@pytest.mark.parametrize("make", PERMITS.values(), ids=PERMITS)
def test_no_more_attempts_at_once_than_the_permit_lets_through(
    make: Callable[[], Any],
) -> None:
    async def main() -> None:
        limit, load, reports = limited(make()), Load(), Reports()
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            calls = [group.create_task(_call(limit, reports, load.call)) for _ in range(6)]
        assert [call.result() for call in calls] == ["done"] * 6
        assert (load.most, running_loop().time()) == (2, 3)
        waited = [details["seconds"] for _, details in reports]
        assert [seconds for seconds in waited if seconds] == [1, 1, 2, 2]

    run(main())


def test_a_rate_limit_of_another_library_is_waited_for() -> None:
    async def main() -> None:
        limit, reports = limited(calls=aiolimiter.AsyncLimiter(1, 10)), Reports()
        for _ in range(3):
            await _call(limit, reports, _succeed)
        assert running_loop().time() == pytest.approx(20)

    run(main())


def test_a_wait_is_reported_with_its_name_its_beginning_and_its_length() -> None:
    async def main() -> None:
        limit, load, reports = limited(database=asyncio.Semaphore(1)), Load(), Reports()
        await asyncio.sleep(5)
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(_call(limit, reports, load.call))
        assert reports == [
            (
                "sdax.limit.waited",
                {"limit": "database", "since": 5.0, "seconds": 1.0, "obtained": True},
            )
        ]

    run(main())


def test_a_permit_without_a_name_is_reported_by_its_class() -> None:
    async def main() -> None:
        limit, load, reports = limited(asyncio.Semaphore(1)), Load(), Reports()
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(_call(limit, reports, load.call))
        assert [details["limit"] for _, details in reports] == ["Semaphore"]

    run(main())


def test_a_permit_that_is_free_is_not_reported() -> None:
    async def main() -> None:
        reports = Reports()
        assert await _call(limited(asyncio.Semaphore(1)), reports, _succeed) == "done"
        assert reports == []

    run(main())


def test_a_wait_that_was_cancelled_is_reported_and_takes_no_permit() -> None:
    async def main() -> None:
        semaphore, load, reports = asyncio.Semaphore(1), Load(), Reports()
        limit = limited(semaphore)
        async with asyncio.TaskGroup() as group:
            group.create_task(_call(limit, reports, load.call))
            waiting = group.create_task(_call(limit, reports, load.call))
            await asyncio.sleep(0.25)
            waiting.cancel()
        [(_, details)] = reports
        assert (details["seconds"], details["obtained"]) == (0.25, False)
        assert not semaphore.locked()

    run(main())


@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "a", "b"), ("b", "c", "a")])
def test_named_permits_are_taken_in_the_order_of_their_names(order: tuple[str, ...]) -> None:
    async def main() -> None:
        journal: list[str] = []
        limit = limited(**{name: Permit(name, journal) for name in order})

        async def call() -> None:
            journal.append("call")

        await _call(limit, [], call)
        assert journal == ["+a", "+b", "+c", "call", "-c", "-b", "-a"]

    run(main())


def test_two_functions_that_name_two_permits_alike_never_wait_for_each_other() -> None:
    async def main() -> None:
        cpu, disk, load = asyncio.Semaphore(1), asyncio.Semaphore(1), Load()
        one, other = limited(cpu=cpu, disk=disk), limited(disk=disk, cpu=cpu)
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            for limit in (one, other) * 5:
                group.create_task(_call(limit, [], load.call))
        assert load.most == 1

    run(main())


def test_the_permit_is_given_back_when_the_attempt_fails() -> None:
    async def main() -> None:
        journal: list[str] = []

        async def fail() -> None:
            raise LookupError("nothing there")

        with pytest.raises(LookupError, match="nothing there"):
            await _call(limited(Permit("a", journal)), [], fail)
        assert journal == ["+a", "-a"]

    run(main())


def test_a_permit_whose_entering_fails_fails_the_attempt_before_it_takes_place() -> None:
    class Broken(Permit):
        async def __aenter__(self) -> None:
            await asyncio.sleep(1)
            raise LookupError("no server")

    async def main() -> None:
        journal: list[str] = []
        reports = Reports()
        with pytest.raises(LookupError, match="no server"):
            await _call(limited(Broken("a", journal)), reports, _succeed)
        assert journal == []
        assert [details["obtained"] for _, details in reports] == [False]

    run(main())


def test_permits_shared_with_a_loop_that_is_still_open_are_refused() -> None:
    limit = limited(database=asyncio.Semaphore(1))
    first = asyncio.new_event_loop()
    try:
        first.run_until_complete(_call(limit, [], _succeed))
        with pytest.raises(RuntimeError, match="the limit database belongs to another event loop"):
            run(_call(limit, [], _succeed))
    finally:
        first.close()
    assert run(_call(limit, [], _succeed)) == "done"


@asynccontextmanager
async def _connection() -> AsyncGenerator[None]:
    yield


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing": (lambda: _limited(), "limited() needs a permit, or several by name"),
    "both": (
        lambda: _limited(asyncio.Semaphore(1), cpu=asyncio.Semaphore(1)),
        "one permit, or several by name, not both",
    ),
    "a number": (lambda: _limited(10), "must be an async context manager, like asyncio.Semaphore"),
    "a class": (lambda: _limited(cpu=asyncio.Semaphore), "the limit cpu must be an async context"),
    "one that is entered once": (
        lambda: _limited(cpu=_connection()),
        "the limit cpu must be an async context manager that can be entered again and again",
    ),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_what_is_no_permit_is_refused_when_the_limit_is_made(
    make: Callable[[], Any], message: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        make()


def test_the_repr_shows_the_names_and_the_permits() -> None:
    limit = limited(disk=Permit("d", []), cpu=Permit("c", []))
    assert re.fullmatch(r"limited\(cpu=<.*>\) \+ limited\(disk=<.*>\)", repr(limit))


def _limited(*permits: Any, **named: Any) -> Any:
    untyped: Any = limited
    return untyped(*permits, **named)


async def _succeed() -> str:
    return "done"


async def _call(limit: Any, reports: Reports, proceed: Callable[[], Awaitable[Any]]) -> Any:
    return await limit(ReportedAttempt(reports), proceed)

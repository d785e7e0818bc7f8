"""`RateLimit`: limits of the library `limits`, in memory and shared through a real Redis."""

from __future__ import annotations

import asyncio
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import limits
import pytest
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    SlidingWindowCounterRateLimiter,
)
from redis.asyncio import ConnectionPool
from sdax_contrib.limited import limited
from sdax_contrib.limits import RateLimit, RateLimitReached

STRATEGIES = (FixedWindowRateLimiter, MovingWindowRateLimiter, SlidingWindowCounterRateLimiter)
PATIENCE = 60
REDIS_SERVER = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(
    REDIS_SERVER is None, reason="there is no redis-server here: apt install redis-server"
)


@pytest.fixture(scope="module")
def redis_socket() -> Iterator[str]:
    """A Redis of our own, reached through a socket in a folder that is gone afterwards."""
    assert REDIS_SERVER is not None
    # Not pytest's folder: its path is too long for a socket on some systems.
    with tempfile.TemporaryDirectory() as folder:
        socket = str(Path(folder) / "redis.sock")
        command = [REDIS_SERVER, "--port", "0", "--unixsocket", socket, "--save", "", "--dir"]
        server = subprocess.Popen([*command, folder], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            assert any("ready to accept connections" in line.lower() for line in server.stdout)
            yield socket
        finally:
            server.terminate()
            server.communicate(timeout=PATIENCE)


@asynccontextmanager
async def redis_storage(socket: str) -> AsyncGenerator[RedisStorage]:
    pool: Any = ConnectionPool.from_url(f"unix://{socket}")  # pyright: ignore[reportUnknownMemberType]
    try:
        yield RedisStorage(
            f"async+redis+unix://{socket}", implementation="redispy", connection_pool=pool
        )
    finally:
        await pool.aclose()


async def calls_until_refused(limiter: Any, *identifiers: str, **settings: Any) -> int:
    """How many calls pass until one would have to wait for longer than a moment."""
    limit = RateLimit(limiter, limits.parse("5/hour"), *identifiers, max_wait=0.01, **settings)
    for calls in range(100):
        try:
            async with limit:
                pass
        except RateLimitReached as reached:
            assert 0 < reached.retry_after <= 3600  # noqa: PT017 - how many calls pass is the point
            return calls
    raise AssertionError("nothing is ever refused")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_as_many_calls_pass_as_the_limit_says(strategy: Callable[[Any], Any]) -> None:
    async def main() -> None:
        limiter = strategy(MemoryStorage())
        assert await calls_until_refused(limiter) == 5
        assert await calls_until_refused(limiter, "other") == 5
        assert await calls_until_refused(limiter, "other") == 0
        assert await calls_until_refused(limiter, "heavy", cost=2) == 2

    asyncio.run(main())


@needs_redis
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_redis_counts_for_all_who_use_it(
    strategy: Callable[[Any], Any], redis_socket: str
) -> None:
    async def main() -> None:
        name = strategy.__name__
        async with redis_storage(redis_socket) as one, redis_storage(redis_socket) as other:
            for _ in range(2):
                async with RateLimit(strategy(one), limits.parse("5/hour"), name):
                    pass
            assert await calls_until_refused(strategy(other), name) == 3
            assert await calls_until_refused(strategy(one), name) == 0

    asyncio.run(main())


ONE_PROCESS = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
from limits.aio.strategies import MovingWindowRateLimiter
from test_limits import calls_until_refused, redis_storage

async def main():
    async with redis_storage(sys.argv[1]) as storage:
        print(await calls_until_refused(MovingWindowRateLimiter(storage), "processes"))

asyncio.run(main())
"""


@needs_redis
def test_processes_share_what_a_redis_counts(redis_socket: str) -> None:
    folder = str(Path(__file__).parent)
    command = [sys.executable, "-W", "error", "-c", ONE_PROCESS, redis_socket, folder]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=PATIENCE) for process in processes]
    assert [errors for _, errors in outputs] == [""] * 3
    assert sum(int(calls) for calls, _ in outputs) == 5


@needs_redis
def test_a_storage_that_cannot_be_reached_fails_the_attempt_before_it_takes_place(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with redis_storage(str(tmp_path / "nobody.sock")) as storage:
            limit = RateLimit(MovingWindowRateLimiter(storage), limits.parse("5/hour"))
            with pytest.raises(Exception, match=r"nobody\.sock|No such file"):
                async with limit:
                    raise AssertionError("it took place")

    asyncio.run(main())


def test_those_who_wait_go_on_in_the_order_in_which_they_came() -> None:
    async def main() -> list[int]:
        limiter = MovingWindowRateLimiter(MemoryStorage())
        limit = limited(api=RateLimit(limiter, limits.parse("3/second")))
        done: list[int] = []
        reports: list[str] = []

        class Attempt:
            def report(self, name: str, **_: object) -> None:
                reports.append(name)

        async def call(number: int) -> None:
            async def proceed() -> None:
                done.append(number)

            untyped: Any = Attempt()
            await limit(untyped, proceed)

        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            for number in range(7):
                group.create_task(call(number))
        assert reports.count("sdax.limit.waited") >= 4
        return done

    assert asyncio.run(main()) == list(range(7))


def test_who_is_cancelled_at_the_head_of_the_line_makes_room_for_the_next() -> None:
    async def main() -> None:
        limiter = MovingWindowRateLimiter(MemoryStorage())
        limit = RateLimit(limiter, limits.parse("1/second"))
        async with limit:
            pass
        waiting = [asyncio.create_task(limit.__aenter__()) for _ in range(2)]
        await asyncio.sleep(0.01)
        waiting[0].cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait(waiting)
        assert waiting[0].cancelled()
        assert waiting[1].exception() is None

    asyncio.run(main())


def test_who_would_wait_for_too_long_behind_others_is_turned_away_as_well() -> None:
    async def main() -> None:
        limiter = FixedWindowRateLimiter(MemoryStorage())
        item = limits.parse("1/hour")
        async with RateLimit(limiter, item):
            pass
        patient = RateLimit(limiter, item, max_wait=0.05)
        with pytest.raises(RateLimitReached):  # alone it is refused at once
            await patient.__aenter__()
        ahead = asyncio.create_task(_front_of(patient).acquire())
        await ahead
        with pytest.raises(RateLimitReached, match=r"rate limit 1 per 1 hour is reached: try"):
            await patient.__aenter__()

    asyncio.run(main())


def test_in_the_loop_after_a_closed_one_callers_wait_in_line_again() -> None:
    limit = RateLimit(MovingWindowRateLimiter(MemoryStorage()), limits.parse("1/hour"))

    async def main() -> None:
        waiting = [asyncio.create_task(limit.__aenter__()) for _ in range(4)]
        for _ in range(20):
            await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert [task.cancelled() for task in waiting[1:]] == [True] * 3

    asyncio.run(main())
    asyncio.run(main())


def test_shared_with_a_loop_that_is_still_open_it_is_refused() -> None:
    limit = RateLimit(MovingWindowRateLimiter(MemoryStorage()), limits.parse("5/hour"))
    first = asyncio.new_event_loop()
    try:
        first.run_until_complete(limit.__aenter__())
        with pytest.raises(
            RuntimeError, match="the rate limit 5 per 1 hour belongs to another event loop"
        ):
            asyncio.run(limit.__aenter__())
    finally:
        first.close()


def test_the_refusal_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(RateLimitReached("5 per 1 hour", 1.5)))
    assert (copy.limit, copy.retry_after) == ("5 per 1 hour", 1.5)
    assert isinstance(copy, ConnectionError)
    assert str(copy) == "rate limit 5 per 1 hour is reached: try again in 1.5 seconds"
    assert str(RateLimitReached("5 per 1 day", 3599.6)).endswith("try again in 3600 seconds")


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "a synchronous strategy": (
        {"limiter": limits.strategies.FixedWindowRateLimiter(limits.storage.MemoryStorage())},
        TypeError,
        "limiter must be a strategy of limits.aio.strategies",
    ),
    "a text": ({"item": "5/second"}, TypeError, "item must be a RateLimitItem, like limits.parse("),
    "cost 0": ({"cost": 0}, ValueError, "cost must be a whole number, 1 or more; got 0"),
    "cost 6": ({"cost": 6}, ValueError, "cost must be at most 5, all of 5 per 1 hour; got 6"),
    "max_wait": ({"max_wait": 0}, ValueError, "max_wait must be a finite number above 0; got 0"),
}


@pytest.mark.parametrize(("changed", "kind", "message"), BAD.values(), ids=BAD)
def test_a_setting_out_of_range_names_itself(
    changed: dict[str, Any], kind: type[Exception], message: str
) -> None:
    untyped: Any = RateLimit
    usual: dict[str, Any] = {"limiter": FixedWindowRateLimiter(MemoryStorage())}
    with pytest.raises(kind, match=re.escape(message)):
        untyped(**(usual | {"item": limits.parse("5/hour")} | changed))


def test_an_identifier_must_be_a_text() -> None:
    untyped: Any = 5
    with pytest.raises(TypeError, match="an identifier must be a str; got 5"):
        RateLimit(FixedWindowRateLimiter(MemoryStorage()), limits.parse("5/hour"), untyped)


WITHOUT_THE_LIBRARY = """
import sys
sys.modules["limits"] = None
try:
    import sdax_contrib.limits
except ImportError as error:
    print(error)
"""


def test_without_the_library_the_import_says_what_to_install() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_LIBRARY],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert "pip install 'sdax-contrib[limits]'" in finished.stdout


def _front_of(limit: RateLimit) -> asyncio.Lock:
    return limit._front  # pyright: ignore[reportPrivateUsage] - to stand in the line before others

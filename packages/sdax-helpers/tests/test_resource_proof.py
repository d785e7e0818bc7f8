"""Guarantee 40: random graphs of resources, cancelled at every step of the event loop."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
import pytest
from guarantee_support import ended
from sdax_core import AsyncDagTaskProcessor, current_run
from sdax_helpers import resource, task, task_func
from sdax_proof import FACTORIES, Factory, run, running_loop

Kind = Literal["plain", "group", "anyio group", "crashes", "does not enter", "clings"]
KINDS: tuple[Kind, ...] = (
    "plain", "plain", "group", "anyio group", "crashes", "does not enter", "clings",
)  # fmt: skip
How = Literal["once", "twice", "always", "sweep", "two sweeps", "sweep, the run last"]
HOWS: tuple[How, ...] = ("once", "twice", "always", "sweep", "two sweeps", "sweep, the run last")
SEEDS = range(3)
WHO: ContextVar[str] = ContextVar("who", default="nobody")


@dataclass
class Spec:
    """One task of a random graph; the numbers are suspensions."""

    name: str
    kind: Kind
    depends_on: tuple[str, ...]
    entering: tuple[float, ...]
    executing: tuple[float, ...]
    leaving: tuple[float, ...]
    fails: bool


@dataclass
class Stay:
    """One time that a resource was entered."""

    spec: Spec
    entered_at: int
    left: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """When it was left: beginning and end."""
    given: list[BaseException | None] = field(default_factory=list[BaseException | None])
    outcome: str = ""
    is_at_home: bool = False
    """It was left in the asyncio Task that had entered it."""


def random_specs(seed: str) -> list[Spec]:
    rng = random.Random(seed)

    def steps() -> tuple[float, ...]:
        return tuple(rng.choice((0, 0, 1)) for _ in range(rng.choice((0, 1, 1, 2))))

    specs: list[Spec] = []
    for number in range(rng.randint(2, 5)):
        names = [spec.name for spec in specs]
        specs.append(
            Spec(
                name=f"r{number}",
                kind=rng.choice(KINDS if rng.random() < 0.6 else ("plain",)),
                depends_on=tuple(rng.sample(names, rng.randint(0, min(2, len(names))))),
                entering=steps(),
                executing=steps(),
                leaving=steps(),
                fails=rng.random() < 0.1,
            )
        )
    return specs


class Recording:
    """Runs a graph of resources and writes down what becomes of each."""

    def __init__(self, specs: list[Spec], how: How) -> None:
        self.specs = specs
        self.stays: list[Stay] = []
        self.requested_at: int | None = None
        self.cleaned_at: int | None = None
        # The task group of anyio ends when somebody cancels one of its tasks, as a sweep does.
        self.mortal = ("crashes", "anyio group") if "sweep" in how else ("crashes",)
        self._stamp = 0

    def stamp(self) -> int:
        self._stamp += 1
        return self._stamp

    async def ending(self) -> BaseException | None:
        return await ended(self.processor().process_tasks(None))

    def processor(self) -> AsyncDagTaskProcessor[None]:
        builder = AsyncDagTaskProcessor[None].builder()
        for spec in self.specs:
            factory = self._factory(spec)
            builder.add_task(
                resource(spec.name, factory, execute=self._execute(spec)), spec.depends_on
            )
        last = task("plain", post_execute=task_func(self._clean_up))
        builder.add_task(last, tuple(spec.name for spec in self.specs))
        return builder.build()

    async def _clean_up(self, _: None) -> None:
        """The first cleanup of all, if every `pre_execute` went well."""
        self.cleaned_at = self.stamp()
        await asyncio.sleep(0)

    def _execute(self, spec: Spec) -> Callable[[None], Any]:
        async def execute(_: None) -> None:
            assert WHO.get() == spec.name
            await _pause(spec.executing)
            if spec.fails:
                raise ValueError(spec.name)

        return execute

    def _factory(self, spec: Spec) -> Callable[[None], Any]:
        @asynccontextmanager
        async def plain(_: None) -> AsyncGenerator[None]:
            async with self._stay(spec) as stay:
                with _noted(stay):
                    yield

        @asynccontextmanager
        async def group(_: None) -> AsyncGenerator[None]:
            async with self._stay(spec) as stay, asyncio.TaskGroup() as tasks:
                worker = tasks.create_task(_crash() if spec.kind == "crashes" else _work())
                with _noted(stay):
                    yield
                worker.cancel()

        @asynccontextmanager
        async def anyio_group(_: None) -> AsyncGenerator[None]:
            async with self._stay(spec) as stay, anyio.create_task_group() as tasks:
                tasks.start_soon(_work)
                with _noted(stay):
                    yield
                tasks.cancel_scope.cancel()

        if spec.kind == "anyio group":
            return anyio_group
        return group if spec.kind in ("group", "crashes") else plain

    @asynccontextmanager
    async def _stay(self, spec: Spec) -> AsyncGenerator[Stay]:
        owner, token = asyncio.current_task(), WHO.set(spec.name)
        try:
            await _pause(spec.entering)
        except asyncio.CancelledError:
            if spec.kind != "clings":
                raise
        if spec.kind == "does not enter":
            raise LookupError(spec.name)
        stay = Stay(spec, self.stamp())
        self.stays.append(stay)
        try:
            yield stay
        finally:
            began = self.stamp()
            stay.is_at_home = asyncio.current_task() is owner
            try:
                await _pause(spec.leaving)
            finally:
                WHO.reset(token)  # raises in any other context
                stay.left.append((began, self.stamp()))

    # What must hold

    def check(self, ending: BaseException | None) -> None:
        for stay in self.stays:
            name = stay.spec.name
            assert len(stay.left) == len(stay.given) == 1, f"{name} was left {len(stay.left)} times"
            assert stay.is_at_home, f"{name} was left in another Task"
            if ending is None:
                assert stay.given == [None], f"{name} was rolled back by a run that succeeded"
            if stay.outcome != "succeeded":
                assert stay.given != [None], f"{name} was committed by a run that {stay.outcome}"
            if stay.given == [None]:
                assert self.cleaned_at is not None, f"{name} was committed before cleanup"
                if self.requested_at is not None:
                    assert self.requested_at > self.cleaned_at, f"{name} was committed by a cancel"
        self._check_order()

    def _check_order(self) -> None:
        at = {stay.spec.name: stay for stay in self.stays}
        for stay in self.stays:
            for name in stay.spec.depends_on:
                before = at[name]  # a KeyError: entered without what it depends on
                assert before.entered_at < stay.entered_at
                if before.spec.kind not in self.mortal:  # what has died was left then
                    assert before.left[0][0] > stay.left[0][1], f"{name} left too early"


@contextmanager
def _noted(stay: Stay) -> Generator[None]:
    """Note what the resource is left with, and how the run is going by then."""
    given: BaseException | None = None
    try:
        yield
    except BaseException as error:
        given = error
        raise
    finally:
        stay.given.append(given)
        stay.outcome = current_run().outcome


async def _pause(steps: tuple[float, ...]) -> None:
    for seconds in steps:
        await asyncio.sleep(seconds)


async def _work() -> None:
    await asyncio.sleep(1000)


async def _crash() -> None:
    await asyncio.sleep(0.5)
    raise ValueError("crashed")


def _cancels(step: int, how: How) -> Iterator[tuple[int, bool]]:
    """The steps at which something is cancelled, and whether that is a sweep."""
    match how:
        case "once":
            yield step, False
        case "twice":
            yield from ((step, False), (step + 1 + step % 5, False))
        case "always":
            yield from ((later, False) for later in range(step, step + 200))
        case "sweep" | "sweep, the run last":
            yield step, True
        case "two sweeps":
            yield from ((step, True), (step + 1 + step % 5, True))


async def cancelled_at(recording: Recording, step: int | None, how: How) -> int:
    """Run the graph, cancelled at a step; how many steps that took."""
    loop = running_loop()
    this = asyncio.current_task()
    running = asyncio.create_task(recording.ending())
    first = loop.steps
    planned = {} if step is None else dict(_cancels(step, how))

    def before_step(number: int) -> None:
        is_sweep = planned.get(number - first)
        if is_sweep is None or running.done():
            return
        if recording.requested_at is None:
            recording.requested_at = recording.stamp()
        if not is_sweep:
            running.cancel()
            return
        last = how == "sweep, the run last"
        everything = sorted(asyncio.all_tasks(), key=lambda one: (one is running) is last)
        for one in everything:
            if one is not this:
                around.run(one.cancel)  # as the program does it, not in what the step is for

    around = copy_context()
    loop.before_step = before_step
    try:
        await asyncio.wait((running,))
    finally:
        loop.before_step = None
    ending = None if running.cancelled() else running.result()
    recording.check(ending if not running.cancelled() else asyncio.CancelledError())
    assert asyncio.all_tasks() == {this}
    assert loop.pending_timers() == []
    return loop.steps - first


# What anyio's task group has not begun when it is cancelled is never awaited, with or without sdax.
@pytest.mark.filterwarnings("ignore:coroutine '_work' was never awaited:RuntimeWarning")
@pytest.mark.guarantee("40.7", "40.8", "40.9", "40.4", "40.1", "20.1", "20.2")
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_entered_is_left_once_in_order_in_its_task_wherever_the_cancel_strikes(
    seed: int, factory: Factory | None, how: How
) -> None:
    specs = random_specs(f"{seed} {factory} {how}")
    steps = run(cancelled_at(Recording(specs, how), None, how), factory=factory)
    for step in range(1, steps + 1):
        run(cancelled_at(Recording(specs, how), step, how), factory=factory)
    gc.collect()

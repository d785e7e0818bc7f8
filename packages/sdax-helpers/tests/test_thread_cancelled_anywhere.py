"""Guarantee 42: a run with a call in a thread is cancelled at every step of the event loop, one after another.

The thread is real, but it begins, stands still and ends when the event loop says so, so that each step is the same
each time.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from guarantee_support import ended, notes
from sdax_core import AsyncDagTaskProcessor, SdaxExecutionError
from sdax_helpers import cancelled, task, task_func, task_thread_func
from sdax_proof import FACTORIES, Factory, cancel_at_step, run

PATIENCE = 10  # seconds: no test comes near it
ERROR = LookupError("late")


class SteppedExecutor(Executor):
    """Begins a call after a second of the loop's time, and lets it end after another."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._opened = threading.Event()
        self._stands = threading.Event()
        self.is_idle = asyncio.Event()
        self.is_idle.set()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.is_idle.clear()
        self._loop.call_later(1, self._begin, future, function)
        return future

    def stand(self) -> None:
        """Called in the thread: stand still until the loop lets it go on."""
        self._stands.set()
        assert self._opened.wait(PATIENCE)

    def _begin(self, future: Future[Any], function: Callable[[], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            self.is_idle.set()
            return
        thread = threading.Thread(target=self._run, args=(future, function))
        thread.start()
        assert self._stands.wait(PATIENCE)
        self._loop.call_later(1, self._end, thread)

    def _run(self, future: Future[Any], function: Callable[[], Any]) -> None:
        result = function()
        self._stands.set()  # if it was not called after all
        future.set_result(result)

    def _end(self, thread: threading.Thread) -> None:
        self._opened.set()
        thread.join(PATIENCE)
        self.is_idle.set()


class Story:
    """One run, cancelled at one step, and what was seen of it."""

    def __init__(self, phase: str, *, waits: bool, fails: bool) -> None:
        self._phase = phase
        self._waits = waits
        self._fails = fails
        self.events: list[str] = []
        self.error: BaseException | None = None
        self.was_cancelled = False

    async def run(self, step: int) -> None:
        executor = SteppedExecutor()

        def call(_: object) -> None:
            self.events.append("call begins")
            executor.stand()
            self.events.append(f"call ends{', cancelled' if cancelled() else ''}")
            if self._fails:
                raise ERROR

        thread = task_thread_func(call, executor=executor, wait_on_cancel=self._waits)
        function: dict[str, Any] = {self._phase: thread}
        if self._phase != "post_execute":
            function["post_execute"] = self._writes("cleanup of the call")
        processor = (
            AsyncDagTaskProcessor[None]
            .builder()
            .add_task(
                task(
                    "db",
                    pre_execute=self._writes("db opened"),
                    post_execute=self._writes("db closed"),
                )
            )
            .add_task(task("call", **function), depends_on=("db",))
            .build()
        )

        async def call_it() -> None:
            self.error = await ended(processor.process_tasks(None))

        caller = asyncio.create_task(call_it())
        cancelling = cancel_at_step(caller, step)
        await asyncio.wait((caller,))
        self.was_cancelled = cancelling.requests > 0
        if caller.cancelled():  # before it had begun
            self.error = asyncio.CancelledError()
        self.is_abandoned = "call begins" in self.events and "call ends" not in "".join(self.events)
        await executor.is_idle.wait()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def _writes(self, event: str) -> Any:
        async def function(_: object) -> None:
            self.events.append(event)
            await asyncio.sleep(0.25)

        return task_func(function)

    def check(self, logged: list[str]) -> None:
        events, error = self.events, self.error
        assert events.count("call begins") <= 1
        assert events.count("db opened") == events.count("db closed")
        if "db opened" not in events:
            assert events == []
        self._check_ending()
        if self._waits:
            assert not self.is_abandoned
        assert self.is_abandoned == ("the call of" in notes(error) and "abandoned" in notes(error))
        if self._phase != "post_execute" and not self.is_abandoned and "call begins" in events:
            call_ended = next(i for i, event in enumerate(events) if event.startswith("call ends"))
            assert call_ended < events.index("cleanup of the call")
        told = [*logged, *self._told_by_the_run()]
        failed = self._fails and "call begins" in events
        assert len(told) == failed, "a failure is told of once, by the run or by the log"

    def _check_ending(self) -> None:
        if self.was_cancelled:
            assert isinstance(self.error, asyncio.CancelledError)
        elif self._fails:
            assert isinstance(self.error, SdaxExecutionError)
        else:
            assert self.error is None

    def _told_by_the_run(self) -> list[str]:
        if isinstance(self.error, SdaxExecutionError):
            return [repr(failure) for failure in self.error.failures]
        return [line for line in notes(self.error).splitlines() if "LookupError: late" in line]


@pytest.mark.guarantee("42.4", "42.5", "42.6")
@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("phase", ["pre_execute", "execute", "post_execute"])
@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("fails", [False, True])
def test_a_cancel_at_any_step_leaves_everything_in_order(
    caplog: pytest.LogCaptureFixture, factory: Factory | None, phase: str, waits: bool, fails: bool
) -> None:
    stories: list[Story] = []
    while not stories or stories[-1].was_cancelled:
        caplog.clear()
        story = Story(phase, waits=waits, fails=fails)
        stories.append(story)
        with caplog.at_level(logging.WARNING):
            run(story.run(len(stories)), factory=factory)
        story.check([record.getMessage() for record in caplog.records])

    # Every kind of ending was met, or the test has seen less than it claims.
    assert any(story.is_abandoned for story in stories) is not waits
    assert any(
        "call begins" not in story.events and "db opened" in story.events for story in stories
    ) or (phase == "post_execute")
    assert any(", cancelled" in event for story in stories for event in story.events)

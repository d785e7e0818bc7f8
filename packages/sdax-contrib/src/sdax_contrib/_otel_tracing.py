"""Spans of runs: an observer that makes them, and that makes them current where the functions run."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from contextvars import Token
from dataclasses import dataclass, field
from typing import TypeAlias

from sdax_core import Attempt, FunctionCall, Observer, PhaseId, RunHandle

from sdax_contrib._otel_api import (
    SCOPE,
    Context,
    Link,
    Span,
    SpanContext,
    Status,
    StatusCode,
    TracerProvider,
    attach,
    detach,
    get_tracer,
    set_span_in_context,
)
from sdax_contrib._telemetry_names import TaskNamer, checked_namer, error_type, shown, text_of

_Attribute: TypeAlias = str | bool | int | float

MOST_LINKS = 32
"""Links that the span of one function has at most: to those that ended last."""


@dataclass(slots=True)
class _TracedRun:
    span: Span
    ended: dict[tuple[PhaseId, Hashable], SpanContext] = field(
        default_factory=dict[tuple[PhaseId, Hashable], SpanContext]
    )
    """The spans of the functions that have ended, for links."""


class _Current:
    """A span that is the current one until it ends."""

    __slots__ = ("_token", "span")

    def __init__(self, span: Span) -> None:
        self.span = span
        self._token: Token[Context] = attach(set_span_in_context(span))

    def end(self, outcome: str | None, error: BaseException | None) -> None:
        detach(self._token)
        _end(self.span, outcome, error, has_failed=outcome == "failed")


class Tracing(Observer):
    """Makes spans of runs: `build(observers=[Tracing()])`, or for one run `process_tasks(ctx, observers=[Tracing()])`.

    - `sdax.run`: a run with its cleanup, a child of the span that is current where it begins.
    - `execute charge`, for the phase and the task: a function with all its attempts, a child of the run's span, with
      links to the spans of the functions that it waited for (the last 32, in the order in which they ended).
    - `attempt 2`, and so on: each attempt after the first, a child of the function's span.

    While a function runs, the innermost of these is the current span: those that the function, its interceptors or
    instrumented libraries make are its children. One object serves any number of runs at once.

    Args:
        tracer_provider: Makes the tracer; by default the global one.
        task_name: Gives a task its name in spans, from its key after those of the tasks that its run is nested in; by
            default these as text. For keys that must not be shown, or of which there are too many.

    Raises:
        TypeError: `task_name` cannot be called.
    """

    __slots__ = ("_attempts", "_calls", "_name", "_runs", "_tracer")

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        *,
        task_name: TaskNamer | None = None,
    ) -> None:
        self._name = checked_namer(task_name)
        self._tracer = get_tracer(SCOPE, tracer_provider=tracer_provider)
        self._runs: dict[RunHandle, _TracedRun] = {}
        self._calls: dict[FunctionCall, _Current] = {}
        self._attempts: dict[Attempt, _Current] = {}

    def run_started(self, run: RunHandle, /) -> None:
        """Begin the span of a run."""
        span = self._tracer.start_span("sdax.run")
        if span.get_span_context().is_valid:  # else no SDK is there, and nobody would see anything
            span.set_attribute("sdax.run.id", run.id)
            self._runs[run] = _TracedRun(span)

    def run_ended(self, run: RunHandle, error: BaseException | None, /) -> None:
        """End it. A run whose caller has cancelled it has not failed; one that reached its deadline has."""
        traced = self._runs.pop(run, None)
        if traced is None:
            return
        cause = run.cancel_cause
        if cause is not None:
            traced.span.set_attribute("sdax.cancel.cause", cause.kind)
        has_failed = error is not None and not isinstance(error, asyncio.CancelledError)
        _end(traced.span, run.outcome, error, has_failed=has_failed)

    def function_started(self, call: FunctionCall, /) -> None:
        """Begin the span of a function, and make it the current one."""
        traced = self._runs.get(call.run)
        if traced is None:
            return
        name = self._name(call.path)
        span = self._tracer.start_span(
            f"{call.phase} {name}",
            context=set_span_in_context(traced.span),
            attributes={
                "sdax.run.id": call.run.id,
                "sdax.task.name": name,
                "sdax.phase": call.phase.value,
            },
            links=_links(call, traced),
        )
        self._calls[call] = _Current(span)

    def function_ended(self, call: FunctionCall, /) -> None:
        """End it. It is one of an error if no attempt has succeeded."""
        current = self._calls.pop(call, None)
        if current is None:
            return
        span = current.span
        span.set_attribute("sdax.attempts", call.attempts)
        if call.cancel_cause is not None:
            span.set_attribute("sdax.cancel.cause", call.cancel_cause.kind)
        if call.outcome == "failed" and call.error is not None:
            _record_exception(span, call.error)
        current.end(call.outcome, call.error)
        self._runs[call.run].ended[call.phase, call.task] = span.get_span_context()

    def attempt_started(self, attempt: Attempt, /) -> None:
        """Begin the span of an attempt after the first, and make it the current one."""
        if attempt.number > 1 and attempt.call in self._calls:
            span = self._tracer.start_span(
                f"attempt {attempt.number}", attributes={"sdax.attempt": attempt.number}
            )
            self._attempts[attempt] = _Current(span)

    def attempt_ended(self, attempt: Attempt, /) -> None:
        """End it."""
        current = self._attempts.pop(attempt, None)
        if current is not None:
            current.end(attempt.outcome, attempt.error)

    def retry_scheduled(self, attempt: Attempt, delay: float, /) -> None:
        """Put the event `sdax.retry` on the function's span."""
        current = self._calls.get(attempt.call)
        if current is not None and attempt.error is not None:
            attributes: dict[str, _Attribute] = {
                "sdax.attempt": attempt.number,
                "sdax.delay": delay,
                "error.type": error_type(attempt.error),
                "exception.message": text_of(attempt.error),
            }
            current.span.add_event("sdax.retry", attributes)

    def task_skipped(self, run: RunHandle, task: Hashable, phase: PhaseId, reason: str, /) -> None:
        """Put the event `sdax.task.skipped` on the run's span."""
        traced = self._runs.get(run)
        if traced is not None:
            name = self._name((*run.path, task))
            attributes = {"sdax.task.name": name, "sdax.phase": phase.value}
            traced.span.add_event("sdax.task.skipped", {**attributes, "sdax.reason": reason})

    def reported(self, attempt: Attempt, name: str, details: Mapping[str, object], /) -> None:
        """Put what an interceptor says on the span of the attempt as an event."""
        current = self._attempts.get(attempt) or self._calls.get(attempt.call)
        if current is not None:
            attributes = {key: _attribute(value) for key, value in details.items()}
            current.span.add_event(name, attributes)


def _links(call: FunctionCall, traced: _TracedRun) -> list[Link]:
    ended = (traced.ended.get((call.phase, task)) for task in call.waited_for[-MOST_LINKS:])
    return [Link(span) for span in ended if span is not None]


def _record_exception(span: Span, error: BaseException) -> None:
    try:
        span.record_exception(error)
    except Exception:  # the text of the error is asked for, and that is the user's
        span.add_event("exception", {"exception.type": error_type(error)})


def _end(span: Span, outcome: str | None, error: BaseException | None, *, has_failed: bool) -> None:
    if outcome is not None:
        span.set_attribute("sdax.outcome", outcome)
    if has_failed and error is not None:
        span.set_attribute("error.type", error_type(error))
        span.set_status(Status(StatusCode.ERROR, text_of(error)))
    span.end()


def _attribute(value: object) -> _Attribute:
    return value if isinstance(value, (str, bool, int, float)) else shown(value)

"""The open scope of a parent, inside which the graphs that name its tasks may run."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from sdax_core._errors import SdaxError

if TYPE_CHECKING:
    from sdax_core._processor import AsyncDagTaskProcessor

_AROUND: ContextVar[tuple[ParentScope, ...]] = ContextVar("sdax_parent_scopes", default=())
"""The scopes that the current context runs in, from the outside in."""


class ScopeError(SdaxError):
    """A graph was to run outside of the scope that it needs (guarantee 43)."""


class ParentScope:
    """What says that the tasks of a processor hold what they acquire.

    For what is built on top of this package: it makes one when it has opened the processor, runs what depends on
    it inside `around()`, and sets `is_open` to `False` when it closes.
    """

    __slots__ = ("is_open", "processor")

    def __init__(self, processor: AsyncDagTaskProcessor[Any, Any]) -> None:
        self.processor: AsyncDagTaskProcessor[Any, Any] = processor
        """The processor that graphs name as their parent."""
        self.is_open: bool = True
        """Whether what its tasks have acquired is there."""

    @contextmanager
    def around(self) -> Generator[None, None, None]:
        """Let what is called inside run graphs whose parent is the processor."""
        token = _AROUND.set((*_AROUND.get(), self))
        try:
            yield
        finally:
            _AROUND.reset(token)


def check_parent_scope(parent: AsyncDagTaskProcessor[Any, Any] | None) -> None:
    """Raise unless an open scope of `parent` is around the caller.

    Raises:
        ScopeError: There is none.
    """
    if parent is None:
        return
    scopes = _AROUND.get()
    if any(scope.processor is parent and scope.is_open for scope in scopes):
        return
    if any(scope.processor is parent for scope in scopes):
        raise ScopeError(
            "the scope of the graph's parent has been closed: what its tasks held is gone"
        )
    where = "in the scope of another one" if scopes else "outside of it"
    raise ScopeError(
        f"the graph depends on tasks of its parent, so it runs in the parent's open scope; it was to run {where}. "
        "Run it with: async with scope(parent, ctx) as app: await app.run(processor, ...)"
    )

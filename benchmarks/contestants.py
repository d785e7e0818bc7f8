"""Who takes part, where its code is, and what its process needs besides."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from benchmarks.work import Contestant

BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Entry:
    """A contestant."""

    name: str
    module: str
    requirements: tuple[str, ...] = ()
    """What is installed for it; with nothing it runs in the environment of this project."""

    def load(self) -> Contestant:
        """Import its code, and with it the library that it uses."""
        return cast("Contestant", import_module(self.module))


AT_HOME = (
    Entry("sdax", "benchmarks.with_sdax"),
    Entry(BY_HAND, "benchmarks.by_hand"),
    Entry("with cleanup", "benchmarks.by_hand_with_cleanup"),
    Entry("eager tasks", "benchmarks.by_hand_eager"),
    Entry("floor", "benchmarks.floor"),
)
PEERS = (
    Entry("sdax 0.7.2", "benchmarks.peers.with_sdax_0_7", ("sdax==0.7.2",)),
    Entry("wave-executor", "benchmarks.peers.with_wave_executor", ("wave-executor==0.3.0",)),
    Entry("aiodag", "benchmarks.peers.with_aiodag", ("aiodag==0.4",)),
    Entry("anyio", "benchmarks.peers.with_anyio", ("anyio==4.16.0",)),
    Entry("pydantic-graph", "benchmarks.peers.with_pydantic_graph", ("pydantic-graph==2.68.0",)),
    Entry("Hamilton", "benchmarks.peers.with_hamilton", ("sf-hamilton==1.90.0",)),
)
BY_NAME = {entry.name: entry for entry in (*AT_HOME, *PEERS)}

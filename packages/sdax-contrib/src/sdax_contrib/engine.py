"""Functions that run somewhere else: the one-method protocol `Engine`, and `on_engine`, which makes a task of it.

`sdax_contrib.anyio` and `sdax_contrib.dask` are engines. Others take a dozen lines.
"""

from sdax_contrib._engine import Engine, call_was_left, on_engine

__all__ = ["Engine", "call_was_left", "on_engine"]

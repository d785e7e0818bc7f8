"""Killable processes by anyio: `on_process(function, args=..., into=...)`.

Needs `pip install 'sdax-contrib[anyio]'`.
"""

from sdax_contrib._anyio import KillableProcesses, on_process

__all__ = ["KillableProcesses", "on_process"]

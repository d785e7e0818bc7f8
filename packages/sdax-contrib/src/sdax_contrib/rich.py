"""Live progress of runs in a terminal: `process_tasks(ctx, observers=[LiveProgress()])`.

Needs `pip install 'sdax-contrib[rich]'`.
"""

from sdax_contrib._rich import LiveProgress

__all__ = ["LiveProgress"]

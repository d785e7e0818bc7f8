"""Log entries that say which attempt they come from: `build(interceptors=[bind_attempt])`.

Needs `pip install 'sdax-contrib[structlog]'`.
"""

from sdax_contrib._structlog import bind_attempt

__all__ = ["bind_attempt"]

"""Starlette: an application graph as the lifespan, and answers for runs that fail.

`Starlette(lifespan=lifespan(application, App), exception_handlers=exception_handlers())`; an endpoint then writes
`await open_application(request).run(graph, ctx)`. Needs `pip install 'sdax-contrib[starlette]'`.
"""

from sdax_contrib._starlette import lifespan, open_application
from sdax_contrib._starlette_answers import exception_handlers

__all__ = ["exception_handlers", "lifespan", "open_application"]

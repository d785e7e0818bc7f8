"""FastAPI: an application graph as the lifespan, request graphs as dependencies, answers for runs that fail.

```python
app = FastAPI(lifespan=lifespan(application, App), exception_handlers=exception_handlers())


@app.post("/orders")
async def create(order: Annotated[Order, run_graph(place_order, new_order)]) -> Receipt: ...
```

Needs `pip install 'sdax-contrib[fastapi]'`.
"""

from sdax_contrib._fastapi import open_application, run_graph  # isort: skip - it says what to install
from sdax_contrib._starlette import lifespan
from sdax_contrib._starlette_answers import exception_handlers

__all__ = ["exception_handlers", "lifespan", "open_application", "run_graph"]

"""The service: FastAPI around the two graphs, with traces and metrics."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI
from sdax_contrib.fastapi import exception_handlers, lifespan, open_application, run_graph
from sdax_core import Observer
from sdax_helpers import Scope

from fastapi_service.hang_up import CancelOnHangUp
from fastapi_service.place_order import App, Order, application, place_order


def create(database: Path, payment_service: str, observers: Iterable[Observer] = ()) -> FastAPI:
    """Make the service. The observers see the runs of all requests."""

    def new_app() -> App:
        return App(database=database, payment_service=payment_service)

    async def new_order(
        order_id: str, item: str, opened: Annotated[Scope[App], Depends(open_application)]
    ) -> Order:
        return Order(app=opened.ctx, id=order_id, item=item)

    placing = run_graph(place_order, new_order, timeout=5.0, observers=observers)
    api = FastAPI(
        lifespan=lifespan(application, new_app),
        exception_handlers=exception_handlers(),
    )
    api.add_middleware(CancelOnHangUp)

    @api.put("/orders/{order_id}", status_code=201)
    async def put(order: Annotated[Order, placing]) -> dict[str, int]:
        return {"cents": order.cents}

    @api.get("/health")
    async def health(opened: Annotated[Scope[App], Depends(open_application)]) -> dict[str, int]:
        pool = opened.ctx.pool
        return {"in_flight": opened.in_flight, "connections_in_use": pool.in_use}

    _ = (put, health)
    return api

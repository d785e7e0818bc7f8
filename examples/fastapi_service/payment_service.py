"""Another team's service: slow at times, broken at times, and once down altogether."""

import asyncio
import random
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class PaymentService:
    """What it knows. Payments are by order, so that the same may be sent twice."""

    rng: random.Random
    is_down: bool = False
    paid: dict[str, int] = field(default_factory=dict[str, int])
    taken_back: set[str] = field(default_factory=set[str])
    calls: int = 0

    async def get_price(self, request: Request) -> Response:
        return await self._troubled() or JSONResponse(1250)

    async def put_payment(self, request: Request) -> Response:
        trouble = await self._troubled()
        if trouble is not None:
            return trouble
        order = request.path_params["order"]
        if order in self.taken_back:  # the refund has overtaken the payment
            return JSONResponse("taken back", 409)
        self.paid[order] = int(request.query_params["cents"])  # whether or not the caller waits
        if self.rng.random() < 0.05:  # it is paid, but the answer gets lost
            return JSONResponse("trouble", 503)
        return JSONResponse("paid")

    async def delete_payment(self, request: Request) -> Response:
        trouble = await self._troubled()
        if trouble is not None:
            return trouble
        order = request.path_params["order"]
        self.taken_back.add(order)
        self.paid.pop(order, None)
        return JSONResponse("taken back")

    async def _troubled(self) -> Response | None:
        self.calls += 1
        await asyncio.sleep(self.rng.expovariate(1 / 0.01))
        if self.is_down or self.rng.random() < 0.05:
            return JSONResponse("trouble", 503)
        return None

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/prices/{item}", self.get_price),
                Route("/payments/{order}", self.put_payment, methods=["PUT"]),
                Route("/payments/{order}", self.delete_payment, methods=["DELETE"]),
            ]
        )

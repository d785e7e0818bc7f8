"""Serves the shop of the tutorial, calls it, and stops it."""

import asyncio
import logging

import httpx2
from tutorial_web_service import api
from web_serving import serving


async def main() -> None:
    logging.getLogger("sdax").addHandler(logging.NullHandler())  # it gets the tracebacks
    async with serving(api) as address, httpx2.AsyncClient(trust_env=False) as client:
        for item in ("lamp", "unicorn", "vase"):
            response = await client.post(f"{address}/orders?item={item}")
            print(f"  POST /orders?item={item} -> {response.status_code} {response.text}")


if __name__ == "__main__":
    asyncio.run(main())

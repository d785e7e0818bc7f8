"""The demo's HTTP service: a process that answers many at once, and ends with its owner."""

import asyncio
import contextlib
import sys

import httpx2
import pytest
from sdax._demo import service_process
from sdax._demo.service_process import running_service

CLIENTS = 200
"""Three times what the slots allow, within the number of sockets that any system gives a process."""
PATIENCE = 60


def test_a_service_that_does_not_start_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_process, "COMMAND", [sys.executable, "-c", ""])
    with pytest.raises(RuntimeError) as caught, running_service():
        pytest.fail("there is no service")
    assert str(caught.value) == "the demo's HTTP service did not start"


def test_the_service_ends_with_the_block_that_failed() -> None:
    with contextlib.suppress(ZeroDivisionError), running_service() as service:
        assert service.exit_code is None
        raise ZeroDivisionError
    assert service.exit_code == 0


def test_without_a_session_the_shop_answers_nobody() -> None:
    with running_service() as service, httpx2.Client(base_url=service.url) as client:
        assert client.get("/flags").status_code == 401
        token = client.put("/sessions/1").json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/flags", headers=headers).json() == {"price_list": "spring"}
        client.delete("/sessions/1")
        assert client.get("/flags", headers=headers).status_code == 401


def test_trouble_lasts_as_long_as_its_block() -> None:
    with running_service() as service, httpx2.Client(base_url=service.url) as client:
        token = client.put("/sessions/1").json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        with service.trouble("prices-fail"):
            assert client.get("/prices/spring/lamp").status_code == 503
        assert client.get("/prices/spring/lamp").json() == 2000


def test_many_connections_at_once_are_all_answered() -> None:
    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /flags HTTP/1.1\r\nHost: shop\r\n\r\n")
        status = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return status

    async def ask_all(port: int) -> set[bytes]:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(port)) for _ in range(CLIENTS)]
        return {task.result() for task in tasks}

    with running_service() as service:
        statuses = asyncio.run(ask_all(int(service.url.rpartition(":")[2])))
    assert statuses == {b"HTTP/1.1 401 Unauthorized\r\n"}

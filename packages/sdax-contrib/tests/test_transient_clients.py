"""Clients that the development environment has not, to keep it small, have the errors that `test_transient.py` says.

Install them to run this: `pip install aiohttp asyncpg grpcio httpx psycopg[binary]`.
"""

import importlib
from typing import Any

import pytest
from sdax_contrib import transient
from sdax_contrib.retry import retry_after


def client(name: str) -> Any:
    reason = f"{name} is not in the development environment, to keep that small"
    return pytest.importorskip(name, reason=reason, exc_type=ImportError)


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_httpx(library: str) -> None:
    httpx = client(library)
    assert transient.http(httpx.ReadTimeout("")) is True
    assert transient.http(httpx.ConnectError("")) is True
    assert transient.http(httpx.UnsupportedProtocol("")) is False
    request = httpx.Request("GET", "http://localhost")
    answer = httpx.Response(503, headers={"retry-after": "3"}, request=request)
    error = httpx.HTTPStatusError("", request=request, response=answer)
    assert transient.http(error) is True
    assert retry_after(error, jitter=0) == 3.0


def test_aiohttp() -> None:
    aiohttp = client("aiohttp")
    key: Any = None
    for kind in (aiohttp.ServerDisconnectedError, aiohttp.ServerTimeoutError):
        assert transient.http(kind()) is True
    assert transient.http(aiohttp.ClientConnectorError(key, OSError(1, "refused"))) is True
    assert transient.http(aiohttp.ClientConnectorSSLError(key, OSError(1, "ssl"))) is False
    assert transient.http(aiohttp.ClientPayloadError()) is True
    assert transient.http(aiohttp.InvalidURL("x")) is False
    headers = importlib.import_module("multidict").CIMultiDict({"retry-after": "3"})
    for status, expected in [(503, True), (404, False)]:
        error = aiohttp.ClientResponseError(key, (), status=status, headers=headers)
        assert transient.http(error) is expected
        assert retry_after(error, jitter=0) == 3.0
    assert retry_after(aiohttp.ClientResponseError(key, (), status=503)) is None


def test_psycopg() -> None:
    psycopg = client("psycopg")
    assert transient.postgres(psycopg.errors.SerializationFailure()) is True
    assert transient.postgres(psycopg.errors.DeadlockDetected()) is True
    assert transient.postgres(psycopg.errors.AdminShutdown()) is True
    assert transient.postgres(psycopg.OperationalError()) is True
    assert transient.postgres(psycopg.errors.ConnectionTimeout()) is True
    assert transient.postgres(psycopg.errors.UniqueViolation()) is False
    assert transient.postgres(psycopg.errors.QueryCanceled()) is False


def test_psycopg_finds_no_server() -> None:
    psycopg = client("psycopg")
    with pytest.raises(psycopg.OperationalError) as raised:
        psycopg.connect("host=127.0.0.1 port=1 connect_timeout=2")
    assert transient.postgres(raised.value) is True


def test_asyncpg() -> None:
    asyncpg = client("asyncpg")
    assert transient.postgres(asyncpg.SerializationError()) is True
    assert transient.postgres(asyncpg.TooManyConnectionsError()) is True
    assert transient.postgres(asyncpg.ConnectionDoesNotExistError()) is True
    assert transient.postgres(asyncpg.UniqueViolationError()) is False


def test_grpc() -> None:
    grpc = client("grpc")
    metadata = importlib.import_module("grpc.aio").Metadata

    def error(code: Any, *trailing: tuple[str, str]) -> Exception:
        raised: Exception = grpc.aio.AioRpcError(code, metadata(), metadata(*trailing))
        return raised

    busy = error(grpc.StatusCode.UNAVAILABLE, ("grpc-retry-pushback-ms", "1500"))
    assert transient.grpc(busy) is True
    assert retry_after(busy, jitter=0) == 1.5
    never = error(grpc.StatusCode.UNAVAILABLE, ("grpc-retry-pushback-ms", "-1"))
    assert transient.grpc(never) is False
    assert transient.grpc(error(grpc.StatusCode.INVALID_ARGUMENT)) is False


def test_grpc_finds_no_server() -> None:
    grpc = client("grpc")
    with grpc.insecure_channel("127.0.0.1:1") as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary("/service/method")(b"", timeout=20)
    assert transient.grpc(raised.value) is True

"""Classifiers of transient errors, with the errors of the real clients.

httpx2, requests, redis, SQLAlchemy and SQLite are in the development environment, and their errors are provoked or
made. The others are large: their errors are stood in for by classes with the same names and attributes, and
`test_transient_clients.py` holds against the real ones that these are right, where they are installed.
"""

import asyncio
import random
import sqlite3
import urllib.error
from contextlib import closing, suppress
from email.message import Message
from typing import Any

import httpx2
import pytest
import redis
import redis.exceptions
import redis.sentinel
import requests
import sqlalchemy.exc
from sdax_contrib import transient
from sdax_contrib.retry import Constant, Retry
from sdax_contrib.transient import Classifier
from sdax_core import RetryableException

Cases = list[tuple[Exception, bool]]
RNG = random.Random(0)
CLASSIFIERS = [
    transient.http,
    transient.postgres,
    transient.redis,
    transient.sqlalchemy,
    transient.grpc,
]
DB_ERROR: Any = sqlalchemy.exc.OperationalError


def class_of(module: str, name: str, *bases: type[Exception], **attributes: Any) -> Any:
    """A class that says that it comes from `module`."""
    return type(name, bases or (Exception,), {"__module__": module, **attributes})


def response(library: Any, status: int) -> Exception:
    if library is requests:
        answer = requests.Response()
        answer.status_code = status
        return requests.HTTPError(response=answer)
    request = library.Request("GET", "http://localhost")
    error: Exception = library.HTTPStatusError(
        "", request=request, response=library.Response(status, request=request)
    )
    return error


AIOHTTP = "aiohttp.client_exceptions"
CLIENT_CONNECTION = class_of(AIOHTTP, "ClientConnectionError")
CLIENT_SSL = class_of(AIOHTTP, "ClientSSLError", CLIENT_CONNECTION)
CLIENT_RESPONSE = class_of(AIOHTTP, "ClientResponseError", status=503)
HTTP_ERRORS: Cases = [
    *[(response(httpx2, status), True) for status in (408, 425, 429, 500, 502, 503, 504)],
    *[(response(httpx2, status), False) for status in (301, 400, 401, 404, 409, 501, 505)],
    (response(requests, 503), True),
    (response(requests, 404), False),
    (httpx2.ConnectTimeout(""), True),
    (httpx2.ReadTimeout(""), True),
    (httpx2.PoolTimeout(""), True),
    (httpx2.ConnectError(""), True),
    (httpx2.ReadError(""), True),
    (httpx2.RemoteProtocolError(""), True),
    (httpx2.LocalProtocolError(""), False),
    (httpx2.UnsupportedProtocol(""), False),
    (httpx2.InvalidURL(""), False),
    (requests.ConnectionError(), True),
    (requests.ReadTimeout(), True),
    (requests.exceptions.ChunkedEncodingError(), True),
    (requests.exceptions.SSLError(), False),
    (requests.exceptions.InvalidURL(), False),
    (class_of("httpx", "ReadTimeout", class_of("httpx", "TimeoutException"))(), True),
    (class_of(AIOHTTP, "ClientOSError", CLIENT_CONNECTION, OSError)(), True),
    (class_of(AIOHTTP, "ClientConnectorSSLError", CLIENT_SSL)(), False),
    (class_of(AIOHTTP, "ClientPayloadError")(), True),
    (CLIENT_RESPONSE(), True),
    (class_of(AIOHTTP, "ContentTypeError", CLIENT_RESPONSE, status=200)(), False),
    (urllib.error.HTTPError("http://localhost", 502, "", Message(), None), True),
    (urllib.error.HTTPError("http://localhost", 404, "", Message(), None), False),
    (class_of("mine", "ReadTimeout")(), False),
]

POSTGRES_OPERATIONAL = class_of("psycopg", "OperationalError", sqlstate=None)
POSTGRES_ERRORS: Cases = [
    *[
        (class_of("psycopg.errors", "AnyError", POSTGRES_OPERATIONAL, sqlstate=state)(), expected)
        for state, expected in [
            ("08006", True),
            ("40001", True),
            ("40P01", True),
            ("40002", False),
            ("53300", True),
            ("57P01", True),
            ("57014", False),
            ("23505", False),
            ("42601", False),
        ]
    ],
    (POSTGRES_OPERATIONAL(), True),
    (class_of("psycopg_pool.errors", "PoolTimeout", POSTGRES_OPERATIONAL)(), True),
    (class_of("psycopg_pool", "PoolClosed", POSTGRES_OPERATIONAL)(), False),
    (class_of("psycopg", "InterfaceError", sqlstate=None)(), False),
    (class_of("asyncpg.exceptions", "TooManyConnectionsError", sqlstate="53300")(), True),
    (class_of("asyncpg.exceptions", "UniqueViolationError", sqlstate="23505")(), False),
    (class_of("psycopg2.errors", "DeadlockDetected", pgcode="40P01")(), True),
    (class_of("psycopg2", "OperationalError", pgcode=None)(), True),
]

REDIS_ERRORS: Cases = [
    (redis.ConnectionError(), True),
    (redis.TimeoutError(), True),
    (redis.BusyLoadingError(), True),
    (redis.ReadOnlyError(), True),
    (redis.exceptions.ClusterDownError(""), True),
    (redis.exceptions.TryAgainError(), True),
    (redis.sentinel.MasterNotFoundError(), True),
    (redis.AuthenticationError(), False),
    (redis.exceptions.AuthorizationError(), False),
    (redis.ResponseError(), False),
    (redis.WatchError(), False),
    (class_of("valkey.exceptions", "ConnectionError")(), True),
]


def by_driver(original: Exception, invalidated: bool = False) -> Exception:
    error: Exception = DB_ERROR("select 1", {}, original, connection_invalidated=invalidated)
    return error


def locked_sqlite() -> Exception:
    """A database that really is locked."""
    uri = "file:test_transient?mode=memory&cache=shared"
    with closing(sqlite3.connect(uri, uri=True)) as first:
        first.execute("create table t (x)")
        first.commit()
        first.execute("insert into t values (1)")
        with closing(sqlite3.connect(uri, uri=True)) as second:
            try:
                second.execute("select * from t")
            except sqlite3.OperationalError as error:
                return error
    raise AssertionError("the database was not locked")


SQLALCHEMY_ERRORS: Cases = [
    (sqlalchemy.exc.TimeoutError(), True),
    (by_driver(Exception("server has gone away"), invalidated=True), True),
    (by_driver(POSTGRES_OPERATIONAL()), True),
    (by_driver(class_of("asyncpg", "SerializationError", sqlstate="40001")()), True),
    (by_driver(locked_sqlite()), True),
    (by_driver(sqlite3.OperationalError("no such table")), False),
    (sqlalchemy.exc.IntegrityError("insert", {}, sqlite3.IntegrityError()), False),
    (sqlalchemy.exc.ArgumentError(), False),
]

RPC = class_of("grpc", "RpcError")


class Code:
    def __init__(self, name: str) -> None:
        self.name = name


def rpc(name: str, pushback: str | None = None) -> Exception:
    error: Exception = class_of("grpc.aio._call", "AioRpcError", RPC)()
    trailing = () if pushback is None else (("grpc-retry-pushback-ms", pushback),)
    vars(error).update(code=lambda: Code(name), trailing_metadata=lambda: trailing)
    return error


GRPC_ERRORS: Cases = [
    (rpc("UNAVAILABLE"), True),
    (rpc("DEADLINE_EXCEEDED"), True),
    (rpc("RESOURCE_EXHAUSTED"), True),
    (rpc("ABORTED"), True),
    (rpc("INVALID_ARGUMENT"), False),
    (rpc("INTERNAL"), False),
    (rpc("UNAVAILABLE", pushback="-1"), False),
    (rpc("UNAVAILABLE", pushback="250"), True),
    (RPC(), False),
]


@pytest.mark.parametrize(
    ("classifier", "error", "expected"),
    [
        pytest.param(classifier, error, expected, id=f"{classifier!r} {error!r}")
        for classifier, cases in zip(
            CLASSIFIERS,
            [HTTP_ERRORS, POSTGRES_ERRORS, REDIS_ERRORS, SQLALCHEMY_ERRORS, GRPC_ERRORS],
            strict=True,
        )
        for error, expected in cases
    ],
)
def test_an_error_is_transient_or_not(
    classifier: Classifier, error: Exception, expected: bool
) -> None:
    assert classifier(error) is expected


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=repr)
def test_each_says_yes_to_what_a_plain_function_tries_again(classifier: Classifier) -> None:
    for error in (TimeoutError(), ConnectionResetError(), RetryableException()):
        assert classifier(error) is True
    assert classifier(ValueError()) is False


class MoodyServer:
    """A server of three moods, by path: busy, hanging up, and too slow."""

    def __init__(self) -> None:
        self.has_ended = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
            if path == b"/busy":
                writer.write(b"HTTP/1.1 503 Busy\r\nRetry-After: 20\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
            elif path == b"/slow":
                await reader.read()  # until the client gives up
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self.has_ended.set()


@pytest.mark.parametrize("path", ["busy", "hang-up", "slow"])
def test_the_errors_of_a_real_server_and_a_real_client(path: str) -> None:
    async def provoke() -> Exception:
        moody = MoodyServer()
        server = await asyncio.start_server(moody.answer, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        error: Exception | None = None
        async with server:
            async with httpx2.AsyncClient(timeout=0.2, trust_env=False) as client:
                try:
                    (await client.get(f"http://{host}:{port}/{path}")).raise_for_status()
                except Exception as raised:
                    error = raised
            async with asyncio.timeout(30):
                await moody.has_ended.wait()
        assert error is not None
        return error

    error = asyncio.run(provoke())
    assert transient.http(error) is True
    delay = Retry(2, Constant(1), on=transient.http).decide(1, error, 0.0, None, RNG)
    assert delay is not None
    assert (20 <= delay <= 22) if path == "busy" else delay == 1


def test_a_server_that_is_not_there() -> None:
    async def provoke() -> Exception:
        server = await asyncio.start_server(MoodyServer().answer, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        server.close()
        await server.wait_closed()
        async with httpx2.AsyncClient(trust_env=False) as client:
            try:
                await client.get(f"http://{host}:{port}/")
            except Exception as error:
                return error
        raise AssertionError("the request succeeded")

    assert transient.http(asyncio.run(provoke())) is True


def in_three_seconds(error: Exception) -> float:
    return 3.0


EITHER = transient.http | transient.redis


def test_classifiers_compose() -> None:
    assert EITHER(redis.ConnectionError()) is True
    assert EITHER(httpx2.ReadError("")) is True
    assert EITHER(KeyError()) is False
    assert (EITHER | KeyError)(KeyError()) is True
    assert (EITHER | (KeyError, OSError))(OSError()) is True
    assert (EITHER | in_three_seconds)(KeyError()) == 3.0
    assert (KeyError | transient.http)(KeyError()) is True  # type: ignore[operator]
    assert ((KeyError, OSError) | transient.http)(OSError()) is True
    assert repr(EITHER | KeyError) == "(transient.http | transient.redis | KeyError)"


def test_a_composed_classifier_opens_groups_whose_errors_are_of_different_kinds() -> None:
    group = ExceptionGroup("", [redis.ConnectionError(), httpx2.ReadError("")])
    assert transient.http(group) is False
    assert EITHER(group) is True
    assert EITHER(ExceptionGroup("", [group, ValueError()])) is False


def test_the_longest_wait_that_a_part_names_counts() -> None:
    parts = Classifier(ValueError, lambda error: 2.0, lambda error: 5.0, lambda error: False)
    assert parts(ValueError()) == 5.0


def test_classifiers_are_values() -> None:
    assert transient.http | KeyError == transient.http | KeyError
    assert hash(transient.http | KeyError) == hash(transient.http | KeyError)
    assert transient.http != transient.redis
    assert transient.http != "transient.http"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Classifier(), ValueError, "a classifier needs at least one"),
        (lambda: Classifier("x"), TypeError, "on must be an exception class"),  # type: ignore[arg-type]
        (lambda: transient.http | 3, TypeError, "on must be .*got 3"),  # type: ignore[operator]
        (lambda: transient.http | int, TypeError, "on must be .*got <class 'int'>"),
    ],
)
def test_a_bad_part_is_named(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()

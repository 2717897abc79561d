"""HTTP: connections that stay, HTTP/2, health, and what strangers may send."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from blackbox.wire import CONTENT_TYPE, Scope, Wire, exchange_on


def signed(wire: Wire, operation: str, body: bytes) -> dict[str, str]:
    target = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": f"TrentService.{operation}"}
    return wire.sign(body, target)


def test_a_connection_serves_many_requests(wire: Wire) -> None:
    connection = wire.connect()
    connection.connect()
    first = connection.sock
    for _ in range(20):
        answer = exchange_on(connection, "POST", "/", signed(wire, "ListKeys", b"{}"), b"{}")
        assert answer.status == 200
    assert connection.sock is first, "the server closed the connection"
    connection.close()


def test_a_refusal_does_not_close_the_connection(wire: Wire) -> None:
    connection = wire.connect()
    connection.connect()
    first = connection.sock
    for body in [b"{", b'{"KeyId":"alias/absent"}', b"{}"]:
        answer = exchange_on(connection, "POST", "/", signed(wire, "DescribeKey", body), body)
        assert answer.status == 400
    assert connection.sock is first
    connection.close()


def test_http_2_is_spoken_to_whoever_begins_with_it(wire: Wire) -> None:
    with httpx.Client(http1=False, http2=True, base_url=wire.endpoint, trust_env=False) as client:
        for _ in range(5):
            headers = signed(wire, "GenerateRandom", b'{"NumberOfBytes":4}')
            answer = client.post("/", headers=headers, content=b'{"NumberOfBytes":4}')
            assert (answer.status_code, answer.http_version) == (200, "HTTP/2")
        headers = signed(wire, "ListKeys", b"{}") | {"X-Amz-Target": "TrentService.CreateKey"}
        answer = client.post("/", headers=headers, content=b"{}")
        assert answer.json()["__type"] == "InvalidSignatureException"


def test_many_streams_share_one_http_2_connection(wire: Wire) -> None:
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(
        http1=False, http2=True, base_url=wire.endpoint, limits=limits, trust_env=False
    ) as client:

        def call(_: int) -> int:
            headers = signed(wire, "ListKeys", b"{}")
            return client.post("/", headers=headers, content=b"{}").status_code

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(call, range(100))) == {200}


def test_many_clients_are_served_at_once(deployment: Any, kms: Any, key: Any) -> None:
    client = deployment.client(max_pool_connections=16)

    def round_trip(n: int) -> bool:
        plaintext = str(n).encode()
        blob = client.encrypt(KeyId=key["KeyId"], Plaintext=plaintext)["CiphertextBlob"]
        return client.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(round_trip, range(200)))


def test_health_needs_no_signature_and_tells_nothing(wire: Wire) -> None:
    for path in ["/health/live", "/health/ready"]:
        answer = wire.exchange("GET", path, {}, b"")
        assert answer.status == 200
        assert len(answer.body) < 64


@pytest.mark.parametrize("path", ["/", "/metrics", "/admin", "/health", "/../etc/passwd", "/%00"])
def test_there_is_nothing_else_to_get(wire: Wire, path: str) -> None:
    assert wire.exchange("GET", path, {}, b"").status == 404


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 100_000,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100,
    ],
    ids=[
        "zeros",
        "version",
        "headers",
        "negative length",
        "two lengths",
        "bad chunk",
        "chunked and length",
        "broken HTTP/2",
        "TLS hello",
    ],
)
def test_garbage_is_refused_and_hurts_nobody(deployment: Any, wire: Wire, garbage: bytes) -> None:
    with socket.create_connection(deployment.address, timeout=30) as stream:
        try:
            stream.sendall(garbage)
            stream.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := stream.recv(65536):
                answer += piece
        except OSError:
            # The server closed before it was told everything.
            answer = b""
    assert b" 200 " not in answer.split(b"\r\n", 1)[0]
    assert wire.call("ListKeys").status == 200


def test_a_chunked_body_is_as_good_as_one_of_known_length(wire: Wire) -> None:
    body = b'{"NumberOfBytes":4}'
    headers = signed(wire, "GenerateRandom", body) | {"Transfer-Encoding": "chunked"}
    connection = wire.connect()
    connection.request("POST", "/", iter([body[:5], body[5:]]), headers, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_body_of_no_end_is_cut_off(wire: Wire) -> None:
    def endless() -> Any:
        for _ in range(64):
            yield b" " * 65536

    headers = wire.sign(b"{}", {"X-Amz-Target": "TrentService.ListKeys"}, scope=Scope(wire.region))
    headers |= {"Content-Type": CONTENT_TYPE, "Transfer-Encoding": "chunked"}
    connection = wire.connect()
    try:
        connection.request("POST", "/", endless(), headers, encode_chunked=True)
    except (BrokenPipeError, ConnectionResetError):
        pass
    try:
        assert connection.getresponse().status in (400, 413)
    except (ConnectionResetError, BrokenPipeError):
        pass
    connection.close()
    assert wire.call("ListKeys").status == 200

"""Requests made by hand: what no SDK would send, signed or not.

The signature here is written after the published description of Signature Version 4 and shares
nothing with the SDKs, so that each part of it can be wrong on purpose.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
CONTENT_TYPE = "application/x-amz-json-1.1"


@dataclass(frozen=True)
class Credentials:
    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True)
class Scope:
    """When and for what a request is signed."""

    region: str
    service: str = "kms"
    at: datetime | None = None
    date: str | None = None
    terminator: str = "aws4_request"

    def timestamp(self) -> str:
        at = self.at or datetime.now(UTC)
        return at.strftime("%Y%m%dT%H%M%SZ")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def signature(secret: str, scope: str, timestamp: str, canonical_request: str) -> str:
    """The signature of a canonical request."""
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    digest = hashlib.sha256(canonical_request.encode()).hexdigest()
    text = "\n".join([ALGORITHM, timestamp, scope, digest])
    return hmac.digest(key, text.encode(), "sha256").hex()


def canonical(method: str, query: str, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """The canonical request over these headers, and their names."""
    lines = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join(name for name, _ in lines)
    block = "".join(f"{name}:{value}\n" for name, value in lines)
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join([method, "/", query, block, names, digest]), names


def encode_query(parameters: dict[str, str]) -> str:
    """A canonical query string."""
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parameters.items()
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


@dataclass
class Wire:
    endpoint: str
    credentials: Credentials
    region: str
    trust: Any = True

    def call(
        self,
        operation: str,
        body: Any = None,
        *,
        credentials: Credentials | None = None,
        scope: Scope | None = None,
        extra: dict[str, str] | None = None,
    ) -> Answer:
        """A signed request to an operation. `body` is JSON text, bytes, or what becomes JSON."""
        target = {"X-Amz-Target": f"TrentService.{operation}"}
        return self.send(body, target | (extra or {}), credentials=credentials, scope=scope)

    def send(
        self,
        body: Any,
        headers: dict[str, str],
        *,
        credentials: Credentials | None = None,
        scope: Scope | None = None,
    ) -> Answer:
        """A signed request with these headers."""
        payload = to_bytes(body)
        headers = {"Content-Type": CONTENT_TYPE} | headers
        signed = self.sign(payload, headers, credentials=credentials, scope=scope)
        return self.exchange("POST", "/", signed, payload)

    def sign(
        self,
        payload: bytes,
        headers: dict[str, str],
        *,
        credentials: Credentials | None = None,
        scope: Scope | None = None,
    ) -> dict[str, str]:
        """The headers, with those of a signature."""
        credentials, scope = credentials or self.credentials, scope or Scope(self.region)
        timestamp = scope.timestamp()
        headers = headers | {"Host": self.host, "X-Amz-Date": timestamp}
        request, names = canonical("POST", "", headers, payload)
        scope_text = self.scope_text(scope, timestamp)
        signed = signature(credentials.secret_access_key, scope_text, timestamp, request)
        return headers | {
            "Authorization": f"{ALGORITHM} Credential={credentials.access_key_id}/{scope_text}, "
            f"SignedHeaders={names}, Signature={signed}"
        }

    def presign(
        self,
        operation: str,
        payload: bytes,
        *,
        scope: Scope | None = None,
        expires_s: int = 60,
    ) -> tuple[str, dict[str, str]]:
        """The target and headers of a request that carries its signature in the query."""
        scope = scope or Scope(self.region)
        timestamp = scope.timestamp()
        scope_text = self.scope_text(scope, timestamp)
        headers = {
            "Host": self.host,
            "Content-Type": CONTENT_TYPE,
            "X-Amz-Target": f"TrentService.{operation}",
        }
        query = {
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.credentials.access_key_id}/{scope_text}",
            "X-Amz-Date": timestamp,
            "X-Amz-Expires": str(expires_s),
            "X-Amz-SignedHeaders": canonical("POST", "", headers, b"")[1],
        }
        request, _ = canonical("POST", encode_query(query), headers, payload)
        signed = signature(self.credentials.secret_access_key, scope_text, timestamp, request)
        return "/?" + encode_query(query | {"X-Amz-Signature": signed}), headers

    @staticmethod
    def scope_text(scope: Scope, timestamp: str) -> str:
        date = scope.date or timestamp[:8]
        return f"{date}/{scope.region}/{scope.service}/{scope.terminator}"

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint).netloc

    def connect(self) -> http.client.HTTPConnection:
        """A connection of its own."""
        parts = urlsplit(self.endpoint)
        assert parts.hostname and parts.port
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        assert isinstance(self.trust, ssl.SSLContext)
        return http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=30, context=self.trust
        )

    def exchange(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """One request exactly as given, on a connection of its own."""
        connection = self.connect()
        try:
            return exchange_on(connection, method, target, headers, body)
        finally:
            connection.close()


def exchange_on(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    headers: dict[str, str],
    body: bytes,
) -> Answer:
    """One request on an open connection."""
    try:
        connection.request(method, target, body, headers)
    except (BrokenPipeError, ConnectionResetError):
        # The server may answer and close before it took the whole body.
        pass
    response = connection.getresponse()
    names = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, names, response.read())


def to_bytes(body: Any) -> bytes:
    if body is None:
        return b"{}"
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()

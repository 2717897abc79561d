"""Stands between a client that is not ours and the server, and holds every answer to the API model.

The address a client speaks to is part of what it signs. The relay passes it on as it came, so the
server sees the request that the client made.
"""

from __future__ import annotations

import http.client
import http.server
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.model import ServiceModel

from blackbox import model

SERVICE: ServiceModel = botocore.session.Session().get_service_model("kms")
OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}


@dataclass
class Seen:
    """What passed: for each operation `success` and the names of errors."""

    endpoint: str
    answers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    violations: list[str] = field(default_factory=list)

    def note(self, operation: str, status: int, headers: Any, body: bytes) -> None:
        described = SERVICE.operation_model(operation)
        try:
            model.check_headers(headers)
            if status == 200:
                model.check_reply(described, body)
                self.answers[operation].add("success")
            else:
                self.answers[operation].add(model.check_error(status, body, described))
        except AssertionError as error:
            self.violations.append(f"{operation}: {error}")


@contextmanager
def relay(address: tuple[str, int]) -> Iterator[Seen]:
    """Relays to a server on this address, over plain HTTP, until the end of the block."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server = http.client.HTTPConnection(*address, timeout=30)
            try:
                server.putrequest("POST", self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in OF_A_CONNECTION:
                        server.putheader(name, value)
                server.endheaders(body)
                answer = server.getresponse()
                content = answer.read()
            finally:
                server.close()
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            seen.note(operation, answer.status, answer.headers, content)
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in OF_A_CONNECTION:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Says nothing: what matters is noted."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    seen = Seen(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

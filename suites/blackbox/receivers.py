"""Receivers of audit records: of HTTP requests, and of syslog messages over TCP and TLS."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Port:
    """A port of this machine that is ours for good, whether somebody listens on it or not."""

    def __init__(self) -> None:
        self.held = socket.socket()
        self.held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.held.bind(("127.0.0.1", 0))
        self.number = self.held.getsockname()[1]

    def listen(self) -> socket.socket:
        """Until this is closed connections are taken, and from then on refused."""
        return socket.create_server(("127.0.0.1", self.number), reuse_port=True)

    def __del__(self) -> None:
        self.held.close()


@dataclass
class Request:
    """What was posted."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpReceiver:
    """Answers each request with what `answer` says. Nobody listens before it is started."""

    answer: Callable[[Request], int] = lambda _: 200
    requests: list[Request] = field(default_factory=list)
    own: Port = field(default_factory=Port)
    server: ThreadingHTTPServer | None = None

    def start(self) -> HttpReceiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.path, headers, body)
                status = receiver.answer(request)
                receiver.requests.append(request)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.socket.close()
        self.server.socket = self.own.listen()
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.own.number}"


@dataclass
class SyslogReceiver:
    """Reads octet-counted messages from whoever connects."""

    tls: ssl.SSLContext | None = None
    messages: list[str] = field(default_factory=list)
    own: Port = field(default_factory=Port)
    listener: socket.socket | None = None
    streams: list[socket.socket] = field(default_factory=list)

    def start(self) -> SyslogReceiver:
        self.listener = self.own.listen()
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                stream, _ = listener.accept()
                if self.tls is not None:
                    stream = self.tls.wrap_socket(stream, server_side=True)
            except OSError:
                return
            self.streams.append(stream)
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: socket.socket) -> None:
        with stream, stream.makefile("rb") as file:
            try:
                while length := _length(file):
                    self.messages.append(file.read(length).decode())
            except (OSError, ValueError):
                return

    @property
    def port(self) -> int:
        return self.own.number

    def stop(self) -> None:
        """Stops listening and closes every connection."""
        if self.listener is not None:
            # A thread that waits for a connection is not woken by closing alone.
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        for stream in self.streams:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.streams.clear()


def _length(file: Any) -> int:
    digits = b""
    while (byte := file.read(1)) not in (b" ", b""):
        digits += byte
    return int(digits or b"0")

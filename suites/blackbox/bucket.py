"""A bucket: as much of S3 as the validator of the AWS CLI asks for, over a directory on loopback.

The object metadata of a digest stands beside it, in a file of that name and `.metadata.json`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

METADATA = ".metadata.json"
XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
# Few, so that the client has to ask for more pages than one.
KEYS_MAX = 3


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serves the buckets below a directory; the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query, True).items()}
            bucket, _, key = unquote(address.path).removeprefix("/").partition("/")
            if "location" in query:
                self.answer(f"<LocationConstraint {XMLNS}/>".encode())
            elif key:
                self.get(directory / bucket / key)
            else:
                self.answer(listing(directory / bucket, query).encode())

        def get(self, path: Path) -> None:
            if not path.is_file():
                self.answer(
                    b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>", 404
                )
                return
            side = path.with_name(path.name + METADATA)
            metadata = json.loads(side.read_text()) if side.exists() else {}
            headers = {f"x-amz-meta-{name}": value for name, value in metadata.items()}
            self.answer(path.read_bytes(), 200, **headers)

        def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def keys(bucket: Path) -> list[str]:
    """The keys of the objects, in the order that S3 lists them."""
    files = [path for path in bucket.rglob("*") if path.is_file()]
    objects = [path for path in files if not path.name.endswith(METADATA)]
    return sorted(path.relative_to(bucket).as_posix() for path in objects)


def listing(bucket: Path, query: dict[str, str]) -> str:
    """ListObjects: what begins with a prefix and stands behind a marker."""
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    found = [key for key in keys(bucket) if key.startswith(prefix) and key > marker]
    page, rest = found[:KEYS_MAX], found[KEYS_MAX:]
    contents = "".join(f"<Contents><Key>{escape(quote(key))}</Key></Contents>" for key in page)
    return (
        f"<ListBucketResult {XMLNS}><Name>{bucket.name}</Name><EncodingType>url</EncodingType>"
        f"<IsTruncated>{str(bool(rest)).lower()}</IsTruncated>{contents}</ListBucketResult>"
    )

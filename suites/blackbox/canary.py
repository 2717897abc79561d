"""Marked secrets, and the search for them in whatever form they could leak."""

from __future__ import annotations

import base64
import gzip
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_from_bytes

# What is shorter is met by chance.
NEEDLE_BYTES_MIN = 10


@dataclass
class Canaries:
    """Secrets by name."""

    known: dict[str, bytes] = field(default_factory=dict)

    def keep(self, name: str, secret: bytes | str) -> None:
        """A secret that nobody may find. Equal names are told apart."""
        value = secret.encode() if isinstance(secret, str) else bytes(secret)
        assert len(value) >= NEEDLE_BYTES_MIN, name
        if value not in self.known.values():
            self.known[f"{name} {len(self.known)}"] = value

    def make(self, name: str, size: int = 24) -> bytes:
        """A fresh secret."""
        made = secrets.token_bytes(size)
        self.keep(name, made)
        return made

    def found_in(self, data: bytes) -> set[str]:
        """The names of the secrets that these bytes tell."""
        data = unpacked(data)
        return {
            name for name, secret in self.known.items() if any(it in data for it in forms(secret))
        }


def forms(secret: bytes) -> Iterator[bytes]:
    """A secret raw, in hex, percent-encoded, and in base64 wherever it may start."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield quote_from_bytes(secret, safe="").encode()
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret)
        # The characters that what stands before and behind has no part in.
        start, end = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        yield text[start:end]
        yield text[start:end].replace(b"+", b"-").replace(b"/", b"_")


def unpacked(data: bytes) -> bytes:
    """What a gzip file holds; anything else as it is."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        # Random bytes begin like this once in a while.
        return data


def files_below(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, with its path from here. A server that runs makes and removes some meanwhile."""
    for path in sorted(directory.rglob("*")):
        try:
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(directory)), path.read_bytes()
        except FileNotFoundError:
            continue

"""Marked secrets, and the search for them in whatever form they could leak."""

from __future__ import annotations

import base64
import gzip
import re
import secrets
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

# What is shorter is met by chance.
NEEDLE_BYTES_MIN = 10
# What may be cut anywhere is sought by parts of it.
PART_BYTES = 24


@dataclass
class Canaries:
    """Secrets by name."""

    known: dict[str, bytes] = field(default_factory=dict)

    def keep(self, name: str, secret: bytes | str, parts: bool = True) -> None:
        """A secret that nobody may find. Equal names are told apart. Of a long one, parts from its
        middle and its end are secrets too, unless they are known by design."""
        value = secret.encode() if isinstance(secret, str) else bytes(secret)
        assert len(value) >= NEEDLE_BYTES_MIN, name
        self._keep(name, value)
        if parts and len(value) > 64:
            middle = (len(value) - PART_BYTES) // 2
            self._keep(f"middle of {name}", value[middle : middle + PART_BYTES])
            self._keep(f"end of {name}", value[-PART_BYTES:])

    def _keep(self, name: str, value: bytes) -> None:
        if value not in self.known.values():
            self.known[f"{name} {len(self.known)}"] = value

    def make(self, name: str, size: int = 24) -> bytes:
        """A fresh secret."""
        made = secrets.token_bytes(size)
        self.keep(name, made)
        return made

    def found_in(self, data: bytes) -> set[str]:
        """The names of the secrets that these bytes tell."""
        plain = unpacked(data)
        told, spelt = [plain, squeezed(plain)], list(decoded(plain))
        return {
            name
            for name, secret in self.known.items()
            if any(it in data for it in forms(secret) for data in told)
            or any(secret in data for data in spelt)
        }


def forms(secret: bytes) -> Iterator[bytes]:
    """A secret raw, in hex, and in base64 and base32 wherever it may start."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for before in range(3):
        text = inner(base64.b64encode, 6, before, secret)
        yield text
        yield text.replace(b"+", b"-").replace(b"/", b"_")
    for before in range(5):
        text = inner(base64.b32encode, 5, before, secret)
        yield text
        yield text.lower()


def inner(encode: Callable[[bytes], bytes], bits: int, before: int, secret: bytes) -> bytes:
    """The characters that what stands before and behind the secret has no part in."""
    text = encode(bytes(before) + secret)
    return text[-(-before * 8 // bits) : (before + len(secret)) * 8 // bits]


def squeezed(data: bytes) -> bytes:
    """Without white space, as breaks of lines in base64 are."""
    return b"".join(data.split())


def decoded(data: bytes) -> Iterator[bytes]:
    """What a reader makes of lists of numbers, which is how Rust and JSON show bytes, of escapes
    as in strings of both, and of percent signs."""
    lists = squeezed(data)
    for digits, base in [(rb"[0-9]{1,3}", 10), (rb"(?:0x)?[0-9a-fA-F]{1,2}", 16)]:
        for found in re.findall(rb"(?<![0-9a-zA-Z])(?:%b,){9,}%b" % (digits, digits), lists):
            yield bytes(int(it, base) & 0xFF for it in found.split(b","))
    if b"\\" in data:
        yield ESCAPE.sub(unescaped, data)
        # What was escaped once more on its way.
        yield ESCAPE.sub(unescaped, ESCAPE.sub(unescaped, data))
    if b"%" in data:
        yield unquote_to_bytes(data)


ESCAPE = re.compile(
    rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL
)
ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"b": b"\b", b"f": b"\f"}


def unescaped(found: re.Match[bytes]) -> bytes:
    byte, four, few, letter = found.groups()
    if byte:
        return bytes.fromhex(byte.decode())
    if character := four or few:
        code = int(character, 16)
        return chr(code).encode("utf-8", "ignore") if code < 0x110000 else b""
    return ESCAPED.get(letter, letter)


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

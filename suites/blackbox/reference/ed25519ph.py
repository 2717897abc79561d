"""Ed25519ph with an empty context (RFC 8032, 5.1)."""

from __future__ import annotations

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
DOM2 = b"SigEd25519 no Ed25519 collisions" + b"\x01\x00"

Point = tuple[int, int, int, int]


def _recover_x(y: int, sign: int) -> int:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not on the curve")
    return x if x & 1 == sign else P - x


def _point(x: int, y: int) -> Point:
    return (x, y, 1, x * y % P)


_BASE_Y = 4 * pow(5, -1, P) % P
BASE = _point(_recover_x(_BASE_Y, 0), _BASE_Y)


def _add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _multiply(scalar: int, point: Point) -> Point:
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    return result


def _compress(point: Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decompress(encoded: bytes) -> Point:
    number = int.from_bytes(encoded, "little")
    y = number & (1 << 255) - 1
    if y >= P:
        raise ValueError("not reduced")
    return _point(_recover_x(y, number >> 255), y)


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(DOM2 + b"".join(parts)).digest(), "little") % L


def sign(seed: bytes, message: bytes) -> bytes:
    """The signature of a message, which is hashed here."""
    expanded = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(expanded[:32], "little") & (1 << 254) - 8 | 1 << 254
    public = _compress(_multiply(scalar, BASE))
    digest = hashlib.sha512(message).digest()
    nonce = _hash(expanded[32:], digest)
    point = _compress(_multiply(nonce, BASE))
    answer = (nonce + _hash(point, public, digest) * scalar) % L
    return point + answer.to_bytes(32, "little")


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is that of a message, which is hashed here."""
    digest = hashlib.sha512(message).digest()
    answer = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or answer >= L:
        return False
    try:
        point, key = _decompress(signature[:32]), _decompress(public)
    except ValueError:
        return False
    challenge = _hash(signature[:32], public, digest)
    right = _compress(_add(point, _multiply(challenge, key)))
    return _compress(_multiply(answer, BASE)) == right

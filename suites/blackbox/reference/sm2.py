"""SM2 signatures, encryption and the bare shared secret of its curve (GB/T 32918)."""

from __future__ import annotations

import hashlib
import secrets

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
# SubjectPublicKeyInfo up to the coordinates: the curve by its name, the point uncompressed.
SPKI_FRAME = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
# PKCS#8 around an ECPrivateKey without its public key.
PKCS8_FRAME = bytes.fromhex(
    "3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420"
)
DEFAULT_ID = b"1234567812345678"

Point = tuple[int, int]


def add(one: Point | None, two: Point | None) -> Point | None:
    """The sum of two points; None is the one at infinity."""
    if one is None or two is None:
        return one or two
    if one[0] == two[0]:
        if (one[1] + two[1]) % P == 0:
            return None
        slope = (3 * one[0] * one[0] + A) * pow(2 * one[1], -1, P) % P
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, P) % P
    x = (slope * slope - one[0] - two[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def multiply(scalar: int, point: Point | None) -> Point | None:
    """A point added to itself."""
    result = None
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def generate() -> tuple[int, bytes]:
    """A private key, and its public key as SubjectPublicKeyInfo."""
    private = 1 + secrets.randbelow(N - 2)
    point = multiply(private, G)
    assert point is not None
    return private, SPKI_FRAME + _bytes(*point)


def pkcs8(private: int) -> bytes:
    """A private key as PKCS#8."""
    return PKCS8_FRAME + _bytes(private)


def read(spki: bytes) -> Point:
    """The point of a SubjectPublicKeyInfo, which is on the curve."""
    assert spki.startswith(SPKI_FRAME) and len(spki) == len(SPKI_FRAME) + 64
    x, y = int.from_bytes(spki[-64:-32]), int.from_bytes(spki[-32:])
    assert (y * y - (x**3 + A * x + B)) % P == 0 and max(x, y) < P
    return x, y


def digest(spki: bytes, message: bytes) -> bytes:
    """What is signed: the message behind the hash of who signs (GB/T 32918.2, 5.5 and 6.1)."""
    signer = hashlib.new("sm3", len(DEFAULT_ID * 8).to_bytes(2) + DEFAULT_ID)
    signer.update(_bytes(A, B, *G, *read(spki)))
    return hashlib.new("sm3", signer.digest() + message).digest()


def sign(private: int, hashed: bytes) -> bytes:
    """The signature of a digest, in DER."""
    while True:
        nonce = 1 + secrets.randbelow(N - 1)
        point = multiply(nonce, G)
        assert point is not None
        r = (int.from_bytes(hashed) + point[0]) % N
        s = pow(1 + private, -1, N) * (nonce - r * private) % N
        if r and r + nonce != N and s:
            return encode_dss_signature(r, s)


def verifies(spki: bytes, hashed: bytes, signature: bytes) -> bool:
    """Whether a signature is that of a digest."""
    r, s = decode_dss_signature(signature)
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N and t):
        return False
    point = add(multiply(s, G), multiply(t, read(spki)))
    return point is not None and (int.from_bytes(hashed) + point[0]) % N == r


def shared_secret(private: int, spki: bytes) -> bytes:
    """The x-coordinate that both sides reach."""
    point = multiply(private, read(spki))
    assert point is not None
    return _bytes(point[0])


def encrypt(spki: bytes, plaintext: bytes) -> bytes:
    """A ciphertext in DER: point, hash, and what the key stream hides (GB/T 35276, 7.2)."""
    nonce = 1 + secrets.randbelow(N - 1)
    point, shared = multiply(nonce, G), multiply(nonce, read(spki))
    assert point is not None and shared is not None
    x, y = _bytes(shared[0]), _bytes(shared[1])
    stream = _stream(x + y, len(plaintext))
    hidden = bytes(one ^ two for one, two in zip(plaintext, stream, strict=True))
    coordinates = b"".join(_tlv(2, _integer(number)) for number in point)
    checked = hashlib.new("sm3", x + plaintext + y).digest()
    return _tlv(0x30, coordinates + _tlv(4, checked) + _tlv(4, hidden))


def _stream(secret: bytes, length: int) -> bytes:
    blocks = range(1, length // 32 + 2)
    stream = b"".join(hashlib.new("sm3", secret + n.to_bytes(4)).digest() for n in blocks)
    return stream[:length]


def _integer(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1)


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def _bytes(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32) for number in numbers)

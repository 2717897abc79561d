"""Encapsulation of ML-KEM (FIPS 203), for all three parameter sets."""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple

Q = 3329
Polynomial = list[int]


class Parameters(NamedTuple):
    """FIPS 203, table 2."""

    k: int
    eta1: int
    du: int
    dv: int


ML_KEM_512 = Parameters(2, 3, 10, 4)
ML_KEM_768 = Parameters(3, 2, 10, 4)
ML_KEM_1024 = Parameters(4, 2, 11, 5)
ETA2 = 2

ZETAS = [pow(17, int(f"{i:07b}"[::-1], 2), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * int(f"{i:07b}"[::-1], 2) + 1, Q) for i in range(128)]


def encapsulate(parameters: Parameters, key: bytes) -> tuple[bytes, bytes]:
    """A fresh secret and its ciphertext for a raw encapsulation key (algorithms 17 and 20)."""
    assert len(key) == 384 * parameters.k + 32
    message = secrets.token_bytes(32)
    seeds = hashlib.sha3_512(message + hashlib.sha3_256(key).digest()).digest()
    return seeds[:32], _encrypt(parameters, key, message, seeds[32:])


def _encrypt(parameters: Parameters, key: bytes, message: bytes, seed: bytes) -> bytes:
    """Algorithm 14."""
    k = parameters.k
    t = [_decode(12, key[384 * i : 384 * (i + 1)]) for i in range(k)]
    assert all(number < Q for polynomial in t for number in polynomial)
    rho = key[-32:]
    drawn = iter(range(2 * k + 1))
    y = [_ntt(_sample_cbd(parameters.eta1, seed, next(drawn))) for _ in range(k)]
    e1 = [_sample_cbd(ETA2, seed, next(drawn)) for _ in range(k)]
    e2 = _sample_cbd(ETA2, seed, next(drawn))
    # The matrix is transposed: its row j and column i are drawn as (j, i).
    u = [
        _add(_inverse_ntt(_dot([_sample_ntt(rho + bytes([i, j])) for j in range(k)], y)), e1[i])
        for i in range(k)
    ]
    mu = [_decompress(1, bit) for bit in _decode(1, message)]
    v = _add(_add(_inverse_ntt(_dot(t, y)), e2), mu)
    first = b"".join(_encode(parameters.du, _compressed(parameters.du, one)) for one in u)
    return first + _encode(parameters.dv, _compressed(parameters.dv, v))


def _sample_ntt(seed: bytes) -> Polynomial:
    """Algorithm 7."""
    stream = hashlib.shake_128(seed).digest(4096)
    found: Polynomial = []
    for at in range(0, len(stream), 3):
        one, two, three = stream[at : at + 3]
        found += [n for n in (one + 256 * (two % 16), two // 16 + 16 * three) if n < Q]
        if len(found) >= 256:
            return found[:256]
    raise AssertionError("too short a stream")


def _sample_cbd(eta: int, seed: bytes, nonce: int) -> Polynomial:
    """Algorithm 8."""
    bits = _decode(1, hashlib.shake_256(seed + bytes([nonce])).digest(64 * eta))
    return [
        (sum(bits[at : at + eta]) - sum(bits[at + eta : at + 2 * eta])) % Q
        for at in range(0, 512 * eta, 2 * eta)
    ]


def _ntt(polynomial: Polynomial) -> Polynomial:
    """Algorithm 9."""
    f, zetas, length = list(polynomial), iter(ZETAS[1:]), 128
    while length >= 2:
        for start in range(0, 256, 2 * length):
            zeta = next(zetas)
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j], f[j + length] = (f[j] + t) % Q, (f[j] - t) % Q
        length //= 2
    return f


def _inverse_ntt(polynomial: Polynomial) -> Polynomial:
    """Algorithm 10."""
    f, zetas, length = list(polynomial), iter(ZETAS[:0:-1]), 2
    while length <= 128:
        for start in range(0, 256, 2 * length):
            zeta = next(zetas)
            for j in range(start, start + length):
                t = f[j]
                f[j], f[j + length] = (t + f[j + length]) % Q, zeta * (f[j + length] - t) % Q
        length *= 2
    return [number * 3303 % Q for number in f]


def _dot(one: list[Polynomial], two: list[Polynomial]) -> Polynomial:
    """The sum of products in the NTT domain (algorithms 11 and 12)."""
    total = [0] * 256
    for f, g in zip(one, two, strict=True):
        for i, gamma in enumerate(GAMMAS):
            a0, a1, b0, b1 = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
            total[2 * i] = (total[2 * i] + a0 * b0 + a1 * b1 * gamma) % Q
            total[2 * i + 1] = (total[2 * i + 1] + a0 * b1 + a1 * b0) % Q
    return total


def _add(one: Polynomial, two: Polynomial) -> Polynomial:
    return [(a + b) % Q for a, b in zip(one, two, strict=True)]


def _compressed(bits: int, polynomial: Polynomial) -> Polynomial:
    return [((number << bits) + Q // 2) // Q % (1 << bits) for number in polynomial]


def _decompress(bits: int, number: int) -> int:
    return (number * Q + (1 << bits - 1)) >> bits


def _encode(bits: int, numbers: Polynomial) -> bytes:
    whole = sum(number << bits * at for at, number in enumerate(numbers))
    return whole.to_bytes(bits * len(numbers) // 8, "little")


def _decode(bits: int, encoded: bytes) -> Polynomial:
    whole = int.from_bytes(encoded, "little")
    return [whole >> bits * at & (1 << bits) - 1 for at in range(8 * len(encoded) // bits)]

"""The signature algorithms as other implementations know them."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

from blackbox.reference import ed25519ph, sm2

RSA = [
    f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)
]
ALGORITHMS = {
    "RSA_2048": RSA,
    "RSA_3072": RSA,
    "RSA_4096": RSA,
    "ECC_NIST_P256": ["ECDSA_SHA_256"],
    "ECC_NIST_P384": ["ECDSA_SHA_384"],
    "ECC_NIST_P521": ["ECDSA_SHA_512"],
    "ECC_SECG_P256K1": ["ECDSA_SHA_256"],
    "ECC_NIST_EDWARDS25519": ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
    "SM2": ["SM2DSA"],
    "ML_DSA_44": ["ML_DSA_SHAKE_256"],
    "ML_DSA_65": ["ML_DSA_SHAKE_256"],
    "ML_DSA_87": ["ML_DSA_SHAKE_256"],
}
PAIRS = [(spec, algorithm) for spec, algorithms in ALGORITHMS.items() for algorithm in algorithms]

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def _parameters(algorithm: str) -> tuple[Any, ...]:
    """What `cryptography` wants to know beside message and signature."""
    if algorithm.startswith("RSASSA_PKCS1"):
        return padding.PKCS1v15(), HASHES[algorithm[-3:]]
    if algorithm.startswith("RSASSA_PSS"):
        hashed = HASHES[algorithm[-3:]]
        # Only a salt of exactly this length verifies.
        return padding.PSS(padding.MGF1(hashed), hashed.digest_size), hashed
    if algorithm.startswith("ECDSA"):
        return (ec.ECDSA(HASHES[algorithm[-3:]]),)
    return ()


def verifies(spki: bytes, algorithm: str, message: bytes, signature: bytes) -> bool:
    """Whether another implementation takes the signature of a whole message."""
    if algorithm == "SM2DSA":
        return sm2.verifies(spki, sm2.digest(spki, message), signature)
    if algorithm == "ED25519_PH_SHA_512":
        # The service takes the digest of a message and hashes it once more.
        return ed25519ph.verifies(spki[-32:], hashlib.sha512(message).digest(), signature)
    key: Any = load_der_public_key(spki)
    try:
        key.verify(signature, message, *_parameters(algorithm))
    except InvalidSignature:
        return False
    return True


def sign(private: Any, spki: bytes, algorithm: str, message: bytes) -> bytes:
    """Another implementation's signature of a whole message."""
    if algorithm == "SM2DSA":
        return sm2.sign(private, sm2.digest(spki, message))
    if algorithm == "ED25519_PH_SHA_512":
        return ed25519ph.sign(private.private_bytes_raw(), hashlib.sha512(message).digest())
    return private.sign(message, *_parameters(algorithm))


def digest(spki: bytes, algorithm: str, message: bytes) -> bytes | None:
    """What `DIGEST` takes for a message; None if the algorithm takes no digest."""
    if algorithm == "SM2DSA":
        return sm2.digest(spki, message)
    if algorithm in ("ML_DSA_SHAKE_256", "ED25519_SHA_512"):
        return None
    return hashlib.new(f"sha{algorithm[-3:]}", message).digest()


def external_mu(spki: bytes, message: bytes) -> bytes:
    """What `EXTERNAL_MU` takes for a message (FIPS 204, algorithm 7, line 6)."""
    represented = hashlib.shake_256(spki[22:]).digest(64)
    return hashlib.shake_256(represented + b"\x00\x00" + message).digest(64)

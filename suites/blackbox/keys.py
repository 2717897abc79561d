"""Keys of every kind, and what they are made of seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import serialization

# Makes, once for all tests, a key of this spec and usage; its metadata.
KeyOf = Callable[[str, str], dict[str, Any]]

# The length of a SubjectPublicKeyInfo in DER.
SPKI_BYTES = {
    "RSA_2048": 294,
    "RSA_3072": 422,
    "RSA_4096": 550,
    "ECC_NIST_P256": 91,
    "ECC_NIST_P384": 120,
    "ECC_NIST_P521": 158,
    "ECC_SECG_P256K1": 88,
    "ECC_NIST_EDWARDS25519": 44,
    "SM2": 91,
    "ML_DSA_44": 1334,
    "ML_DSA_65": 1974,
    "ML_DSA_87": 2614,
    "ML_KEM_512": 822,
    "ML_KEM_768": 1206,
    "ML_KEM_1024": 1590,
}


def public_key(kms: Any, key: dict[str, Any]) -> bytes:
    """The SubjectPublicKeyInfo of a key."""
    return kms.get_public_key(KeyId=key["KeyId"])["PublicKey"]


def spki(key: Any) -> bytes:
    """The SubjectPublicKeyInfo of a public key of `cryptography`."""
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def pkcs8(key: Any) -> bytes:
    """A private key of `cryptography` as PKCS#8."""
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

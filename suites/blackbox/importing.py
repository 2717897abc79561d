"""Keys whose material another implementation made, so that both sides know it."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

# Strict: the day imports work, each test marked with it fails until the mark is gone.
imports_work = pytest.mark.xfail(strict=True, reason="key material cannot be imported yet")


def imported(kms: Any, spec: str, usage: str, material: bytes) -> dict[str, Any]:
    """The metadata of a new key with this material."""
    key = kms.create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")["KeyMetadata"]
    given = kms.get_parameters_for_import(
        KeyId=key["KeyId"],
        WrappingAlgorithm="RSA_AES_KEY_WRAP_SHA_256",
        WrappingKeySpec="RSA_2048",
    )
    kms.import_key_material(
        KeyId=key["KeyId"],
        ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=wrap(given["PublicKey"], material),
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )
    return kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]


def wrap(spki: bytes, material: bytes) -> bytes:
    """RSA_AES_KEY_WRAP_SHA_256."""
    key: Any = load_der_public_key(spki)
    aes = secrets.token_bytes(32)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return key.encrypt(aes, oaep) + aes_key_wrap_with_padding(aes, material)

"""Keys whose material another implementation made, so that both sides know it."""

from __future__ import annotations

import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

from blackbox.reference import sm2

HASHES: dict[str, Any] = {"SHA_1": hashes.SHA1(), "SHA_256": hashes.SHA256()}


def wrap(algorithm: str, public: bytes, material: bytes) -> bytes:
    """Material as the public key's owner expects it."""
    if algorithm == "SM2PKE":
        return sm2.encrypt(public, material)
    scheme, _, name = algorithm.rpartition("_SHA_")
    chosen = HASHES[f"SHA_{name}"]
    oaep = padding.OAEP(padding.MGF1(chosen), chosen, None)
    key: Any = load_der_public_key(public)
    if scheme == "RSAES_OAEP":
        return key.encrypt(material, oaep)
    aes = secrets.token_bytes(32)
    return key.encrypt(aes, oaep) + aes_key_wrap_with_padding(aes, material)


def imported(kms: Any, spec: str, usage: str, material: bytes) -> dict[str, Any]:
    """The metadata of a new key with this material."""
    key = kms.create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")["KeyMetadata"]
    bring(kms, key, material)
    return kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]


def bring(kms: Any, key: dict[str, Any], material: bytes) -> None:
    """Imports material into a key, for good. Long material is wrapped under a second key."""
    is_long = key["KeySpec"].startswith(("RSA", "ECC"))
    algorithm = "RSA_AES_KEY_WRAP_SHA_256" if is_long else "RSAES_OAEP_SHA_256"
    given = kms.get_parameters_for_import(
        KeyId=key["KeyId"], WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048"
    )
    kms.import_key_material(
        KeyId=key["KeyId"],
        ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=wrap(algorithm, given["PublicKey"], material),
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )

"""Imported key material: made and wrapped by another implementation, used, deleted, expired."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from blackbox.deployment import OTHER_REGION, Deployment, run
from blackbox.importing import HASHES, wrap
from blackbox.keys import pkcs8, public_key, spki
from blackbox.reference import sm2
from blackbox.refusal import INVALID_CIPHERTEXT, refusal
from blackbox.signatures import ALGORITHMS, digest, verifies
from blackbox.waiting import wait_for

FOR_GOOD = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
MESSAGE = b"attack at dawn"
CURVES = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}


class Parameters:
    """What GetParametersForImport gave, and how it is used."""

    def __init__(
        self,
        kms: Any,
        key_id: str,
        algorithm: str = "RSAES_OAEP_SHA_256",
        wrapping: str = "RSA_2048",
    ) -> None:
        self.kms, self.key_id, self.algorithm = kms, key_id, algorithm
        self.given = kms.get_parameters_for_import(
            KeyId=key_id, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping
        )

    def request(self, material: bytes, **more: Any) -> dict[str, Any]:
        """An import of this material, for good unless `more` says otherwise."""
        sent = {
            "KeyId": self.key_id,
            "ImportToken": self.given["ImportToken"],
            "EncryptedKeyMaterial": wrap(self.algorithm, self.given["PublicKey"], material),
        }
        return sent | (more if "ValidTo" in more else FOR_GOOD | more)

    def bring(self, material: bytes, **more: Any) -> Any:
        """The answer to it."""
        return self.kms.import_key_material(**self.request(material, **more))

    def refused(self, material: bytes, **more: Any) -> str:
        """The error it is refused with."""
        return refusal(self.kms.import_key_material, **self.request(material, **more)).code


def external(kms: Any, spec: str = "SYMMETRIC_DEFAULT", usage: str = "ENCRYPT_DECRYPT") -> str:
    key = kms.create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")["KeyMetadata"]
    assert (key["KeyState"], key["Enabled"]) == ("PendingImport", False)
    assert "ExpirationModel" not in key and "CurrentKeyMaterialId" not in key
    return key["KeyId"]


def described(kms: Any, key_id: str) -> dict[str, Any]:
    return kms.describe_key(KeyId=key_id)["KeyMetadata"]


@pytest.mark.parametrize("wrapping", ["RSA_2048", "RSA_3072", "RSA_4096"])
@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
def test_a_symmetric_key_comes_in_under_every_wrapping(
    kms: Any, algorithm: str, wrapping: str
) -> None:
    key_id = external(kms)
    parameters = Parameters(kms, key_id, algorithm, wrapping)
    day = parameters.given["ParametersValidTo"] - datetime.now(UTC)
    assert timedelta(hours=23) < day < timedelta(hours=25)
    answer = parameters.bring(secrets.token_bytes(32))
    key = described(kms, key_id)
    assert answer["KeyId"] == key["Arn"]
    assert answer["KeyMaterialId"] == key["CurrentKeyMaterialId"]
    assert (key["KeyState"], key["ExpirationModel"]) == ("Enabled", FOR_GOOD["ExpirationModel"])
    blob = kms.encrypt(KeyId=key_id, Plaintext=MESSAGE)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == MESSAGE


def private_key(spec: str) -> tuple[bytes, bytes]:
    """A private key of `spec` as PKCS#8, and its public key."""
    if spec == "SM2":
        number, public = sm2.generate()
        return sm2.pkcs8(number), public
    made: Any
    if spec.startswith("RSA"):
        made = rsa.generate_private_key(65537, int(spec.removeprefix("RSA_")))
    elif spec == "ECC_NIST_EDWARDS25519":
        made = ed25519.Ed25519PrivateKey.generate()
    else:
        made = ec.generate_private_key(CURVES[spec])
    return pkcs8(made), spki(made.public_key())


def wrappings(spec: str) -> list[tuple[str, str]]:
    """The wrappings that a private key of `spec` may come in under."""
    two_steps = [(f"RSA_AES_KEY_WRAP_{name}", "RSA_2048") for name in HASHES]
    modulus = "RSA_3072" if spec == "ECC_NIST_P521" else "RSA_2048"
    one_step = [(f"RSAES_OAEP_{name}", modulus) for name in HASHES]
    chinese = [("SM2PKE", "SM2")]
    if spec.startswith("RSA"):
        return two_steps + chinese
    return (one_step if spec == "SM2" else one_step + two_steps) + chinese


PRIVATE = [
    (spec, algorithm, wrapping)
    for spec in ["RSA_2048", "RSA_3072", "RSA_4096", *CURVES, "ECC_NIST_EDWARDS25519", "SM2"]
    for algorithm, wrapping in wrappings(spec)
]


@pytest.mark.parametrize(("spec", "algorithm", "wrapping"), PRIVATE)
def test_a_private_key_comes_in_and_signs_as_itself(
    kms: Any, spec: str, algorithm: str, wrapping: str
) -> None:
    key_id = external(kms, spec, "SIGN_VERIFY")
    material, public = private_key(spec)
    parameters = Parameters(kms, key_id, algorithm, wrapping)
    assert "KeyMaterialId" not in parameters.bring(material)
    assert public_key(kms, {"KeyId": key_id}) == public
    chosen = ALGORITHMS[spec][0]
    message_type = "DIGEST" if spec == "SM2" else "RAW"
    signed = kms.sign(
        KeyId=key_id,
        Message=digest(public, chosen, MESSAGE) if spec == "SM2" else MESSAGE,
        MessageType=message_type,
        SigningAlgorithm=chosen,
    )
    assert verifies(public, chosen, MESSAGE, signed["Signature"])


@pytest.mark.parametrize("scheme", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
def test_what_others_encrypt_to_an_imported_rsa_key_is_opened(kms: Any, scheme: str) -> None:
    key_id = external(kms, "RSA_2048")
    made = rsa.generate_private_key(65537, 2048)
    Parameters(kms, key_id, "RSA_AES_KEY_WRAP_SHA_256").bring(pkcs8(made))
    chosen = HASHES[scheme.removeprefix("RSAES_OAEP_")]
    oaep = padding.OAEP(padding.MGF1(chosen), chosen, None)
    blob = made.public_key().encrypt(MESSAGE, oaep)
    opened = kms.decrypt(KeyId=key_id, CiphertextBlob=blob, EncryptionAlgorithm=scheme)
    assert opened["Plaintext"] == MESSAGE
    sealed = kms.encrypt(KeyId=key_id, Plaintext=MESSAGE, EncryptionAlgorithm=scheme)
    assert made.decrypt(sealed["CiphertextBlob"], oaep) == MESSAGE


def test_the_same_bytes_in_two_keys_are_two_keys(kms: Any) -> None:
    material = secrets.token_bytes(32)
    one, two = external(kms), external(kms)
    ids = {Parameters(kms, key_id).bring(material)["KeyMaterialId"] for key_id in (one, two)}
    assert len(ids) == 2
    blob = kms.encrypt(KeyId=one, Plaintext=MESSAGE)["CiphertextBlob"]
    refused = refusal(kms.decrypt, KeyId=two, CiphertextBlob=blob)
    assert refused.code == "IncorrectKeyException"


def test_only_the_same_material_comes_back_to_a_key_that_lost_it(kms: Any) -> None:
    material, key_id = secrets.token_bytes(32), external(kms)
    parameters = Parameters(kms, key_id)
    brought = parameters.bring(material)
    blob = kms.encrypt(KeyId=key_id, Plaintext=MESSAGE)["CiphertextBlob"]
    for _ in range(2):
        deleted = kms.delete_imported_key_material(KeyId=key_id)
        assert deleted["KeyMaterialId"] == brought["KeyMaterialId"]
        assert described(kms, key_id)["KeyState"] == "PendingImport"
    assert refusal(kms.decrypt, CiphertextBlob=blob).code == "KMSInvalidStateException"
    assert parameters.refused(secrets.token_bytes(32)) == "IncorrectKeyMaterialException"
    assert parameters.bring(material)["KeyMaterialId"] == brought["KeyMaterialId"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == MESSAGE


def rebuilt(change: Callable[[rsa.RSAPrivateNumbers], rsa.RSAPrivateNumbers]) -> bytes:
    """An RSA key whose numbers no longer belong together."""
    numbers = change(rsa.generate_private_key(65537, 2048).private_numbers())
    return pkcs8(numbers.private_key(unsafe_skip_rsa_key_validation=True))


def broken(numbers: rsa.RSAPrivateNumbers) -> rsa.RSAPrivateNumbers:
    return rsa.RSAPrivateNumbers(
        numbers.p,
        numbers.q,
        numbers.d ^ 2,
        numbers.dmp1,
        numbers.dmq1,
        numbers.iqmp,
        numbers.public_numbers,
    )


NOT_RSA_2048: dict[str, Callable[[], bytes]] = {
    "another modulus": lambda: private_key("RSA_3072")[0],
    "another kind": lambda: private_key("ECC_NIST_P256")[0],
    "cut short": lambda: private_key("RSA_2048")[0][:-1],
    "something behind it": lambda: private_key("RSA_2048")[0] + b"\0",
    "PKCS#1": lambda: rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ),
    "PEM": lambda: rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ),
    "under a password": lambda: rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    ),
    "numbers apart": lambda: rebuilt(broken),
    "no key": lambda: secrets.token_bytes(1200),
}


@pytest.mark.parametrize("what", NOT_RSA_2048)
def test_what_is_no_key_of_the_spec_is_refused(kms: Any, what: str) -> None:
    key_id = external(kms, "RSA_2048", "SIGN_VERIFY")
    parameters = Parameters(kms, key_id, "RSA_AES_KEY_WRAP_SHA_256")
    assert parameters.refused(NOT_RSA_2048[what]()) == "IncorrectKeyMaterialException"
    assert described(kms, key_id)["KeyState"] == "PendingImport"


def test_every_other_mistake_has_its_own_error(kms: Any) -> None:
    material, key_id = secrets.token_bytes(32), external(kms)
    parameters, others = Parameters(kms, key_id), Parameters(kms, external(kms))
    token = parameters.given["ImportToken"]
    altered = token[:-1] + bytes([token[-1] ^ 1])
    for wrong in [others.given["ImportToken"], altered, b"none"]:
        assert parameters.refused(material, ImportToken=wrong) == "InvalidImportTokenException"
    for wrapped in [others.request(material)["EncryptedKeyMaterial"], bytes(256), b"none"]:
        sent = parameters.request(material) | {"EncryptedKeyMaterial": wrapped}
        assert refusal(kms.import_key_material, **sent) == INVALID_CIPHERTEXT
    now = datetime.now(UTC)
    for at in [now - timedelta(seconds=5), now + timedelta(days=366)]:
        assert parameters.refused(material, ValidTo=at) == "ValidationException"
    expires = {"ExpirationModel": "KEY_MATERIAL_EXPIRES"}
    assert parameters.refused(material, **expires) == "ValidationException"
    superfluous = FOR_GOOD | {"ValidTo": now + timedelta(days=1)}
    assert parameters.refused(material, **superfluous) == "ValidationException"
    assert parameters.refused(material, KeyMaterialId="0" * 64) == "IncorrectKeyMaterialException"
    own = kms.create_key()["KeyMetadata"]
    assert parameters.refused(material, KeyId=own["KeyId"]) == "UnsupportedOperationException"
    for algorithm in ["RSAES_PKCS1_V1_5", "RSA_AES_KEY_WRAP_SHA_256", "SM2PKE"]:
        refused = refusal(
            kms.get_parameters_for_import,
            KeyId=key_id,
            WrappingAlgorithm=algorithm,
            WrappingKeySpec="RSA_2048",
        )
        assert refused.code == "UnsupportedOperationException"
    kms.schedule_key_deletion(KeyId=key_id)
    assert parameters.refused(material) == "KMSInvalidStateException"
    assert described(kms, key_id)["KeyState"] == "PendingDeletion"


def test_new_material_is_rotated_to_and_the_old_opens_what_it_sealed(kms: Any) -> None:
    key_id = external(kms)
    parameters = Parameters(kms, key_id)
    first = parameters.bring(secrets.token_bytes(32), KeyMaterialDescription="first")
    old = kms.encrypt(KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    assert refusal(kms.rotate_key_on_demand, KeyId=key_id).code == "KMSInvalidStateException"
    new = {"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialDescription": "second"}
    second = parameters.bring(secrets.token_bytes(32), **new)
    assert parameters.refused(secrets.token_bytes(32), **new) == "KMSInvalidStateException"
    kms.rotate_key_on_demand(KeyId=key_id)
    wait_for("rotation", lambda: kms.list_key_rotations(KeyId=key_id)["Rotations"] or None)
    listed = kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    told = [
        (one["KeyMaterialId"], one["KeyMaterialState"], one["KeyMaterialDescription"])
        for one in listed["Rotations"]
    ]
    assert told == [
        (first["KeyMaterialId"], "NON_CURRENT", "first"),
        (second["KeyMaterialId"], "CURRENT", "second"),
    ]
    assert kms.decrypt(CiphertextBlob=old)["KeyMaterialId"] == first["KeyMaterialId"]
    kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=first["KeyMaterialId"])
    assert refusal(kms.encrypt, KeyId=key_id, Plaintext=b"new").code == "KMSInvalidStateException"


def test_a_replica_opens_ciphertexts_once_it_has_the_material(kms: Any, abroad: Any) -> None:
    made = kms.create_key(Origin="EXTERNAL", MultiRegion=True)["KeyMetadata"]
    key_id, material = made["KeyId"], secrets.token_bytes(32)
    brought = Parameters(kms, key_id).bring(material)
    kms.replicate_key(KeyId=key_id, ReplicaRegion=OTHER_REGION)

    def waits_for_import() -> bool | None:
        return described(abroad, key_id)["KeyState"] == "PendingImport" or None

    wait_for("replica", waits_for_import)
    blob = kms.encrypt(KeyId=key_id, Plaintext=MESSAGE)["CiphertextBlob"]
    assert refusal(abroad.decrypt, CiphertextBlob=blob).code == "KMSInvalidStateException"
    parameters = Parameters(abroad, key_id)
    assert parameters.refused(secrets.token_bytes(32)) == "IncorrectKeyMaterialException"
    assert parameters.bring(material)["KeyMaterialId"] == brought["KeyMaterialId"]
    assert abroad.decrypt(CiphertextBlob=blob)["Plaintext"] == MESSAGE


def test_material_and_token_end_on_their_dates(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy("--dev").start()
    kms = deployment.client()
    material, key_id = secrets.token_bytes(32), external(kms)
    parameters = Parameters(kms, key_id)
    now = parameters.given["ParametersValidTo"] - timedelta(days=1)
    brought = parameters.bring(material, ValidTo=now + timedelta(hours=2))
    assert described(kms, key_id)["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
    blob = kms.encrypt(KeyId=key_id, Plaintext=MESSAGE)["CiphertextBlob"]

    run("dev", "advance", "3h", "--data-dir", deployment.directory)
    assert described(kms, key_id)["KeyState"] == "PendingImport"
    (event,) = [
        record
        for record in deployment.records()
        if record["eventName"] == "DeleteExpiredKeyMaterial"
    ]
    expected = {"keyId": key_id, "keyMaterialId": brought["KeyMaterialId"]}
    assert event["serviceEventDetails"] == expected
    parameters.bring(material)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == MESSAGE

    run("dev", "advance", "22h", "--data-dir", deployment.directory)
    assert parameters.refused(material) == "ExpiredImportTokenException"


def test_neither_token_nor_material_is_in_the_log(deployment: Deployment, kms: Any) -> None:
    material, key_id = secrets.token_bytes(32), external(kms)
    parameters = Parameters(kms, key_id)
    answer = parameters.bring(material, KeyMaterialDescription="from the safe")
    fetched, brought = deployment.record_of(parameters.given), deployment.record_of(answer)
    assert fetched["readOnly"] and fetched["responseElements"] is None
    assert fetched["requestParameters"] == {
        "keyId": key_id,
        "wrappingAlgorithm": "RSAES_OAEP_SHA_256",
        "wrappingKeySpec": "RSA_2048",
    }
    assert brought["requestParameters"] == {
        "keyId": key_id,
        "expirationModel": FOR_GOOD["ExpirationModel"],
        "keyMaterialDescription": "from the safe",
    }
    assert brought["responseElements"] == {
        "keyId": answer["KeyId"],
        "keyMaterialId": answer["KeyMaterialId"],
    }

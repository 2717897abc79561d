"""GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext, their keys used outside."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mlkem, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from blackbox.deployment import OTHER_REGION, REGION, Deployment
from blackbox.refusal import INVALID_CIPHERTEXT, invalid, must, refusal

CURVES = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
# SubjectPublicKeyInfo and PKCS#8, in bytes. RSA private keys differ by a few.
SIZES = {
    "RSA_2048": (294, None),
    "RSA_3072": (422, None),
    "RSA_4096": (550, None),
    "ECC_NIST_P256": (91, 138),
    "ECC_NIST_P384": (120, 185),
    "ECC_NIST_P521": (158, 241),
    "ECC_SECG_P256K1": (88, 135),
    "ECC_NIST_EDWARDS25519": (44, 48),
    "ML_KEM_512": (822, 86),
    "ML_KEM_768": (1206, 86),
    "ML_KEM_1024": (1590, 86),
}
MESSAGE = b"attack at dawn"


def works_together(private: Any, public: Any) -> None:
    """The two halves are of one key: one undoes what the other does."""
    match private, public:
        case rsa.RSAPrivateKey(), rsa.RSAPublicKey():
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            public.verify(
                private.sign(MESSAGE, pss, hashes.SHA256()), MESSAGE, pss, hashes.SHA256()
            )
            oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
            assert private.decrypt(public.encrypt(MESSAGE, oaep), oaep) == MESSAGE
            assert public.public_numbers().e == 65537
        case ec.EllipticCurvePrivateKey(), ec.EllipticCurvePublicKey():
            ecdsa = ec.ECDSA(hashes.SHA256())
            public.verify(private.sign(MESSAGE, ecdsa), MESSAGE, ecdsa)
            peer = ec.generate_private_key(private.curve)
            agreed = private.exchange(ec.ECDH(), peer.public_key())
            assert peer.exchange(ec.ECDH(), public) == agreed
        case ed25519.Ed25519PrivateKey(), ed25519.Ed25519PublicKey():
            public.verify(private.sign(MESSAGE), MESSAGE)
        case (mlkem.MLKEM768PrivateKey(), mlkem.MLKEM768PublicKey()) | (
            mlkem.MLKEM1024PrivateKey(),
            mlkem.MLKEM1024PublicKey(),
        ):
            secret, ciphertext = public.encapsulate()
            assert private.decapsulate(ciphertext) == secret
        case _:
            raise AssertionError(f"{private} and {public}")


@pytest.mark.parametrize("spec", SIZES)
def test_a_pair_is_a_key_that_other_libraries_use(kms: Any, key: Any, spec: str) -> None:
    context = {"file": "report.pdf"}
    made = kms.generate_data_key_pair(
        KeyId=key["KeyId"], KeyPairSpec=spec, EncryptionContext=context
    )
    private, public = made["PrivateKeyPlaintext"], made["PublicKey"]
    public_bytes, private_bytes = SIZES[spec]
    assert len(public) == public_bytes
    assert private_bytes is None or len(private) == private_bytes
    assert made["KeyId"] == key["Arn"]
    assert made["KeyPairSpec"] == spec
    assert made["KeyMaterialId"] == key["CurrentKeyMaterialId"]
    blob = made["PrivateKeyCiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    assert opened["Plaintext"] == private
    assert refusal(kms.decrypt, CiphertextBlob=blob) == INVALID_CIPHERTEXT
    # This library knows ML-KEM in the two larger sets only.
    if spec == "ML_KEM_512":
        assert bytes.fromhex("608648016503040401") in private
        assert private[-66:-64] == b"\x80\x40"
        return
    loaded = load_der_private_key(private, None)
    derived = loaded.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert derived == public
    if spec in CURVES:
        assert isinstance(loaded.curve, CURVES[spec])
    if spec.startswith("RSA"):
        assert loaded.key_size == int(spec.removeprefix("RSA_"))
    works_together(loaded, load_der_public_key(public))


def test_a_pair_of_sm2_is_a_key_that_openssl_uses(kms: Any, key: Any, tmp_path: Path) -> None:
    pair = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec="SM2")
    blob = pair["PrivateKeyCiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == pair["PrivateKeyPlaintext"]
    for name in ["PrivateKeyPlaintext", "PublicKey"]:
        (tmp_path / name).write_bytes(pair[name])
    (tmp_path / "message").write_bytes(MESSAGE)

    def openssl(*arguments: str) -> bytes:
        return subprocess.run(
            ["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True, timeout=30
        ).stdout

    private = ["-inkey", "PrivateKeyPlaintext", "-keyform", "DER"]
    public = ["-pubin", "-inkey", "PublicKey", "-keyform", "DER"]
    derived = openssl(
        "pkey", "-inform", "DER", "-in", "PrivateKeyPlaintext", "-pubout", "-outform", "DER"
    )
    assert derived == pair["PublicKey"]
    digest = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"]
    openssl("pkeyutl", "-sign", *private, *digest, "-in", "message", "-out", "signature")
    verify = ["pkeyutl", "-verify", *public, *digest, "-sigfile", "signature"]
    assert b"Verified Successfully" in openssl(*verify, "-in", "message")


def test_a_pair_can_be_made_without_showing_its_private_key(kms: Any, key: Any) -> None:
    for spec in ["RSA_2048", "ECC_NIST_P256", "ML_KEM_768"]:
        made = kms.generate_data_key_pair_without_plaintext(KeyId=key["KeyId"], KeyPairSpec=spec)
        assert "PrivateKeyPlaintext" not in made
        assert made["KeyId"] == key["Arn"]
        assert made["KeyPairSpec"] == spec
        assert made["KeyMaterialId"] == key["CurrentKeyMaterialId"]
        private = kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])["Plaintext"]
        works_together(load_der_private_key(private, None), load_der_public_key(made["PublicKey"]))


def test_no_two_pairs_are_the_same(kms: Any, key: Any) -> None:
    for spec, count in [("RSA_2048", 6), ("ECC_NIST_P256", 20)]:
        pairs = [
            kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec=spec) for _ in range(count)
        ]
        assert len({pair["PublicKey"] for pair in pairs}) == count
    first, second = pairs[:2]
    alien = load_der_public_key(second["PublicKey"])
    with pytest.raises(InvalidSignature):
        works_together(load_der_private_key(first["PrivateKeyPlaintext"], None), alien)


def test_a_sealed_private_key_opens_in_another_region(deploy: Callable[..., Deployment]) -> None:
    made = deploy("--region", REGION, "--region", OTHER_REGION).start()
    kms, abroad = made.client(), made.client(region=OTHER_REGION)
    key_id = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key_id, ReplicaRegion=OTHER_REGION)
    pair = kms.generate_data_key_pair(KeyId=key_id, KeyPairSpec="ECC_NIST_P256")
    opened = abroad.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])
    assert opened["Plaintext"] == pair["PrivateKeyPlaintext"]


def test_a_spec_of_no_pair_is_refused(deploy: Callable[..., Deployment]) -> None:
    kms = deploy().start().client()
    key = kms.create_key()["KeyMetadata"]
    for call in [kms.generate_data_key_pair, kms.generate_data_key_pair_without_plaintext]:
        rule = f"satisfy enum value set: [{', '.join([*list(SIZES)[:7], 'SM2', *list(SIZES)[7:]])}]"
        told = refusal(call, KeyId=key["KeyId"], KeyPairSpec="ML_DSA_44")
        assert told == invalid(must("keyPairSpec", "ML_DSA_44", rule))
        assert refusal(call, KeyId=key["KeyId"], KeyPairSpec="SM2") == (
            "UnsupportedOperationException",
            "KeyPairSpec SM2 is not supported in this Region.",
        )


def test_only_a_symmetric_encryption_key_wraps_pairs(kms: Any) -> None:
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    told = refusal(kms.generate_data_key_pair, KeyId=made["KeyId"], KeyPairSpec="ECC_NIST_P256")
    assert told == (
        "InvalidKeyUsageException",
        f"{made['Arn']} key usage is SIGN_VERIFY which is not valid for GenerateDataKeyPair.",
    )


def test_a_dry_run_makes_no_pair(kms: Any, key: Any, deployment: Deployment) -> None:
    for call in [kms.generate_data_key_pair, kms.generate_data_key_pair_without_plaintext]:
        told = refusal(call, KeyId=key["KeyId"], KeyPairSpec="RSA_4096", DryRun=True)
        assert told.code == "DryRunOperationException"


def test_the_record_shows_the_spec_and_no_key(kms: Any, key: Any, deployment: Deployment) -> None:
    made = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec="ECC_NIST_P384")
    record = deployment.record_of(made)
    assert record["requestParameters"] == {"keyPairSpec": "ECC_NIST_P384", "keyId": key["KeyId"]}
    assert record["responseElements"] is None
    assert record["readOnly"] is True
    assert record["additionalEventData"] == {"keyMaterialId": key["CurrentKeyMaterialId"]}

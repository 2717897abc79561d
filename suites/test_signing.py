"""Sign and Verify of every key spec and algorithm, each signature checked by someone else."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import load_der_public_key

from blackbox.importing import imported
from blackbox.keys import KeyOf, pkcs8, public_key, spki
from blackbox.reference import ed25519ph, sm2
from blackbox.refusal import Refusal, refusal
from blackbox.signatures import ALGORITHMS, PAIRS, digest, external_mu, sign, verifies

MESSAGE = b"attack at dawn"
INVALID = Refusal("KMSInvalidSignatureException", None)
FIXED_BYTES = {
    "RSA_2048": 256,
    "RSA_3072": 384,
    "RSA_4096": 512,
    "ECC_NIST_EDWARDS25519": 64,
    "ML_DSA_44": 2420,
    "ML_DSA_65": 3309,
    "ML_DSA_87": 4627,
}
DER_BYTES_MAX = {"ECC_NIST_P384": 104, "ECC_NIST_P521": 139}


def messages(public: bytes, algorithm: str, message: bytes) -> dict[str, bytes]:
    """A message in each type that the algorithm takes."""
    hashed = digest(public, algorithm, message)
    if algorithm == "ED25519_PH_SHA_512":
        assert hashed is not None
        return {"DIGEST": hashed}
    if algorithm == "ML_DSA_SHAKE_256":
        return {"RAW": message, "EXTERNAL_MU": external_mu(public, message)}
    return {"RAW": message} | ({"DIGEST": hashed} if hashed is not None else {})


@pytest.mark.parametrize(("spec", "algorithm"), PAIRS)
def test_a_signature_is_taken_by_others_and_by_every_type_of_its_message(
    kms: Any, key_of: KeyOf, spec: str, algorithm: str
) -> None:
    key = key_of(spec, "SIGN_VERIFY")
    public = public_key(kms, key)
    forms, others = (messages(public, algorithm, text) for text in (MESSAGE, MESSAGE + b"!"))
    for message_type, message in forms.items():
        signed = kms.sign(
            KeyId=key["KeyId"],
            Message=message,
            MessageType=message_type,
            SigningAlgorithm=algorithm,
        )
        signature = signed["Signature"]
        assert (signed["KeyId"], signed["SigningAlgorithm"]) == (key["Arn"], algorithm)
        has_right_size(spec, signature)
        assert verifies(public, algorithm, MESSAGE, signature)
        assert not verifies(public, algorithm, MESSAGE + b"!", signature)
        for verified_type, verified in forms.items():
            parameters = {
                "KeyId": key["KeyId"],
                "MessageType": verified_type,
                "Signature": signature,
                "SigningAlgorithm": algorithm,
            }
            answer = kms.verify(Message=verified, **parameters)
            del answer["ResponseMetadata"]
            assert answer == {
                "KeyId": key["Arn"],
                "SignatureValid": True,
                "SigningAlgorithm": algorithm,
            }
            assert refusal(kms.verify, Message=others[verified_type], **parameters) == INVALID


def has_right_size(spec: str, signature: bytes) -> None:
    if spec in FIXED_BYTES:
        assert len(signature) == FIXED_BYTES[spec]
    else:
        assert len(signature) <= DER_BYTES_MAX.get(spec, 72)
        assert encode_dss_signature(*decode_dss_signature(signature)) == signature, "DER"


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_an_external_mu_is_verified_as_such_by_others(kms: Any, key_of: KeyOf, spec: str) -> None:
    key = key_of(spec, "SIGN_VERIFY")
    public = public_key(kms, key)
    loaded: Any = load_der_public_key(public)
    mu = external_mu(public, MESSAGE)
    signature = kms.sign(KeyId=key["KeyId"], Message=MESSAGE, SigningAlgorithm="ML_DSA_SHAKE_256")[
        "Signature"
    ]
    loaded.verify_mu(signature, mu)


def test_ed25519ph_hashes_the_digest_once_more(kms: Any, key_of: KeyOf) -> None:
    key = key_of("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    public = public_key(kms, key)
    hashed = digest(public, "ED25519_PH_SHA_512", MESSAGE)
    assert hashed is not None
    signature = kms.sign(
        KeyId=key["KeyId"],
        Message=hashed,
        MessageType="DIGEST",
        SigningAlgorithm="ED25519_PH_SHA_512",
    )["Signature"]
    assert ed25519ph.verifies(public[-32:], hashed, signature)
    assert not ed25519ph.verifies(public[-32:], MESSAGE, signature)


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_SECG_P256K1"])
def test_both_values_of_s_are_valid(kms: Any, key_of: KeyOf, spec: str) -> None:
    order = {
        "ECC_NIST_P256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        "ECC_SECG_P256K1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    }[spec]
    key = key_of(spec, "SIGN_VERIFY")
    same = {"KeyId": key["KeyId"], "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
    are_high = set()
    for _ in range(40):
        r, s = decode_dss_signature(kms.sign(**same)["Signature"])
        are_high.add(s > order // 2)
        assert kms.verify(Signature=encode_dss_signature(r, order - s), **same)["SignatureValid"]
    assert are_high == {False, True}, "nothing is normalised"


def test_a_pss_signature_is_never_the_same_and_a_pkcs1_one_always(kms: Any, key_of: KeyOf) -> None:
    key = key_of("RSA_2048", "SIGN_VERIFY")
    for algorithm, count in [("RSASSA_PSS_SHA_256", 3), ("RSASSA_PKCS1_V1_5_SHA_256", 1)]:
        same = {"KeyId": key["KeyId"], "Message": MESSAGE, "SigningAlgorithm": algorithm}
        assert len({kms.sign(**same)["Signature"] for _ in range(3)}) == count


def test_signatures_of_ml_dsa_are_hedged(kms: Any, key_of: KeyOf) -> None:
    key = key_of("ML_DSA_44", "SIGN_VERIFY")
    same = {"KeyId": key["KeyId"], "Message": MESSAGE, "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    assert len({kms.sign(**same)["Signature"] for _ in range(3)}) == 3


@pytest.mark.parametrize(
    ("spec", "algorithm", "message_type", "size", "told"),
    [
        ("RSA_2048", "RSASSA_PSS_SHA_384", "DIGEST", 32, "Digest is invalid length for algorithm "),
        ("ECC_NIST_P256", "ECDSA_SHA_256", "DIGEST", 33, "Digest is invalid length for algorithm "),
        ("SM2", "SM2DSA", "DIGEST", 31, "Digest is invalid length for algorithm "),
        ("ML_DSA_44", "ML_DSA_SHAKE_256", "DIGEST", 64, "Message type DIGEST is incompatible "),
        ("ML_DSA_65", "ML_DSA_SHAKE_256", "EXTERNAL_MU", 63, "External mu is invalid length "),
        ("RSA_2048", "RSASSA_PSS_SHA_256", "EXTERNAL_MU", 64, "Message type EXTERNAL_MU is inc"),
        ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "RAW", 64, "Message type RAW is incompat"),
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "DIGEST", 64, "Message type DIGEST is inco"),
    ],
)
def test_a_message_of_the_wrong_type_or_length_is_refused_by_both(
    kms: Any, key_of: KeyOf, spec: str, algorithm: str, message_type: str, size: int, told: str
) -> None:
    parameters = {
        "KeyId": key_of(spec, "SIGN_VERIFY")["KeyId"],
        "Message": bytes(size),
        "MessageType": message_type,
        "SigningAlgorithm": algorithm,
    }
    refused = refusal(kms.sign, **parameters)
    assert refused.code == "ValidationException"
    assert refused.message is not None and refused.message.startswith(told)
    assert refusal(kms.verify, Signature=b"x", **parameters) == refused


def test_a_key_signs_with_its_own_algorithms_only(kms: Any, key_of: KeyOf) -> None:
    everything = sorted({algorithm for _, algorithm in PAIRS})
    for spec, algorithms in ALGORITHMS.items():
        key = key_of(spec, "SIGN_VERIFY")
        assert sorted(key["SigningAlgorithms"]) == sorted(algorithms)
        for algorithm in set(everything) - set(algorithms):
            told = refusal(
                kms.sign, KeyId=key["KeyId"], Message=MESSAGE, SigningAlgorithm=algorithm
            )
            assert told == (
                "InvalidKeyUsageException",
                f"Algorithm {algorithm} is incompatible with key spec {spec}.",
            )


def private_key(spec: str) -> tuple[Any, bytes, bytes]:
    """A private key that others made: the key, its PKCS#8 and its SubjectPublicKeyInfo."""
    if spec == "SM2":
        private, public = sm2.generate()
        return private, sm2.pkcs8(private), public
    made: Any
    if spec.startswith("RSA"):
        made = rsa.generate_private_key(65537, int(spec[-4:]))
    elif spec == "ECC_NIST_EDWARDS25519":
        made = ed25519.Ed25519PrivateKey.generate()
    else:
        curve = {
            "ECC_NIST_P256": ec.SECP256R1(),
            "ECC_NIST_P384": ec.SECP384R1(),
            "ECC_NIST_P521": ec.SECP521R1(),
            "ECC_SECG_P256K1": ec.SECP256K1(),
        }[spec]
        made = ec.generate_private_key(curve)
    return made, pkcs8(made), spki(made.public_key())


@pytest.mark.parametrize("spec", [spec for spec in ALGORITHMS if not spec.startswith("ML_DSA")])
def test_what_others_sign_with_the_same_key_is_valid(kms: Any, spec: str) -> None:
    private, material, public = private_key(spec)
    key = imported(kms, spec, "SIGN_VERIFY", material)
    assert public_key(kms, key) == public
    for algorithm in ALGORITHMS[spec]:
        signature = sign(private, public, algorithm, MESSAGE)
        for message_type, message in messages(public, algorithm, MESSAGE).items():
            same = {
                "KeyId": key["KeyId"],
                "Message": message,
                "MessageType": message_type,
                "SigningAlgorithm": algorithm,
            }
            assert kms.verify(Signature=signature, **same)["SignatureValid"]
            assert verifies(public, algorithm, MESSAGE, kms.sign(**same)["Signature"])

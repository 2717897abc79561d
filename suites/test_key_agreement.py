"""GetPublicKey, DeriveSharedSecret, Encapsulate and Decapsulate, each with someone else as peer."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey, MLKEM1024PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from blackbox.importing import imported
from blackbox.keys import SPKI_BYTES, KeyOf, pkcs8, public_key, spki
from blackbox.reference import ml_kem, sm2
from blackbox.refusal import INVALID_CIPHERTEXT, Refusal, refusal

CURVES = {
    "ECC_NIST_P256": (ec.SECP256R1(), 32),
    "ECC_NIST_P384": (ec.SECP384R1(), 48),
    "ECC_NIST_P521": (ec.SECP521R1(), 66),
}
KEMS = {
    "ML_KEM_512": (ml_kem.ML_KEM_512, 768),
    "ML_KEM_768": (ml_kem.ML_KEM_768, 1088),
    "ML_KEM_1024": (ml_kem.ML_KEM_1024, 1568),
}
# id-alg-ml-kem-512 of 2.16.840.1.101.3.4.4.1, which `cryptography` does not read.
ML_KEM_512_FRAME = bytes.fromhex("30820332300b06096086480165030404010382032100")

MEMBER_OF = {
    "SIGN_VERIFY": "SigningAlgorithms",
    "ENCRYPT_DECRYPT": "EncryptionAlgorithms",
    "KEY_AGREEMENT": "KeyAgreementAlgorithms",
    "ENCAPSULATE_DECAPSULATE": "EncapsulationAlgorithms",
}
KINDS = (
    [(spec, "SIGN_VERIFY") for spec in SPKI_BYTES if not spec.startswith("ML_KEM")]
    + [(spec, "ENCRYPT_DECRYPT") for spec in ["RSA_2048", "SM2"]]
    + [(spec, "KEY_AGREEMENT") for spec in [*CURVES, "SM2"]]
    + [(spec, "ENCAPSULATE_DECAPSULATE") for spec in KEMS]
)


@pytest.mark.parametrize(("spec", "usage"), KINDS)
def test_a_public_key_is_what_others_write_for_it(
    kms: Any, key_of: KeyOf, spec: str, usage: str
) -> None:
    key = key_of(spec, usage)
    shown = kms.get_public_key(KeyId=key["KeyId"])
    public = shown.pop("PublicKey")
    del shown["ResponseMetadata"]
    assert shown == {
        "KeyId": key["Arn"],
        "KeySpec": spec,
        "CustomerMasterKeySpec": spec,
        "KeyUsage": usage,
        MEMBER_OF[usage]: key[MEMBER_OF[usage]],
    }
    assert len(public) == SPKI_BYTES[spec]
    if spec == "SM2":
        sm2.read(public)
    elif spec == "ML_KEM_512":
        assert public.startswith(ML_KEM_512_FRAME)
    else:
        loaded: Any = load_der_public_key(public)
        assert spki(loaded) == public
        if isinstance(loaded, rsa.RSAPublicKey):
            assert loaded.public_numbers().e == 65537
            assert loaded.key_size == int(spec[-4:])


def test_a_key_without_a_public_key_shows_none(kms: Any, key: Any, key_of: KeyOf) -> None:
    for other in [key, key_of("HMAC_256", "GENERATE_VERIFY_MAC")]:
        told = refusal(kms.get_public_key, KeyId=other["KeyId"])
        assert told == ("UnsupportedOperationException", None)


def test_a_disabled_key_shows_its_public_key_and_one_to_be_deleted_does_not(kms: Any) -> None:
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    public = public_key(kms, key)
    kms.disable_key(KeyId=key["KeyId"])
    assert public_key(kms, key) == public
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    told = refusal(kms.get_public_key, KeyId=key["KeyId"])
    assert told == ("KMSInvalidStateException", f"{key['Arn']} is pending deletion.")


@pytest.mark.parametrize("spec", CURVES)
def test_both_sides_derive_the_same_secret(kms: Any, key_of: KeyOf, spec: str) -> None:
    curve, size = CURVES[spec]
    key = key_of(spec, "KEY_AGREEMENT")
    public: Any = load_der_public_key(public_key(kms, key))
    # A secret that begins with a zero byte keeps it: so many that some do.
    for _ in range(20):
        private = ec.generate_private_key(curve)
        derived = kms.derive_shared_secret(
            KeyId=key["KeyId"],
            KeyAgreementAlgorithm="ECDH",
            PublicKey=spki(private.public_key()),
        )
        del derived["ResponseMetadata"]
        secret = private.exchange(ec.ECDH(), public)
        assert len(secret) == size
        assert derived == {
            "KeyId": key["Arn"],
            "SharedSecret": secret,
            "KeyAgreementAlgorithm": "ECDH",
            "KeyOrigin": "AWS_KMS",
        }


def test_both_sides_derive_the_same_secret_on_the_curve_of_sm2(kms: Any, key_of: KeyOf) -> None:
    key = key_of("SM2", "KEY_AGREEMENT")
    public = public_key(kms, key)
    for _ in range(5):
        private, peer = sm2.generate()
        derived = kms.derive_shared_secret(
            KeyId=key["KeyId"], KeyAgreementAlgorithm="ECDH", PublicKey=peer
        )
        assert derived["SharedSecret"] == sm2.shared_secret(private, public)


def malformed(spec: str) -> list[bytes]:
    """What is no public key in DER on the curve of the spec, named by its object identifier."""
    curve = CURVES[spec][0]
    own = ec.generate_private_key(curve).public_key()
    others = [other for name, (other, _) in CURVES.items() if name != spec]
    sound = spki(own)
    return [
        *(spki(ec.generate_private_key(other).public_key()) for other in others),
        spki(ec.generate_private_key(ec.SECP256K1()).public_key()),
        spki(rsa.generate_private_key(65537, 2048).public_key()),
        sm2.generate()[1],
        sound[:-1],
        sound + b"\x00",
        sound[:-1] + bytes([sound[-1] ^ 1]),
        own.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        own.public_bytes(Encoding.X962, PublicFormat.CompressedPoint),
        own.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        b"\x00",
    ]


@pytest.mark.parametrize("spec", CURVES)
def test_a_peer_must_have_a_public_key_on_the_same_curve(
    kms: Any, key_of: KeyOf, spec: str
) -> None:
    key = key_of(spec, "KEY_AGREEMENT")
    expected = Refusal(
        "ValidationException", f"PublicKey is not a valid public key of key spec {spec}."
    )
    for public in malformed(spec):
        told = refusal(
            kms.derive_shared_secret,
            KeyId=key["KeyId"],
            KeyAgreementAlgorithm="ECDH",
            PublicKey=public,
        )
        assert told == expected, public.hex()


@pytest.mark.parametrize("spec", CURVES)
def test_an_imported_key_agrees_as_its_maker_does(kms: Any, spec: str) -> None:
    curve, _ = CURVES[spec]
    mine, peer = ec.generate_private_key(curve), ec.generate_private_key(curve)
    key = imported(kms, spec, "KEY_AGREEMENT", pkcs8(mine))
    derived = kms.derive_shared_secret(
        KeyId=key["KeyId"], KeyAgreementAlgorithm="ECDH", PublicKey=spki(peer.public_key())
    )
    assert derived["SharedSecret"] == mine.exchange(ec.ECDH(), peer.public_key())
    assert derived["KeyOrigin"] == "EXTERNAL"


def decapsulate(kms: Any, key: dict[str, Any], ciphertext: bytes) -> bytes:
    answer = kms.decapsulate(
        KeyId=key["KeyId"],
        SharedSecretCiphertextBlob=ciphertext,
        EncapsulationAlgorithm="ML_KEM",
    )
    assert (answer["KeyId"], answer["EncapsulationAlgorithm"]) == (key["Arn"], "ML_KEM")
    return answer["SharedSecret"]


@pytest.mark.parametrize("spec", KEMS)
def test_what_others_encapsulate_is_recovered(kms: Any, key_of: KeyOf, spec: str) -> None:
    key = key_of(spec, "ENCAPSULATE_DECAPSULATE")
    public = public_key(kms, key)
    for _ in range(5):
        secret, ciphertext = ml_kem.encapsulate(KEMS[spec][0], public[22:])
        assert decapsulate(kms, key, ciphertext) == secret
    if spec != "ML_KEM_512":
        loaded: Any = load_der_public_key(public)
        assert isinstance(loaded, (MLKEM768PublicKey, MLKEM1024PublicKey))
        secret, ciphertext = loaded.encapsulate()
        assert decapsulate(kms, key, ciphertext) == secret


# Nobody else can open it: the decapsulation key does not leave the service, nor can one be
# imported. But Decapsulate, which the test above holds to others, gives an unrelated secret for
# any ciphertext that is not exactly the one FIPS 203 makes of its message.
@pytest.mark.parametrize("spec", KEMS)
def test_what_is_encapsulated_here_is_recovered(kms: Any, key_of: KeyOf, spec: str) -> None:
    key = key_of(spec, "ENCAPSULATE_DECAPSULATE")
    made = kms.encapsulate(KeyId=key["KeyId"], EncapsulationAlgorithm="ML_KEM")
    assert (made["KeyId"], made["EncapsulationAlgorithm"]) == (key["Arn"], "ML_KEM")
    secret, ciphertext = made["SharedSecret"], made["SharedSecretCiphertextBlob"]
    assert (len(secret), len(ciphertext)) == (32, KEMS[spec][1])
    assert decapsulate(kms, key, ciphertext) == secret
    again = kms.encapsulate(KeyId=key["KeyId"], EncapsulationAlgorithm="ML_KEM")
    assert again["SharedSecret"] != secret


@pytest.mark.parametrize("spec", KEMS)
def test_an_altered_encapsulation_gives_another_secret_and_a_wrong_length_none(
    kms: Any, key_of: KeyOf, spec: str
) -> None:
    key = key_of(spec, "ENCAPSULATE_DECAPSULATE")
    secret, ciphertext = ml_kem.encapsulate(KEMS[spec][0], public_key(kms, key)[22:])
    for at in [0, len(ciphertext) // 2, len(ciphertext) - 1]:
        altered = ciphertext[:at] + bytes([ciphertext[at] ^ 1]) + ciphertext[at + 1 :]
        rejected = decapsulate(kms, key, altered)
        assert len(rejected) == 32 and rejected != secret
        assert decapsulate(kms, key, altered) == rejected
    for wrong in [ciphertext[:-1], ciphertext + b"\x00", b"\x00", bytes(6144)]:
        told = refusal(
            kms.decapsulate,
            KeyId=key["KeyId"],
            SharedSecretCiphertextBlob=wrong,
            EncapsulationAlgorithm="ML_KEM",
        )
        assert told == INVALID_CIPHERTEXT


def test_keys_for_something_else_are_refused(kms: Any, key_of: KeyOf) -> None:
    key = key_of("ECC_NIST_P256", "SIGN_VERIFY")
    kem = {"EncapsulationAlgorithm": "ML_KEM"}
    for call, operation, parameters in [
        (
            kms.derive_shared_secret,
            "DeriveSharedSecret",
            {"KeyAgreementAlgorithm": "ECDH", "PublicKey": public_key(kms, key)},
        ),
        (kms.encapsulate, "Encapsulate", kem),
        (kms.decapsulate, "Decapsulate", kem | {"SharedSecretCiphertextBlob": b"x"}),
    ]:
        assert refusal(call, KeyId=key["KeyId"], **parameters) == (
            "InvalidKeyUsageException",
            f"{key['Arn']} key usage is SIGN_VERIFY which is not valid for {operation}.",
        )

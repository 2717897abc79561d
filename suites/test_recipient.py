"""`Recipient`: replies that only an attested enclave can read. The attester is a private one."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from blackbox.attestation import MODULE_ID, Attester, Enclave
from blackbox.deployment import Deployment
from blackbox.refusal import refusal

INVALID = ("ValidationException", "The attestation document is not valid.")


@pytest.fixture(scope="module")
def attester() -> Attester:
    return Attester()


@pytest.fixture(scope="module")
def enclave() -> Enclave:
    return Enclave()


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory, attester: Attester) -> Iterator[Deployment]:
    """A deployment that trusts the attester beside AWS."""
    directory = tmp_path_factory.mktemp("trusting")
    (directory / "roots.pem").write_text(attester.root_pem)
    made = Deployment.make(directory / "data")
    (made.directory / "keyward.toml").write_text(
        f"[attestation]\nroots_file = '{directory / 'roots.pem'}'\n"
    )
    try:
        yield made.start()
        assert made.stop() == 0
    finally:
        made.end()


@pytest.fixture(scope="module")
def client(trusting: Deployment) -> Any:
    return trusting.client()


def info(document: bytes) -> dict[str, Any]:
    return {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": document}


@pytest.fixture
def recipient(attester: Attester, enclave: Enclave) -> dict[str, Any]:
    return info(attester.attest(enclave.public_key))


def test_a_data_key_and_what_it_opens_to_are_for_the_enclave_alone(
    client: Any, recipient: Any, enclave: Enclave
) -> None:
    key_id = client.create_key()["KeyMetadata"]["KeyId"]
    made = client.generate_data_key(KeyId=key_id, KeySpec="AES_256", Recipient=recipient)
    assert "Plaintext" not in made
    assert "KeyMaterialId" not in made
    data_key = enclave.open(made["CiphertextForRecipient"])
    assert len(data_key) == 32
    assert client.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == data_key
    opened = client.decrypt(CiphertextBlob=made["CiphertextBlob"], Recipient=recipient)
    assert "Plaintext" not in opened
    assert "KeyMaterialId" not in opened
    assert opened["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    assert enclave.open(opened["CiphertextForRecipient"]) == data_key
    assert made["CiphertextForRecipient"] != opened["CiphertextForRecipient"]


def test_random_bytes_are_for_the_enclave_alone(
    client: Any, recipient: Any, enclave: Enclave
) -> None:
    for size in [1, 15, 16, 32, 1024]:
        made = client.generate_random(NumberOfBytes=size, Recipient=recipient)
        assert "Plaintext" not in made
        assert len(enclave.open(made["CiphertextForRecipient"])) == size


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "RSA_2048", "ML_KEM_1024"])
def test_the_private_key_of_a_pair_is_for_the_enclave_alone(
    client: Any, recipient: Any, enclave: Enclave, spec: str
) -> None:
    key_id = client.create_key()["KeyMetadata"]["KeyId"]
    made = client.generate_data_key_pair(KeyId=key_id, KeyPairSpec=spec, Recipient=recipient)
    assert "PrivateKeyPlaintext" not in made
    private = enclave.open(made["CiphertextForRecipient"])
    loaded = load_der_private_key(private, None).public_key()
    assert made["PublicKey"] == loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    opened = client.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])
    assert opened["Plaintext"] == private


def test_a_shared_secret_is_for_the_enclave_alone(
    client: Any, recipient: Any, enclave: Enclave
) -> None:
    made = client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]
    peer = ec.generate_private_key(ec.SECP256R1())
    asked = {
        "KeyId": made["KeyId"],
        "KeyAgreementAlgorithm": "ECDH",
        "PublicKey": peer.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        ),
    }
    derived = client.derive_shared_secret(**asked, Recipient=recipient)
    assert "SharedSecret" not in derived
    shown = client.derive_shared_secret(**asked)["SharedSecret"]
    assert enclave.open(derived["CiphertextForRecipient"]) == shown


def test_openssl_reads_what_is_for_the_enclave(
    client: Any, recipient: Any, enclave: Enclave, attester: Attester, tmp_path: Path
) -> None:
    key_id = client.create_key()["KeyMetadata"]["KeyId"]
    for secret in [b"x", b"0123456789abcdef", bytes(range(256)) * 16]:
        blob = client.encrypt(KeyId=key_id, Plaintext=secret)["CiphertextBlob"]
        opened = client.decrypt(CiphertextBlob=blob, Recipient=recipient)
        (tmp_path / "enveloped").write_bytes(opened["CiphertextForRecipient"])
        (tmp_path / "key").write_bytes(
            enclave.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        decrypt = ["cms", "-decrypt", "-inform", "DER", "-in", "enveloped", "-inkey", "key"]
        done = subprocess.run(
            ["openssl", *decrypt, "-binary"], cwd=tmp_path, capture_output=True, timeout=30
        )
        assert (done.returncode, done.stdout) == (0, secret), done.stderr


def test_a_document_that_proves_nothing_is_refused_in_one_sentence(
    client: Any, attester: Attester, enclave: Enclave, trusting: Deployment
) -> None:
    sound = attester.attest(enclave.public_key)
    tampered = bytearray(sound)
    tampered[sound.index(MODULE_ID.encode())] ^= 1
    key_id = client.create_key()["KeyMetadata"]["KeyId"]
    for document in [
        b"nonsense",
        sound[:-1],
        bytes(tampered),
        Attester().attest(enclave.public_key),
        attester.attest(None),
        attester.attest(enclave.public_key, timestamp=1_600_000_000_000),
        attester.attest(enclave.public_key, digest="SHA256"),
    ]:
        asked = {"KeyId": key_id, "KeySpec": "AES_256", "Recipient": info(document)}
        assert refusal(client.generate_data_key, **asked) == INVALID
        told = refusal(client.generate_random, NumberOfBytes=1, Recipient=info(document))
        assert told == INVALID
    log = trusting.log.read_text()
    assert "the root of the document is not a configured trust root" in log
    assert "the document is too old or from the future" in log


def test_a_document_is_looked_at_before_the_key_is_looked_for(client: Any) -> None:
    asked = {"KeyId": "alias/none", "KeySpec": "AES_256", "Recipient": info(b"nonsense")}
    assert refusal(client.generate_data_key, **asked) == INVALID


def test_a_recipient_needs_a_document(client: Any) -> None:
    algorithm = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    assert refusal(client.generate_random, NumberOfBytes=1, Recipient=algorithm) == (
        "ValidationException",
        "1 validation error detected: Value null at 'recipient.attestationDocument' failed to "
        "satisfy constraint: Member must not be null",
    )


def test_who_is_not_told_to_trust_an_attester_does_not(
    kms: Any, attester: Attester, enclave: Enclave
) -> None:
    recipient = info(attester.attest(enclave.public_key))
    assert refusal(kms.generate_random, NumberOfBytes=1, Recipient=recipient) == INVALID


def test_a_recipient_is_on_record_only_if_the_call_succeeded(
    client: Any, recipient: Any, trusting: Deployment
) -> None:
    made = client.create_key()["KeyMetadata"]
    answer = client.generate_data_key(KeyId=made["KeyId"], KeySpec="AES_256", Recipient=recipient)
    record = trusting.record_of(answer)

    def register(index: int) -> str:
        return base64.b64encode(bytes([index + 1]) * 48).decode()

    assert record["additionalEventData"] == {
        "keyMaterialId": made["CurrentKeyMaterialId"],
        "recipient": {
            "attestationDocumentModuleId": MODULE_ID,
            "attestationDocumentEnclaveImageDigest": register(0),
            **{
                f"attestationDocumentEnclavePCR{index}": register(index)
                for index in [1, 2, 3, 4, 8]
            },
        },
    }
    assert "Recipient" not in str(record["requestParameters"])
    client.disable_key(KeyId=made["KeyId"])
    with pytest.raises(client.exceptions.DisabledException) as caught:
        client.generate_data_key(KeyId=made["KeyId"], KeySpec="AES_256", Recipient=recipient)
    assert "additionalEventData" not in trusting.record_of(caught.value)


def test_roots_that_are_none_keep_the_server_from_starting(
    deploy: Callable[..., Deployment], tmp_path: Path, attester: Attester
) -> None:
    leaf = attester.signer.certificate.public_bytes(Encoding.PEM).decode()
    made = deploy()
    for text in ["", "nonsense", leaf]:
        (tmp_path / "roots.pem").write_text(text)
        (made.directory / "keyward.toml").write_text(
            f"[attestation]\nroots_file = '{tmp_path / 'roots.pem'}'\n"
        )
        with pytest.raises(RuntimeError, match="roots_file"):
            made.start()

"""Libraries that keep or use their keys in the service, written by others and for another.

Most take a boto3 client or find one by the profile. libmongocrypt has an HTTP and SigV4 of its own.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import bson
import pytest
import tink
from pymongocrypt.errors import MongoCryptError
from pymongocrypt.options import MongoCryptOptions
from pymongocrypt.synchronous.explicit_encrypter import ExplicitEncrypter
from pymongocrypt.synchronous.state_machine import MongoCryptCallback
from securesystemslib.exceptions import UnsupportedAlgorithmError
from securesystemslib.signer import AWSSigner
from tink import aead
from tink.integration import awskms

from blackbox.deployment import REGION, Deployment

ENVELOPE = aead.aead_key_templates.AES256_GCM


@pytest.fixture
def profile(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an operator exports, for libraries that make their own client."""
    for name, value in deployment.aws_environment.items():
        monkeypatch.setenv(name, value)
    # boto3 keeps the first session of a process.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)


@pytest.fixture
def remote(profile: None, key: Any) -> Any:
    """A key of the service as a Tink primitive."""
    aead.register()
    uri = f"aws-kms://{key['Arn']}"
    return awskms.AwsKmsClient(uri, None).get_aead(uri)


def test_tink_seals_data_under_a_key_and_its_associated_data(remote: Any) -> None:
    for primitive in [remote, aead.KmsEnvelopeAead(ENVELOPE, remote)]:
        sealed = primitive.encrypt(b"secret", b"tenant blue")
        assert primitive.decrypt(sealed, b"tenant blue") == b"secret"
        for other in [b"tenant red", b""]:
            with pytest.raises(tink.TinkError):
                primitive.decrypt(sealed, other)


def test_tink_keeps_a_keyset_under_a_key(remote: Any) -> None:
    made = tink.new_keyset_handle(ENVELOPE)
    kept = io.StringIO()
    made.write(tink.JsonKeysetWriter(kept), remote)
    read = tink.read_keyset_handle(tink.JsonKeysetReader(kept.getvalue()), remote)
    sealed = made.primitive(aead.Aead).encrypt(b"secret", b"")
    assert read.primitive(aead.Aead).decrypt(sealed, b"") == b"secret"


SCHEMES = [
    ("RSA_2048", "rsassa-pss-sha256"),
    ("RSA_2048", "rsassa-pss-sha512"),
    ("RSA_2048", "rsa-pkcs1v15-sha384"),
    ("ECC_NIST_P256", "ecdsa-sha2-nistp256"),
    ("ECC_NIST_P384", "ecdsa-sha2-nistp384"),
]


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize(("spec", "scheme"), SCHEMES)
def test_software_is_signed_for_the_update_framework(
    key_of: Callable[..., Any], spec: str, scheme: str
) -> None:
    key = key_of(spec, "SIGN_VERIFY")
    uri, public = AWSSigner.import_(key["KeyId"], scheme)
    signature = AWSSigner.from_priv_key_uri(uri, public).sign(b"release")
    public.verify_signature(signature, b"release")
    other = "rsassa-pss-sha256" if spec.startswith("ECC") else "ecdsa-sha2-nistp256"
    with pytest.raises(UnsupportedAlgorithmError):
        AWSSigner.import_(key["KeyId"], other)


class Vault(MongoCryptCallback):
    """What a MongoDB driver does for libmongocrypt: carries bytes, and keeps data keys."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self.trust = trust
        self.keys: list[bytes] = []

    def kms_request(self, kms_context: Any) -> None:
        host, _, port = kms_context.endpoint.rpartition(":")
        with (
            socket.create_connection((host, int(port)), timeout=30) as plain,
            self.trust.wrap_socket(plain, server_hostname=host) as connection,
        ):
            connection.sendall(kms_context.message)
            while kms_context.bytes_needed > 0:
                received = connection.recv(kms_context.bytes_needed)
                assert received, "the server closed the connection"
                kms_context.feed(received)

    def fetch_keys(self, filter: Any) -> Iterable[bytes]:
        return list(self.keys)

    def insert_data_key(self, data_key: Any) -> Any:
        self.keys.append(bytes(data_key))
        return bson.decode(self.keys[-1])["_id"]

    def bson_encode(self, doc: Any) -> bytes:
        return bson.encode(doc)

    def collection_info(self, database: Any, filter: Any) -> Any:
        raise NotImplementedError

    def mark_command(self, database: Any, cmd: Any) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        """Holds nothing."""


def test_mongodb_drivers_encrypt_fields(deploy: Callable[..., Deployment]) -> None:
    # Nothing but TLS is spoken, and not to a name without a dot.
    one = deploy("--tls-name", "localhost", "--tls-name", "127.0.0.1").start()
    kms, access = one.client(), one.credentials()
    first, second = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    place = {"region": REGION, "endpoint": f"127.0.0.1:{one.address[1]}"}
    vault = Vault(one.trust)
    provider = {
        "aws": {
            "accessKeyId": access.access_key_id,
            "secretAccessKey": access.secret_access_key,
        }
    }

    def driver() -> ExplicitEncrypter:
        """One that has nothing in its cache."""
        return ExplicitEncrypter(vault, MongoCryptOptions(provider))

    key_id = driver().create_data_key("aws", master_key=place | {"key": first})
    field = bson.encode({"v": "457-55-5462"})
    algorithm = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"
    sealed = driver().encrypt(field, algorithm, key_id=bytes(key_id))
    assert bytes(driver().decrypt(sealed)) == field

    moved = driver().rewrap_many_data_key({}, "aws", place | {"key": second})
    [changes] = bson.decode(bytes(moved))["v"]
    vault.keys = [bson.encode(bson.decode(vault.keys[0]) | changes)]
    kms.disable_key(KeyId=first)
    assert bytes(driver().decrypt(sealed)) == field
    kms.disable_key(KeyId=second)
    with pytest.raises(MongoCryptError, match="DisabledException"):
        driver().decrypt(sealed)

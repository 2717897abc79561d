"""A deployment for development: a clock that moves, and keys that are known."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from blackbox.deployment import ACCOUNT, BINARY, Deployment, clean_environment, run
from blackbox.refusal import refusal, refused

Deploy = Callable[..., Deployment]

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
MULTI_REGION_ID = "mrk-1234abcd12ab34cd56ef1234567890ab"
HMAC_ID = "0987dcba-09fe-87dc-65ba-ab0987654321"
ED25519_ID = "5678abcd-12ab-34cd-56ef-1234567890ab"
MATERIAL = bytes(range(32))
ED25519_SEED = bytes(range(32, 64))
ED25519_PKCS8 = bytes.fromhex("302e020100300506032b657004220420") + ED25519_SEED


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def advance(deployment: Deployment, time: str) -> int:
    """Moves the clock; the time it shows, in seconds."""
    said = run("dev", "advance", time, "--json", "--data-dir", deployment.directory)
    return json.loads(said)["nowUnixSeconds"]


def load(deployment: Deployment, keys: list[dict[str, Any]]) -> int:
    """Loads keys; how many."""
    file = deployment.directory.with_name("keys.json")
    file.write_text(json.dumps(keys))
    said = run("dev", "load", file, "--json", "--data-dir", deployment.directory)
    return json.loads(said)["keysLoaded"]


def failure(*arguments: str | Path) -> str:
    """Why the program fails, as it must."""
    done = subprocess.run(
        [BINARY, *arguments],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done
    return done.stderr


@pytest.fixture
def development(deploy: Deploy) -> Deployment:
    return deploy("--dev").start()


def test_a_key_is_deleted_when_the_clock_is_moved_past_its_date(development: Deployment) -> None:
    kms = development.client()
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    due = kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)["DeletionDate"]

    advance(development, "6d")
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    shown = advance(development, "24h")
    assert shown >= due.timestamp() - 1
    advance(development, "1s")
    assert refusal(kms.describe_key, KeyId=key_id).code == "NotFoundException"
    deleted = [record for record in development.records() if record["eventName"] == "DeleteKey"]
    at = datetime.fromisoformat(deleted[0]["eventTime"])
    assert at >= due.replace(microsecond=0)


def test_a_key_rotates_when_the_clock_is_moved_past_its_date(development: Deployment) -> None:
    kms = development.client()
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    old = kms.encrypt(KeyId=key_id, Plaintext=b"before")["CiphertextBlob"]
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=90)
    advance(development, "89d")
    assert kms.list_key_rotations(KeyId=key_id)["Rotations"] == []
    advance(development, "25h")
    (rotation,) = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    assert rotation["RotationType"] == "AUTOMATIC"
    assert kms.decrypt(CiphertextBlob=old)["Plaintext"] == b"before"
    status = kms.get_key_rotation_status(KeyId=key_id)
    assert status["NextRotationDate"] > rotation["RotationDate"] + timedelta(days=80)


def test_imported_material_expires_when_the_clock_is_moved_past_its_date(
    development: Deployment,
) -> None:
    kms = development.client()
    key_id = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    parameters = kms.get_parameters_for_import(
        KeyId=key_id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    wrapping_key = load_der_public_key(parameters["PublicKey"])
    assert isinstance(wrapping_key, RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    kms.import_key_material(
        KeyId=key_id,
        ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=wrapping_key.encrypt(MATERIAL, oaep),
        ValidTo=datetime.now(UTC) + timedelta(days=30),
    )
    advance(development, "29d")
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Enabled"
    advance(development, "25h")
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "PendingImport"


def test_signatures_are_accepted_whatever_the_deployments_clock_shows(
    development: Deployment,
) -> None:
    kms = development.client()
    before = kms.create_key()["KeyMetadata"]["CreationDate"]
    advance(development, "3650d")
    after = kms.create_key()["KeyMetadata"]["CreationDate"]
    assert after - before >= timedelta(days=3650)
    # A client that has never seen the deployment before.
    assert development.client().list_keys()["Keys"]


def test_the_moved_clock_stays_where_it_is_through_a_restart(development: Deployment) -> None:
    shown = advance(development, "100d")
    assert development.stop() == 0
    kms = development.start().client()
    assert kms.create_key()["KeyMetadata"]["CreationDate"].timestamp() >= shown


def test_loaded_keys_do_what_their_material_does_elsewhere(development: Deployment) -> None:
    assert (
        load(
            development,
            [
                {"keyId": KEY_ID, "material": b64(MATERIAL), "aliases": ["alias/known"]},
                {"keyId": HMAC_ID, "keySpec": "HMAC_256", "material": b64(MATERIAL)},
                {
                    "keyId": ED25519_ID,
                    "keySpec": "ECC_NIST_EDWARDS25519",
                    "material": b64(ED25519_PKCS8),
                },
            ],
        )
        == 3
    )
    kms = development.client()
    made = kms.generate_mac(KeyId=HMAC_ID, Message=b"hello", MacAlgorithm="HMAC_SHA_256")
    assert made["Mac"] == hmac.digest(MATERIAL, b"hello", hashlib.sha256)

    # The public key of that seed, made by another library: RFC 8410 in front of 32 bytes.
    public = kms.get_public_key(KeyId=ED25519_ID)["PublicKey"]
    assert public.hex() == (
        "302a300506032b657003210029acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7"
    )
    signed = kms.sign(KeyId=ED25519_ID, Message=b"hello", SigningAlgorithm="ED25519_SHA_512")
    valid = kms.verify(
        KeyId=ED25519_ID,
        Message=b"hello",
        Signature=signed["Signature"],
        SigningAlgorithm="ED25519_SHA_512",
    )
    assert valid["SignatureValid"]
    assert kms.describe_key(KeyId="alias/known")["KeyMetadata"]["KeyId"] == KEY_ID


def test_a_ciphertext_opens_wherever_its_key_is_loaded(deploy: Deploy) -> None:
    old, new = b64(bytes(32)), b64(MATERIAL)
    first, second = deploy("--dev").start(), deploy("--dev").start()
    load(first, [{"keyId": MULTI_REGION_ID, "material": old}])
    context = {"purpose": "tests"}
    sealed = first.client().encrypt(
        KeyId=MULTI_REGION_ID, Plaintext=b"attack at dawn", EncryptionContext=context
    )
    versions = [{"material": old}, {"material": new, "current": True}]
    load(second, [{"keyId": MULTI_REGION_ID, "material": versions}])
    kms = second.client()
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == b"attack at dawn"
    metadata = kms.describe_key(KeyId=MULTI_REGION_ID)["KeyMetadata"]
    assert metadata["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    rewritten = kms.re_encrypt(
        CiphertextBlob=sealed["CiphertextBlob"],
        SourceEncryptionContext=context,
        DestinationKeyId=MULTI_REGION_ID,
    )
    refused(first.client().decrypt, CiphertextBlob=rewritten["CiphertextBlob"])


def test_a_file_is_loaded_as_a_whole_or_not_at_all(development: Deployment) -> None:
    keys = [{"keyId": KEY_ID, "material": b64(MATERIAL)}, {"keyId": HMAC_ID, "material": "AAAA"}]
    file = development.directory.with_name("keys.json")
    file.write_text(json.dumps(keys))
    said = failure("dev", "load", file, "--data-dir", development.directory)
    assert f"entry 2 ({HMAC_ID})" in said
    assert development.client().list_keys()["Keys"] == []


def test_an_ordinary_deployment_has_no_clock_to_move_and_takes_no_keys(
    deploy: Deploy, tmp_path: Path
) -> None:
    deployment = deploy().start()
    file = tmp_path / "keys.json"
    file.write_text(json.dumps([{"keyId": KEY_ID, "material": b64(MATERIAL)}]))
    for command in [["advance", "1d"], ["load", file]]:
        said = failure("dev", *command, "--data-dir", deployment.directory)
        assert "this is not a development deployment" in said
    assert deployment.client().list_keys()["Keys"] == []
    failed = [record for record in deployment.records() if record.get("errorCode")]
    assert [record["eventName"] for record in failed] == ["AdvanceClock", "LoadKey"]


def test_a_development_deployment_is_not_served_to_a_network(deploy: Deploy) -> None:
    directory = deploy("--dev").directory
    serve = ["serve", "--data-dir", directory, "--listen", "0.0.0.0:0"]
    said = failure(*serve, "--expose-plaintext-http-to-the-network")
    assert "serves its own machine only" in said


def test_a_key_of_another_account_is_loaded_there(development: Deployment) -> None:
    profile = development.add_account()
    other = profile.removeprefix("keyward-")
    load(development, [{"keyId": KEY_ID, "account": other, "material": b64(MATERIAL)}])
    metadata = development.client(profile).describe_key(KeyId=KEY_ID)["KeyMetadata"]
    assert metadata["AWSAccountId"] == other != ACCOUNT

"""The AWS command line, with nothing but the profile that `keyward init` wrote."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from blackbox.deployment import ACCOUNT, REGION, Deployment, clean_environment
from blackbox.importing import wrap

AWS = Path(sys.executable).with_name("aws")


class Cli:
    def __init__(self, deployment: Deployment, profile: str = "keyward") -> None:
        environment = deployment.aws_environment | {"AWS_PROFILE": profile}
        self.environment = clean_environment(AWS_EC2_METADATA_DISABLED="true", **environment)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [AWS, "kms", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )

    def __call__(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.fixture(scope="module")
def aws(deployment: Deployment) -> Cli:
    return Cli(deployment)


def test_a_file_is_encrypted_and_decrypted(aws: Cli, tmp_path: Path) -> None:
    key = aws("create-key", "--description", "from the command line")["KeyMetadata"]
    assert key["Arn"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/")
    aws("create-alias", "--alias-name", "alias/cli", "--target-key-id", key["KeyId"])

    secret = tmp_path / "secret"
    secret.write_bytes(b"attack at dawn\n")
    sealed = aws(
        "encrypt",
        "--key-id",
        "alias/cli",
        "--plaintext",
        f"fileb://{secret}",
        "--encryption-context",
        "purpose=test,tenant=blue",
    )
    assert set(sealed) == {"CiphertextBlob", "KeyId", "EncryptionAlgorithm"}
    assert sealed["KeyId"] == key["Arn"]

    blob = tmp_path / "secret.sealed"
    blob.write_bytes(base64.b64decode(sealed["CiphertextBlob"]))
    same = ["--ciphertext-blob", f"fileb://{blob}", "--encryption-context"]
    opened = aws("decrypt", *same, "tenant=blue,purpose=test")
    assert set(opened) == {"KeyId", "Plaintext", "EncryptionAlgorithm", "KeyMaterialId"}
    assert base64.b64decode(opened["Plaintext"]) == secret.read_bytes()

    refused = aws.run("decrypt", *same, "tenant=red,purpose=test")
    assert refused.returncode != 0
    assert b"(InvalidCiphertextException) when calling the Decrypt operation" in refused.stderr
    aws("delete-alias", "--alias-name", "alias/cli")


def test_a_data_key_comes_in_both_forms(aws: Cli) -> None:
    key_id = aws("create-key")["KeyMetadata"]["KeyId"]
    made = aws("generate-data-key", "--key-id", key_id, "--key-spec", "AES_256")
    assert set(made) == {"CiphertextBlob", "Plaintext", "KeyId", "KeyMaterialId"}
    assert len(base64.b64decode(made["Plaintext"])) == 32
    hidden = aws(
        "generate-data-key-without-plaintext", "--key-id", key_id, "--number-of-bytes", "64"
    )
    assert set(hidden) == {"CiphertextBlob", "KeyId", "KeyMaterialId"}


def test_keys_are_listed_over_as_many_pages_as_there_are(aws: Cli) -> None:
    made = {aws("create-key")["KeyMetadata"]["KeyId"] for _ in range(3)}
    listed = aws("list-keys", "--page-size", "2")["Keys"]
    assert made <= {entry["KeyId"] for entry in listed}
    assert all(set(entry) == {"KeyId", "KeyArn"} for entry in listed)


def test_management_of_a_key_from_end_to_end(aws: Cli) -> None:
    tags = "TagKey=team,TagValue=red"
    key_id = aws("create-key", "--tags", tags)["KeyMetadata"]["KeyId"]
    on_key = ["--key-id", key_id]
    assert aws("list-resource-tags", *on_key)["Tags"] == [{"TagKey": "team", "TagValue": "red"}]
    assert aws("untag-resource", *on_key, "--tag-keys", "team") is None
    assert aws("update-key-description", *on_key, "--description", "mine") is None
    policy = aws("get-key-policy", *on_key)["Policy"]
    assert aws("put-key-policy", *on_key, "--policy", policy) is None
    assert aws("disable-key", *on_key) is None
    assert aws("describe-key", *on_key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert aws("enable-key", *on_key) is None
    scheduled = aws("schedule-key-deletion", *on_key, "--pending-window-in-days", "7")
    assert scheduled["KeyState"] == "PendingDeletion"
    assert aws("cancel-key-deletion", *on_key)["KeyId"].endswith(key_id)


def test_a_file_is_signed(aws: Cli, tmp_path: Path) -> None:
    made = aws("create-key", "--key-spec", "ECC_NIST_P256", "--key-usage", "SIGN_VERIFY")
    on_key = ["--key-id", made["KeyMetadata"]["KeyId"]]
    release, signature = tmp_path / "release", tmp_path / "release.sig"
    release.write_bytes(b"release 1\n")
    same = [*on_key, "--message", f"fileb://{release}", "--signing-algorithm", "ECDSA_SHA_256"]
    signature.write_bytes(base64.b64decode(aws("sign", *same)["Signature"]))
    public: Any = load_der_public_key(base64.b64decode(aws("get-public-key", *on_key)["PublicKey"]))
    public.verify(signature.read_bytes(), release.read_bytes(), ec.ECDSA(hashes.SHA256()))
    assert aws("verify", *same, "--signature", f"fileb://{signature}")["SignatureValid"] is True
    release.write_bytes(b"release 2\n")
    refused = aws.run("verify", *same, "--signature", f"fileb://{signature}")
    assert b"(KMSInvalidSignatureException) when calling the Verify operation" in refused.stderr


def test_grants_are_made_listed_and_revoked(aws: Cli) -> None:
    on_key = ["--key-id", aws("create-key")["KeyMetadata"]["KeyId"]]
    root = f"arn:aws:iam::{ACCOUNT}:root"
    grant = aws(
        "create-grant",
        *on_key,
        *["--grantee-principal", root, "--retiring-principal", root],
        *["--operations", "Encrypt", "Decrypt"],
        *["--constraints", "EncryptionContextSubset={tenant=blue}"],
    )
    [listed] = aws("list-grants", *on_key)["Grants"]
    assert listed["GrantId"] == grant["GrantId"]
    assert listed["Constraints"] == {"EncryptionContextSubset": {"tenant": "blue"}}
    retirable = aws("list-retirable-grants", "--retiring-principal", root)["Grants"]
    assert grant["GrantId"] in {entry["GrantId"] for entry in retirable}
    assert aws("revoke-grant", *on_key, "--grant-id", grant["GrantId"]) is None
    assert aws("list-grants", *on_key)["Grants"] == []


def test_key_material_is_imported_from_files(aws: Cli, tmp_path: Path) -> None:
    on_key = ["--key-id", aws("create-key", "--origin", "EXTERNAL")["KeyMetadata"]["KeyId"]]
    algorithm = "RSAES_OAEP_SHA_256"
    given = aws(
        "get-parameters-for-import",
        *on_key,
        *["--wrapping-algorithm", algorithm, "--wrapping-key-spec", "RSA_2048"],
    )
    token, wrapped = tmp_path / "token", tmp_path / "wrapped"
    token.write_bytes(base64.b64decode(given["ImportToken"]))
    wrapped.write_bytes(wrap(algorithm, base64.b64decode(given["PublicKey"]), bytes(range(32))))
    # The date in the form that people write.
    day = datetime.now(UTC) + timedelta(days=3)
    aws(
        "import-key-material",
        *on_key,
        *["--import-token", f"fileb://{token}"],
        *["--encrypted-key-material", f"fileb://{wrapped}"],
        *["--expiration-model", "KEY_MATERIAL_EXPIRES"],
        *["--valid-to", f"{day:%Y-%m-%dT%H:%M:%SZ}"],
    )
    described = aws("describe-key", *on_key)["KeyMetadata"]
    assert described["KeyState"] == "Enabled"
    assert abs(described["ValidTo"] - day.timestamp()) <= 1
    aws("delete-imported-key-material", *on_key)
    assert aws("describe-key", *on_key)["KeyMetadata"]["KeyState"] == "PendingImport"


def test_random_bytes_and_aliases_are_there(aws: Cli) -> None:
    drawn = aws("generate-random", "--number-of-bytes", "24")["Plaintext"]
    assert len(base64.b64decode(drawn)) == 24
    aws("describe-key", "--key-id", "alias/aws/ebs")
    names = [entry["AliasName"] for entry in aws("list-aliases")["Aliases"]]
    assert "alias/aws/ebs" in names


def test_an_error_is_shown_in_the_words_of_the_service(aws: Cli) -> None:
    refused = aws.run("describe-key", "--key-id", "alias/absent")
    assert refused.returncode != 0
    assert (
        "An error occurred (NotFoundException) when calling the DescribeKey operation: Alias "
        f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/absent is not found."
    ) in refused.stderr.decode()

"""The AWS command line, with nothing but the profile that `keyward init` wrote."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from blackbox.deployment import ACCOUNT, REGION, Deployment, clean_environment

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

"""Users, roles and grants with the AWS command line, profiles and all, as its users work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from blackbox.deployment import REGION, Deployment, clean_environment
from blackbox.principals import Account, allow, document, fresh, trust

AWS = Path(sys.executable).with_name("aws")


class Shell:
    """A shell with a configuration of its own."""

    def __init__(self, town: Deployment, directory: Path) -> None:
        self.config = directory / "config"
        self.config.write_text((town.directory / "aws" / "config").read_text())
        self.credentials = directory / "credentials"
        self.credentials.write_text((town.directory / "aws" / "credentials").read_text())
        self.endpoint = town.endpoint

    def profile(self, name: str, **settings: str) -> None:
        """Adds a profile; one with an access key has it among its settings."""
        pairs = {"region": REGION, "endpoint_url": self.endpoint} | settings
        lines = "".join(f"{key} = {value}\n" for key, value in pairs.items())
        with self.config.open("a") as config:
            config.write(f"\n[profile {name}]\n{lines}")

    def run(self, profile: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`aws` with these arguments."""
        return subprocess.run(
            [AWS, *arguments],
            env=clean_environment(
                AWS_EC2_METADATA_DISABLED="true",
                AWS_CONFIG_FILE=str(self.config),
                AWS_SHARED_CREDENTIALS_FILE=str(self.credentials),
                AWS_PROFILE=profile,
                HOME=str(self.config.parent),
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def __call__(self, profile: str, *arguments: str) -> Any:
        done = self.run(profile, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.fixture
def aws(town: Deployment, tmp_path: Path) -> Shell:
    return Shell(town, tmp_path)


def test_a_user_is_made_and_given_a_key(aws: Shell, home: Account) -> None:
    name, key = fresh("user"), home.key()
    aws("keyward-admin", "iam", "create-user", "--user-name", name)
    made = aws("keyward-admin", "iam", "create-access-key", "--user-name", name)["AccessKey"]
    aws.profile(
        "user",
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
    )
    encrypt = ["kms", "encrypt", "--key-id", key["Arn"], "--plaintext", "c2VjcmV0"]
    refused = aws.run("user", *encrypt)
    assert refused.returncode != 0
    assert (
        "An error occurred (AccessDeniedException) when calling the Encrypt operation: "
        f"User: {home.arn(f'user/{name}')} is not authorized to perform: kms:Encrypt on resource: "
        f"{key['Arn']} because no identity-based policy allows the kms:Encrypt action"
    ) in refused.stderr
    policy = document(allow("kms:Encrypt", key["Arn"]))
    put = ["iam", "put-user-policy", "--user-name", name, "--policy-name", "use"]
    aws("keyward-admin", *put, "--policy-document", policy)
    assert aws("user", *encrypt)["KeyId"] == key["Arn"]


def test_a_profile_with_a_role_assumes_it(aws: Shell, home: Account, away: Account) -> None:
    key = home.key()
    external = {"StringEquals": {"sts:ExternalId": "tenant-7"}}
    role = home.role(
        trust({"AWS": away.arn("root")}, Condition=external), allow("kms:DescribeKey", key["Arn"])
    )
    source = {"role_arn": role, "source_profile": f"keyward-{away.number}-admin"}
    aws.profile("partner", **source, external_id="tenant-7", role_session_name="partner")
    aws.profile("stranger", **source)
    told = aws("partner", "sts", "get-caller-identity")
    name = role.rsplit("/", 1)[1]
    assert told["Arn"] == f"arn:aws:sts::{home.number}:assumed-role/{name}/partner"
    shown = aws("partner", "kms", "describe-key", "--key-id", key["KeyId"])
    assert shown["KeyMetadata"]["Arn"] == key["Arn"]
    refused = aws.run("stranger", "kms", "describe-key", "--key-id", key["KeyId"])
    assert "An error occurred (AccessDenied) when calling the AssumeRole operation" in (
        refused.stderr
    )


def test_the_policies_of_documents_come_back_as_documents(aws: Shell, home: Account) -> None:
    name = fresh("policy")
    policy = document(allow("kms:Encrypt", Condition={"StringLike": {"kms:RequestAlias": "a/*"}}))
    made = aws(
        "keyward-admin",
        *["iam", "create-policy", "--policy-name", name, "--policy-document", policy],
    )["Policy"]
    shown = aws(
        "keyward-admin",
        *["iam", "get-policy-version", "--policy-arn", made["Arn"], "--version-id", "v1"],
    )["PolicyVersion"]
    assert shown["Document"] == json.loads(policy)
    listed = aws("keyward-admin", "iam", "list-policies", "--scope", "Local")["Policies"]
    assert made["Arn"] in [one["Arn"] for one in listed]

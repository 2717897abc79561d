"""Temporary credentials, through boto3 and the AWS command line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from blackbox.deployment import ACCOUNT, REGION, Deployment, clean_environment
from blackbox.issuer import ISSUER, Issuer

AWS = Path(sys.executable).with_name("aws")
MAY_LIST = {"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: dict[str, str], action: Any, **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return document(statement | ({"Condition": condition} if condition else {}))


class World:
    """A deployment with a user, and roles that the tests make."""

    def __init__(self, deployment: Deployment, issuer: Issuer) -> None:
        self.deployment = deployment
        self.issuer = issuer
        self.root = deployment.session()
        self.iam = self.client(self.root, "iam")
        self.iam.create_user(UserName="alice")
        key = self.iam.create_access_key(UserName="alice")["AccessKey"]
        self.alice = self.session(key)

    def client(self, session: boto3.Session, service: str, **more: Any) -> Any:
        endpoint = self.deployment.endpoint
        return session.client(service, region_name=REGION, endpoint_url=endpoint, **more)

    @staticmethod
    def session(credentials: dict[str, str]) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
        )

    def role(self, name: str, trust_policy: str) -> str:
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy)
        self.iam.put_role_policy(
            RoleName=name, PolicyName="list", PolicyDocument=document(MAY_LIST)
        )
        return str(made["Role"]["Arn"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("sts")
    issuer = Issuer()
    keys = directory / "keys.json"
    keys.write_text(json.dumps(issuer.key_set()))
    settings = directory / "keyward.toml"
    settings.write_text(f'[oidc.jwks_files]\n"{ISSUER}" = "{keys}"\n')
    deployment = Deployment.make(directory / "data", "--region", REGION)
    try:
        deployment.start("--config", str(settings))
        yield World(deployment, issuer)
        assert deployment.stop() == 0, deployment.log.read_text()
        assert "panicked" not in deployment.log.read_text()
    finally:
        deployment.end()


def refused(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    return str(raised.value.response["Error"]["Code"])


ALICE = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"}


def test_a_role_is_assumed_with_tags_and_an_external_id(world: World) -> None:
    actions = ["sts:AssumeRole", "sts:TagSession"]
    role = world.role("tagged", trust(ALICE, actions, StringEquals={"sts:ExternalId": "ext-1"}))
    sts = world.client(world.alice, "sts")
    asked: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "s-1", "DurationSeconds": 900}
    assert refused(sts.assume_role, **asked) == "AccessDenied"
    assert refused(sts.assume_role, ExternalId="ext-2", **asked) == "AccessDenied"
    tags = [{"Key": "Team", "Value": "blue"}]
    reply = sts.assume_role(ExternalId="ext-1", Tags=tags, TransitiveTagKeys=["Team"], **asked)
    assert reply["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/tagged/s-1"
    assert reply["PackedPolicySize"] == 1
    left = reply["Credentials"]["Expiration"].timestamp() - time.time()
    assert 880 < left <= 900
    session = world.session(reply["Credentials"])
    identity = world.client(session, "sts").get_caller_identity()
    assert identity["Arn"] == reply["AssumedRoleUser"]["Arn"]
    kms = world.client(session, "kms")
    kms.list_keys()
    assert refused(kms.list_aliases) == "AccessDeniedException"
    # A session ends with its role.
    world.iam.delete_role_policy(RoleName="tagged", PolicyName="list")
    world.iam.delete_role(RoleName="tagged")
    assert refused(kms.list_keys) == "UnrecognizedClientException"


def test_a_profile_of_the_command_line_assumes_its_role(world: World, tmp_path: Path) -> None:
    role = world.role("profiled", trust(ALICE, "sts:AssumeRole"))
    held = world.alice.get_credentials().get_frozen_credentials()
    config = tmp_path / "config"
    endpoint = world.deployment.endpoint
    config.write_text(
        f"[profile alice]\naws_access_key_id = {held.access_key}\n"
        f"aws_secret_access_key = {held.secret_key}\nregion = {REGION}\n"
        f"endpoint_url = {endpoint}\n"
        f"[profile app]\nrole_arn = {role}\nsource_profile = alice\nrole_session_name = cli\n"
        f"region = {REGION}\nendpoint_url = {endpoint}\n"
    )
    environment = clean_environment(
        AWS_CONFIG_FILE=str(config),
        AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "none"),
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ENDPOINT_URL=endpoint,
        AWS_PROFILE="app",
        HOME=str(tmp_path),
    )
    done = subprocess.run(
        [AWS, "sts", "get-caller-identity"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/profiled/cli"


def test_sessions_of_a_user_and_of_whom_it_knows(world: World) -> None:
    sts = world.client(world.alice, "sts")
    own = world.session(sts.get_session_token()["Credentials"])
    arn = f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert world.client(own, "sts").get_caller_identity()["Arn"] == arn
    assert refused(world.client(own, "sts").get_session_token) == "AccessDenied"
    assert refused(world.client(own, "iam").list_users) == "InvalidClientTokenId"

    asked = {"Name": "bob", "Policy": document(MAY_LIST)}
    assert refused(sts.get_federation_token, **asked) == "AccessDenied"
    allow = MAY_LIST | {"Action": ["sts:GetFederationToken", "kms:List*"]}
    world.iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=document(allow))
    reply = sts.get_federation_token(**asked)
    bob = world.session(reply["Credentials"])
    world.client(bob, "kms").list_keys()
    assert refused(world.client(bob, "kms").list_aliases) == "AccessDeniedException"


def test_a_role_is_assumed_with_a_token_of_an_identity_provider(world: World) -> None:
    provider = world.iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["app"])
    conditions = {"id.example.com:aud": "app", "id.example.com:sub": "dana"}
    role = world.role(
        "federated",
        trust(
            {"Federated": provider["OpenIDConnectProviderArn"]},
            "sts:AssumeRoleWithWebIdentity",
            StringEquals=conditions,
        ),
    )
    sts = world.client(boto3.Session(), "sts", config=Config(signature_version=UNSIGNED))
    assume = sts.assume_role_with_web_identity
    asked = {"RoleArn": role, "RoleSessionName": "ci"}
    reply = assume(WebIdentityToken=world.issuer.token(), **asked)
    assert reply["SubjectFromWebIdentityToken"] == "dana"
    assert reply["Provider"] == ISSUER
    world.client(world.session(reply["Credentials"]), "kms").list_keys()

    foreign = Issuer().token()
    assert refused(assume, WebIdentityToken=foreign, **asked) == "InvalidIdentityToken"
    other = world.issuer.token(aud="other")
    assert refused(assume, WebIdentityToken=other, **asked) == "InvalidIdentityToken"
    past = int(time.time()) - 1
    expired = world.issuer.token(iat=past - 600, exp=past)
    assert refused(assume, WebIdentityToken=expired, **asked) == "ExpiredTokenException"
    eve = world.issuer.token(sub="eve")
    assert refused(assume, WebIdentityToken=eve, **asked) == "AccessDenied"

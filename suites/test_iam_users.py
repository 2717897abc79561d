"""Users, their access keys, groups and MFA devices, as boto3 and the AWS CLI see them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from blackbox import query_model
from blackbox.deployment import ACCOUNT, REGION, Deployment, clean_environment

AWS = Path(sys.executable).with_name("aws")
POWER_USER = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser"


@pytest.fixture(scope="module")
def iam(deployment: Deployment) -> Any:
    """The root of the first account."""
    return query_client(deployment.session(), "iam")


def query_client(session: boto3.Session, service: str) -> Any:
    """A boto3 client that holds every answer to the API model."""
    client = session.client(
        service, region_name=REGION, config=Config(retries={"total_max_attempts": 1})
    )
    client.meta.events.register(f"after-call.{service}", query_model.check_answer)
    return client


@pytest.fixture
def user(iam: Any) -> Iterator[str]:
    """A user that is gone afterwards, with all it has."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name, Path="/suite/")
    yield name
    delete_user(iam, name)


def delete_user(iam: Any, name: str) -> None:
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    for device in iam.list_mfa_devices(UserName=name)["MFADevices"]:
        iam.deactivate_mfa_device(UserName=name, SerialNumber=device["SerialNumber"])
        iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    iam.delete_user(UserName=name)


@pytest.fixture
def group(iam: Any) -> Iterator[str]:
    name = f"group-{uuid.uuid4().hex[:8]}"
    iam.create_group(GroupName=name)
    yield name
    for policy in iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]:
        iam.detach_group_policy(GroupName=name, PolicyArn=policy["PolicyArn"])
    for member in iam.get_group(GroupName=name)["Users"]:
        iam.remove_user_from_group(UserName=member["UserName"], GroupName=name)
    iam.delete_group(GroupName=name)


def signed_by(deployment: Deployment, key: dict[str, str]) -> boto3.Session:
    """A session of whoever has this access key, at the same endpoint."""
    session = deployment.session()
    return boto3.Session(
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        region_name=REGION,
        botocore_session=session._session,
    )


def error(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    told = caught.value.response["Error"]
    return told["Code"], told["Message"]


def allow(*actions: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def test_a_user_is_made_renamed_tagged_and_listed(iam: Any) -> None:
    made = iam.create_user(UserName="Suite.One", Path="/one/", Tags=[{"Key": "k", "Value": "v"}])
    assert made["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/one/Suite.One"
    iam.update_user(UserName="Suite.One", NewUserName="suite.two", NewPath="/two/")
    found = iam.get_user(UserName="suite.two")["User"]
    assert found["UserId"] == made["User"]["UserId"]
    assert found["Tags"] == [{"Key": "k", "Value": "v"}]
    listed = iam.get_paginator("list_users").paginate(
        PathPrefix="/two/", PaginationConfig={"PageSize": 1}
    )
    assert [user["UserName"] for user in listed.build_full_result()["Users"]] == ["suite.two"]
    assert error(iam.create_user, UserName="SUITE.TWO") == (
        "EntityAlreadyExists",
        "User with name SUITE.TWO already exists.",
    )
    iam.delete_user(UserName="suite.two")
    assert error(iam.get_user, UserName="suite.two") == (
        "NoSuchEntity",
        "The user with name suite.two cannot be found.",
    )


def test_a_waiter_sees_a_user(iam: Any, user: str) -> None:
    iam.get_waiter("user_exists").wait(UserName=user, WaiterConfig={"MaxAttempts": 1})


def test_policies_decide_what_a_user_does_with_keys(
    deployment: Deployment, iam: Any, kms: Any, user: str, group: str
) -> None:
    key = iam.create_access_key(UserName=user)["AccessKey"]
    assert len(key["SecretAccessKey"]) == 40
    session = signed_by(deployment, key)
    told = query_client(session, "sts").get_caller_identity()
    assert told["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/suite/{user}"

    theirs = session.client("kms", region_name=REGION)
    key_arn = kms.create_key()["KeyMetadata"]["Arn"]
    sealed = kms.encrypt(KeyId=key_arn, Plaintext=b"attack at dawn")["CiphertextBlob"]
    assert error(theirs.decrypt, CiphertextBlob=sealed) == (
        "AccessDeniedException",
        f"User: {told['Arn']} is not authorized to perform: kms:Decrypt on resource: {key_arn} "
        "because no identity-based policy allows the kms:Decrypt action",
    )
    iam.put_user_policy(
        UserName=user, PolicyName="decrypt", PolicyDocument=allow("kms:Decrypt", resource=key_arn)
    )
    assert theirs.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"attack at dawn"
    iam.delete_user_policy(UserName=user, PolicyName="decrypt")
    assert error(theirs.decrypt, CiphertextBlob=sealed)[0] == "AccessDeniedException"

    iam.attach_group_policy(GroupName=group, PolicyArn=POWER_USER)
    iam.add_user_to_group(UserName=user, GroupName=group)
    theirs.list_keys()
    iam.remove_user_from_group(UserName=user, GroupName=group)
    assert error(theirs.list_keys)[0] == "AccessDeniedException"


def test_a_document_comes_back_as_it_was_sent(iam: Any, user: str) -> None:
    document = allow("kms:Encrypt", "kms:ReEncrypt*")
    iam.put_user_policy(UserName=user, PolicyName="mine", PolicyDocument=document)
    assert iam.list_user_policies(UserName=user)["PolicyNames"] == ["mine"]
    policy = iam.get_user_policy(UserName=user, PolicyName="mine")
    assert policy["PolicyDocument"] == json.loads(document)
    broken = error(iam.put_user_policy, UserName=user, PolicyName="x", PolicyDocument="{}")
    assert broken == ("MalformedPolicyDocument", "Syntax errors in policy.")
    long = allow(*(f"kms:{'a' * 100}{n}" for n in range(20)))
    assert error(iam.put_user_policy, UserName=user, PolicyName="x", PolicyDocument=long) == (
        "LimitExceeded",
        f"Maximum policy size of 2048 bytes exceeded for user {user}",
    )


def test_access_keys_are_two_at_most_and_can_be_put_aside(
    deployment: Deployment, iam: Any, user: str
) -> None:
    keys = [iam.create_access_key(UserName=user)["AccessKey"] for _ in range(2)]
    assert error(iam.create_access_key, UserName=user) == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    sts = query_client(signed_by(deployment, keys[0]), "sts")
    sts.get_caller_identity()
    one = {"UserName": user, "AccessKeyId": keys[0]["AccessKeyId"]}
    iam.update_access_key(**one, Status="Inactive")
    assert error(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    listed = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert {key["AccessKeyId"]: key["Status"] for key in listed} == {
        keys[0]["AccessKeyId"]: "Inactive",
        keys[1]["AccessKeyId"]: "Active",
    }
    iam.delete_access_key(**one)
    unused = iam.get_access_key_last_used(AccessKeyId=keys[1]["AccessKeyId"])
    assert unused["UserName"] == user
    assert unused["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    assert error(iam.delete_user, UserName=user) == (
        "DeleteConflict",
        "Cannot delete entity, must delete access keys first.",
    )


def test_secrets_are_not_on_record(deployment: Deployment, iam: Any, user: str) -> None:
    made = iam.create_access_key(UserName=user)
    record = deployment.record_of(made)
    assert record["eventSource"] == "iam.amazonaws.com"
    assert record["awsRegion"] == "us-east-1"
    assert record["requestParameters"] == {"userName": user}
    shown = record["responseElements"]["accessKey"]
    assert shown["accessKeyId"] == made["AccessKey"]["AccessKeyId"]
    assert made["AccessKey"]["SecretAccessKey"] not in json.dumps(record)


def test_a_user_that_may_not_is_told_in_the_services_words(
    deployment: Deployment, iam: Any, user: str
) -> None:
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = query_client(signed_by(deployment, key), "iam")
    me = f"arn:aws:iam::{ACCOUNT}:user/suite/{user}"
    for call, parameters, action, resource in [
        (theirs.get_user, {"UserName": user}, "GetUser", f"user {user}"),
        (theirs.create_user, {"UserName": "x"}, "CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x"),
        (theirs.list_users, {}, "ListUsers", f"arn:aws:iam::{ACCOUNT}:user/"),
    ]:
        assert error(call, **parameters) == (
            "AccessDenied",
            f"User: {me} is not authorized to perform: iam:{action} on resource: {resource} "
            f"because no identity-based policy allows the iam:{action} action",
        )
    document = allow("iam:*", resource=f"arn:aws:iam::{ACCOUNT}:user/suite/*")
    iam.put_user_policy(UserName=user, PolicyName="self", PolicyDocument=document)
    assert theirs.get_user()["User"]["UserName"] == user
    assert error(theirs.get_user, UserName="admin")[0] == "AccessDenied"


def codes(seed: str, count: int = 2) -> list[str]:
    """The codes a device shows one after the other, the last of them now."""
    key = base64.b32decode(seed)
    step = int(time.time()) // 30
    shown = []
    for counter in range(step - count + 1, step + 1):
        digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
        offset = digest[-1] & 15
        number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
        shown.append(f"{number % 1_000_000:06}")
    return shown


def test_an_mfa_device_is_given_to_a_user_who_shows_its_codes(iam: Any, user: str) -> None:
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user}-device")
    device = made["VirtualMFADevice"]
    serial = device["SerialNumber"]
    assert serial == f"arn:aws:iam::{ACCOUNT}:mfa/{user}-device"
    wrong = {"UserName": user, "SerialNumber": serial}
    assert error(
        iam.enable_mfa_device, **wrong, AuthenticationCode1="000000", AuthenticationCode2="000000"
    ) == ("InvalidAuthenticationCode", "Authentication code for device is not valid.")
    first, second = codes(device["Base32StringSeed"].decode())
    iam.enable_mfa_device(**wrong, AuthenticationCode1=first, AuthenticationCode2=second)
    assert [it["SerialNumber"] for it in iam.list_mfa_devices(UserName=user)["MFADevices"]] == [
        serial
    ]
    assigned = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert serial in {it["SerialNumber"] for it in assigned}
    assert error(iam.delete_virtual_mfa_device, SerialNumber=serial)[0] == "DeleteConflict"
    assert error(iam.delete_user, UserName=user) == (
        "DeleteConflict",
        "Cannot delete entity, must delete MFA device first.",
    )


def test_what_infrastructure_tools_ask_of_a_user_is_answered(iam: Any, user: str) -> None:
    assert iam.list_ssh_public_keys(UserName=user)["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(UserName=user)["Certificates"] == []
    listed = iam.list_service_specific_credentials(UserName=user)
    assert listed["ServiceSpecificCredentials"] == []
    assert iam.list_account_aliases()["AccountAliases"] == []
    for call in [iam.get_login_profile, iam.delete_login_profile]:
        assert error(call, UserName=user) == (
            "NoSuchEntity",
            f"Login Profile for User {user} cannot be found.",
        )


def test_the_command_line_makes_a_user_that_signs(deployment: Deployment, iam: Any) -> None:
    def aws(*arguments: str, **environment: str) -> Any:
        settings = deployment.aws_environment | {"AWS_PROFILE": "keyward"} | environment
        done = subprocess.run(
            [AWS, *arguments],
            env=clean_environment(AWS_EC2_METADATA_DISABLED="true", **settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout) if done.stdout.strip() else None

    name = f"cli-{uuid.uuid4().hex[:8]}"
    aws("iam", "create-user", "--user-name", name)
    try:
        aws("iam", "attach-user-policy", "--user-name", name, "--policy-arn", POWER_USER)
        key = aws("iam", "create-access-key", "--user-name", name)["AccessKey"]
        theirs = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        assert aws("sts", "get-caller-identity", **theirs)["Arn"].endswith(f":user/{name}")
        aws("kms", "list-keys", **theirs)
    finally:
        delete_user(iam, name)

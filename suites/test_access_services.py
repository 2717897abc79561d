"""Services: stores of one's own that call with their own credentials, as services do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from blackbox.deployment import Deployment, run
from blackbox.principals import RESOURCE, Account, Caller, allow, document
from blackbox.refusal import refusal

# The profile of a service, once it is registered with these arguments.
Register = Callable[..., Caller]


@pytest.fixture(scope="module")
def register(town: Deployment) -> Register:
    """Registers a service; who calls with its credentials."""

    def add(name: str, *arguments: str) -> Caller:
        added = run("service", "add", name, "--data-dir", town.directory, "--json", *arguments)
        keys = town.credentials(json.loads(added)["profile"])
        return Caller(town, f"{name}.amazonaws.com", keys)

    return add


@pytest.fixture(scope="module")
def s3(register: Register, home: Account) -> Caller:
    """A service that calls on behalf of a role of the first account."""
    return register("s3", "--account", home.number)


def managed_key(home: Account, alias: str) -> dict[str, Any]:
    metadata: dict[str, Any] = home.kms.describe_key(KeyId=alias)["KeyMetadata"]
    return metadata


def test_the_managed_key_is_made_when_the_service_first_uses_it(home: Account, s3: Caller) -> None:
    data_key = s3.kms.generate_data_key(KeyId="alias/aws/s3", KeySpec="AES_256")
    key = managed_key(home, "alias/aws/s3")
    assert key["Arn"] == data_key["KeyId"]
    assert (key["KeyManager"], key["Origin"], key["Enabled"]) == ("AWS", "AWS_KMS", True)
    assert home.kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    plain = s3.kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])
    assert plain["Plaintext"] == data_key["Plaintext"]
    aliases = home.kms.get_paginator("list_aliases").paginate()
    named = {one["AliasName"]: one for page in aliases for one in page["Aliases"]}
    assert named["alias/aws/s3"]["TargetKeyId"] == key["KeyId"]


def test_nobody_uses_or_changes_a_managed_key_but_by_its_service(home: Account, s3: Caller) -> None:
    made = s3.kms.generate_data_key(KeyId="alias/aws/s3", KeySpec="AES_256")
    key = managed_key(home, "alias/aws/s3")
    by = {"KeyId": key["Arn"]}
    for caller in (home.root, home.admin):
        kms = caller.kms
        for action, call, parameters in [
            ("kms:Encrypt", kms.encrypt, by | {"Plaintext": b"x"}),
            ("kms:Decrypt", kms.decrypt, {"CiphertextBlob": made["CiphertextBlob"]}),
            ("kms:GenerateDataKey", kms.generate_data_key, by | {"KeySpec": "AES_256"}),
            ("kms:DisableKey", kms.disable_key, by),
            ("kms:ScheduleKeyDeletion", kms.schedule_key_deletion, by),
            ("kms:DisableKeyRotation", kms.disable_key_rotation, by),
            ("kms:UpdateKeyDescription", kms.update_key_description, by | {"Description": "d"}),
            (
                "kms:CreateGrant",
                kms.create_grant,
                by | {"GranteePrincipal": home.admin.arn, "Operations": ["Decrypt"]},
            ),
            (
                "kms:PutKeyPolicy",
                kms.put_key_policy,
                by | {"Policy": document(home.delegation)},
            ),
        ]:
            told = refusal(call, **parameters)
            assert told == caller.told(action, key["Arn"], RESOURCE)
    policy = home.kms.get_key_policy(KeyId=key["KeyId"])["Policy"]
    assert "s3.us-east-1.amazonaws.com" in policy and "kms:ViaService" in policy


def test_another_account_never_reaches_a_managed_key(
    home: Account, away: Account, s3: Caller
) -> None:
    s3.kms.generate_data_key(KeyId="alias/aws/s3", KeySpec="AES_256")
    key = managed_key(home, "alias/aws/s3")
    told = refusal(away.kms.describe_key, KeyId=key["Arn"])
    assert told == away.admin.told_nothing("kms:DescribeKey")


def test_a_record_says_which_service_called(town: Deployment, home: Account, s3: Caller) -> None:
    context = {"aws:s3:arn": "arn:aws:s3:::bucket/object"}
    answer = s3.kms.generate_data_key(
        KeyId="alias/aws/s3", KeySpec="AES_256", EncryptionContext=context
    )
    record = town.record_of(answer)
    identity = record["userIdentity"]
    assert identity["type"] == "AssumedRole" and identity["invokedBy"] == "s3.amazonaws.com"
    assert identity["accountId"] == home.number
    assert record["sourceIPAddress"] == "s3.amazonaws.com"
    assert record["userAgent"] == "s3.amazonaws.com"
    assert record["requestParameters"]["encryptionContext"] == context


def test_a_key_policy_lets_a_service_in_or_keeps_all_others_out(home: Account, s3: Caller) -> None:
    user = home.user(allow("kms:*"))
    via = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    key = home.key()
    only = document(
        allow(["kms:*"], Principal={"AWS": home.admin.arn}),
        allow("kms:GenerateDataKey", Principal={"AWS": home.number}, Condition=via),
    )
    home.kms.put_key_policy(KeyId=key["KeyId"], Policy=only)
    s3.kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    told = refusal(user.kms.generate_data_key, KeyId=key["KeyId"], KeySpec="AES_256")
    assert told == user.told("kms:GenerateDataKey", key["Arn"], RESOURCE)
    assert refusal(s3.kms.decrypt, KeyId=key["KeyId"], CiphertextBlob=b"x" * 100).code in (
        "AccessDeniedException",
        "InvalidCiphertextException",
    )


def test_a_service_makes_grants_where_only_services_may(home: Account, s3: Caller) -> None:
    user = home.user()
    for_services = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    statement = allow("kms:CreateGrant", Principal={"AWS": home.number}, Condition=for_services)
    admin = allow("kms:*", Principal={"AWS": home.admin.arn})
    key = home.kms.create_key(Policy=document(admin, statement))["KeyMetadata"]
    grant = {"KeyId": key["Arn"], "GranteePrincipal": user.arn, "Operations": ["Encrypt"]}
    direct = home.user(allow("kms:*"))
    told = refusal(direct.kms.create_grant, **grant)
    assert told == direct.told("kms:CreateGrant", key["Arn"], RESOURCE)
    s3.kms.create_grant(**grant)
    assert user.may_encrypt(key["Arn"])


def test_a_service_does_not_administer(home: Account, s3: Caller) -> None:
    key = home.key()
    for call, parameters in [
        (s3.kms.schedule_key_deletion, {"KeyId": key["KeyId"]}),
        (s3.kms.put_key_policy, {"KeyId": key["KeyId"], "Policy": document(home.delegation)}),
        (s3.kms.create_key, {}),
    ]:
        assert refusal(call, **parameters).code == "AccessDeniedException"
    with pytest.raises(s3.iam.exceptions.ClientError) as caught:
        s3.iam.list_users()
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_a_service_that_calls_as_itself_is_let_in_by_name(
    home: Account, register: Register, town: Deployment
) -> None:
    vault = f"arn:aws:backup:us-east-1:{home.number}:backup-vault:nightly"
    backup = register("backup", "--as-itself", "--account", home.number, "--source-arn", vault)
    closed = home.key()
    assert refusal(backup.kms.encrypt, KeyId=closed["Arn"], Plaintext=b"x").code == (
        "AccessDeniedException"
    )
    name = {"Service": "backup.amazonaws.com"}
    source = {
        "ArnLike": {"aws:SourceArn": f"arn:aws:backup:*:{home.number}:backup-vault:*"},
        "StringEquals": {"aws:SourceAccount": home.number},
    }
    opened = home.key(allow(["kms:Encrypt"], Principal=name, Condition=source))
    answer = backup.kms.encrypt(KeyId=opened["Arn"], Plaintext=b"x")
    identity = town.record_of(answer)["userIdentity"]
    assert identity == {
        "type": "AWSService",
        "invokedBy": "backup.amazonaws.com",
        "inScopeOf": {"sourceArn": vault, "sourceAccount": home.number},
    }
    elsewhere = {"ArnLike": {"aws:SourceArn": "arn:aws:backup:*:*:backup-vault:weekly"}}
    other = home.key(allow(["kms:Encrypt"], Principal=name, Condition=elsewhere))
    assert refusal(backup.kms.encrypt, KeyId=other["Arn"], Plaintext=b"x").code == (
        "AccessDeniedException"
    )


def test_a_service_uses_a_key_by_a_grant_that_names_it(home: Account, register: Register) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{home.number}:table/orders"
    store = register("dynamodb", "--as-itself", "--account", home.number, "--source-arn", table)
    key = home.key()
    grant = {
        "KeyId": key["Arn"],
        "GranteeServicePrincipal": "dynamodb.amazonaws.com",
        "RetiringServicePrincipal": "dynamodb.amazonaws.com",
        "Operations": ["Encrypt", "DescribeKey"],
    }
    other = home.kms.create_grant(**grant, Constraints={"SourceArn": f"{table}-2"})
    assert refusal(store.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x").code == (
        "AccessDeniedException"
    )
    made = home.kms.create_grant(**grant, Constraints={"SourceArn": table})
    store.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    store.kms.describe_key(KeyId=key["Arn"])
    store.kms.retire_grant(KeyId=key["Arn"], GrantId=made["GrantId"])
    assert refusal(store.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x").code == (
        "AccessDeniedException"
    )
    shown = home.kms.list_grants(KeyId=key["KeyId"])["Grants"]
    assert [one["GrantId"] for one in shown] == [other["GrantId"]]


def test_an_owned_service_keeps_its_keys_to_itself(
    home: Account, register: Register, town: Deployment
) -> None:
    queue = register("sqs", "--owned")
    key = queue.kms.create_key()["KeyMetadata"]
    blob = queue.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert queue.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert key["AWSAccountId"] != home.number
    told = refusal(home.kms.describe_key, KeyId=key["Arn"])
    assert told == home.admin.told_nothing("kms:DescribeKey")


def test_a_service_that_was_removed_is_nobody(
    town: Deployment, home: Account, register: Register
) -> None:
    minio = register("minio", "--account", home.number)
    minio.kms.generate_data_key(KeyId="alias/aws/minio", KeySpec="AES_256")
    again = run("service", "reset-credentials", "minio", "--data-dir", town.directory)
    assert again is not None
    told = refusal(minio.kms.list_aliases)
    assert told.code == "UnrecognizedClientException"
    renewed = Caller(town, minio.arn, town.credentials("keyward-service-minio"))
    renewed.kms.generate_data_key(KeyId="alias/aws/minio", KeySpec="AES_256")
    run("service", "remove", "minio", "--data-dir", town.directory)
    told = refusal(renewed.kms.generate_data_key, KeyId="alias/aws/minio", KeySpec="AES_256")
    assert told.code == "UnrecognizedClientException"
    assert managed_key(home, "alias/aws/minio")["KeyManager"] == "AWS", "its key stays"

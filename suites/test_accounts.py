"""Two accounts in one deployment: neither learns of the other what it was not given."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from blackbox.deployment import ACCOUNT, OTHER_ACCOUNT, REGION
from blackbox.refusal import Refusal, refusal, refused

THERE = f"arn:aws:kms:{REGION}:{OTHER_ACCOUNT}"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def absent_key() -> str:
    return f"{THERE}:key/{uuid.uuid4()}"


def denied(action: str, resource: str = "this resource") -> Refusal:
    return Refusal(
        "AccessDeniedException",
        f"User: {ROOT} is not authorized to perform: kms:{action} on {resource} because the "
        "resource does not exist in this Region, no resource-based policies allow access, or a "
        "resource-based policy explicitly denies access",
    )


@pytest.fixture
def shared_key(other: Any) -> Any:
    """A key of the other account that lets this one use it."""
    key = other.create_key()["KeyMetadata"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Principal": {"AWS": ROOT},
                "Action": ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "*",
            },
        ],
    }
    other.put_key_policy(KeyId=key["KeyId"], Policy=json.dumps(policy))
    return key


def test_a_foreign_key_and_one_that_is_not_there_are_refused_alike(
    kms: Any, other: Any, other_key: Any
) -> None:
    alias = f"alias/foreign/{other_key['KeyId']}"
    other.create_alias(AliasName=alias, TargetKeyId=other_key["KeyId"])
    for name in [other_key["Arn"], absent_key(), f"{THERE}:{alias}", f"{THERE}:alias/absent"]:
        for call, action, parameters in [
            (kms.describe_key, "DescribeKey", {}),
            (kms.encrypt, "Encrypt", {"Plaintext": b"x"}),
            (kms.generate_data_key, "GenerateDataKey", {"KeySpec": "AES_256"}),
        ]:
            assert refusal(call, KeyId=name, **parameters) == denied(action), name


def test_a_foreign_key_by_its_bare_id_is_simply_not_found(kms: Any, other_key: Any) -> None:
    own = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{other_key['KeyId']}"
    told = refusal(kms.describe_key, KeyId=other_key["KeyId"])
    assert told == ("NotFoundException", f"Key '{own}' does not exist")


def test_a_foreign_ciphertext_and_one_of_no_key_are_refused_alike(
    kms: Any, other: Any, other_key: Any
) -> None:
    blob = other.encrypt(KeyId=other_key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    expected = denied("Decrypt", "the resource associated with this ciphertext")
    assert refusal(kms.decrypt, CiphertextBlob=blob) == expected
    assert refusal(kms.decrypt, CiphertextBlob=blob, KeyId=other_key["Arn"]) == denied("Decrypt")
    own = kms.create_key()["KeyMetadata"]["KeyId"]
    assert refusal(kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=own) == denied(
        "ReEncryptFrom", "the resource associated with this ciphertext"
    )


def test_what_is_not_for_other_accounts_is_refused_whether_or_not_the_key_is_there(
    kms: Any, shared_key: Any
) -> None:
    for name in [shared_key["Arn"], absent_key()]:
        for call, parameters in [
            (kms.cancel_key_deletion, {}),
            (kms.disable_key, {}),
            (kms.enable_key, {}),
            (kms.get_key_policy, {}),
            (kms.list_aliases, {}),
            (kms.list_key_policies, {}),
            (kms.list_resource_tags, {}),
            (kms.schedule_key_deletion, {}),
            (kms.tag_resource, {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
            (kms.untag_resource, {"TagKeys": ["a"]}),
            (kms.update_key_description, {"Description": "mine"}),
        ]:
            told = refusal(call, KeyId=name, **parameters)
            assert told.code == "AccessDeniedException", call
            assert shared_key["KeyId"] not in (told.message or "")


def test_a_key_policy_can_let_another_account_in(kms: Any, other: Any, shared_key: Any) -> None:
    arn = shared_key["Arn"]
    assert kms.describe_key(KeyId=arn)["KeyMetadata"] == shared_key
    blob = kms.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["KeyId"] == arn
    assert other.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    made = kms.generate_data_key(KeyId=arn, KeySpec="AES_256")
    assert other.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    assert refusal(kms.generate_data_key_without_plaintext, KeyId=arn, KeySpec="AES_256") == denied(
        "GenerateDataKeyWithoutPlaintext"
    )


def test_each_account_lists_its_own(kms: Any, other: Any, key: Any, shared_key: Any) -> None:
    def listed(client: Any) -> set[str]:
        pages = client.get_paginator("list_keys").paginate().build_full_result()
        return {entry["KeyId"] for entry in pages["Keys"]}

    assert key["KeyId"] in listed(kms) and shared_key["KeyId"] not in listed(kms)
    assert key["KeyId"] not in listed(other) and shared_key["KeyId"] in listed(other)


def test_the_same_alias_means_another_key_in_another_account(
    kms: Any, other: Any, key: Any, other_key: Any
) -> None:
    alias = f"alias/same/{key['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    other.create_alias(AliasName=alias, TargetKeyId=other_key["KeyId"])
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == key["Arn"]
    assert other.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == other_key["Arn"]


def test_both_accounts_have_a_record_of_a_use_across_them_and_only_one_of_a_refusal(
    deployment: Any, kms: Any, other_key: Any, shared_key: Any
) -> None:
    answer = kms.encrypt(KeyId=shared_key["Arn"], Plaintext=b"x")
    request = answer["ResponseMetadata"]["RequestId"]
    copies = [record for record in deployment.records() if record.get("requestID") == request]
    by_account = {record["recipientAccountId"]: record for record in copies}
    assert len(copies) == 2 and set(by_account) == {ACCOUNT, OTHER_ACCOUNT}
    assert by_account[ACCOUNT]["sharedEventID"] == by_account[OTHER_ACCOUNT]["sharedEventID"]
    assert by_account[ACCOUNT]["eventID"] != by_account[OTHER_ACCOUNT]["eventID"]
    assert by_account[OTHER_ACCOUNT]["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": ACCOUNT,
        "accountId": ACCOUNT,
    }

    denial = refused(kms.encrypt, KeyId=other_key["Arn"], Plaintext=b"x")
    assert deployment.record_of(denial)["recipientAccountId"] == ACCOUNT

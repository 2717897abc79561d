"""Keys: made, described, listed, disabled, scheduled for deletion."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blackbox.deployment import ACCOUNT, OTHER_REGION, REGION
from blackbox.refusal import Refusal, invalid, must, refusal, too_long

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def test_a_key_without_parameters_gets_the_defaults(kms: Any) -> None:
    before = datetime.now(UTC)
    key = kms.create_key()["KeyMetadata"]

    assert re.fullmatch(UUID, key["KeyId"])
    assert re.fullmatch(r"[0-9a-f]{64}", key.pop("CurrentKeyMaterialId"))
    assert abs(key.pop("CreationDate") - before) < timedelta(seconds=30)
    assert key == {
        "AWSAccountId": ACCOUNT,
        "KeyId": key["KeyId"],
        "Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key['KeyId']}",
        "Enabled": True,
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }


def test_a_new_key_is_described_as_it_was_made(kms: Any) -> None:
    made = kms.create_key(Description="für Löhne ☂")["KeyMetadata"]
    assert made["Description"] == "für Löhne ☂"
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made


def test_a_multi_region_key_is_its_own_primary(kms: Any) -> None:
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]
    assert re.fullmatch(r"mrk-[0-9a-f]{32}", key["KeyId"])
    assert key["MultiRegion"] is True
    assert key["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY",
        "PrimaryKey": {"Arn": key["Arn"], "Region": REGION},
        "ReplicaKeys": [],
    }


def test_a_key_lives_in_the_region_it_was_made_in(abroad: Any, kms: Any) -> None:
    key = abroad.create_key()["KeyMetadata"]
    assert key["Arn"] == f"arn:aws:kms:{OTHER_REGION}:{ACCOUNT}:key/{key['KeyId']}"
    missing = f"Key 'arn:aws:kms:{REGION}:{ACCOUNT}:key/{key['KeyId']}' does not exist"
    assert refusal(kms.describe_key, KeyId=key["KeyId"]) == Refusal("NotFoundException", missing)


def test_the_description_of_a_key_can_be_changed_and_emptied(kms: Any, key: Any) -> None:
    for description in ["a", "b" * 8192, ""]:
        kms.update_key_description(KeyId=key["Arn"], Description=description)
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        assert described == key | {"Description": description}


def test_a_description_that_is_too_long_is_refused(kms: Any, key: Any) -> None:
    long = "d" * 8193
    assert too_long(refusal(kms.create_key, Description=long), "description", 8192)
    changed = refusal(kms.update_key_description, KeyId=key["KeyId"], Description=long)
    assert too_long(changed, "description", 8192)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (
            {"KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"},
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
            "CustomerMasterKeySpec is deprecated.",
        ),
        (
            {"KeySpec": "RSA_2048"},
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption "
            "keys.",
        ),
        (
            {"KeyUsage": "SIGN_VERIFY"},
            "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT",
        ),
        (
            {"KeySpec": "HMAC_256", "KeyUsage": "ENCRYPT_DECRYPT"},
            "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec HMAC_256",
        ),
        (
            {"KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY", "Origin": "EXTERNAL"},
            "KeySpec ML_DSA_44 is not supported for Origin EXTERNAL",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value),
)
def test_parameters_that_do_not_go_together_are_refused(
    kms: Any, parameters: dict[str, Any], text: str
) -> None:
    assert refusal(kms.create_key, **parameters) == Refusal("ValidationException", text)


def test_the_deprecated_spec_parameter_still_works(kms: Any) -> None:
    key = kms.create_key(CustomerMasterKeySpec="SYMMETRIC_DEFAULT")["KeyMetadata"]
    assert key["KeySpec"] == key["CustomerMasterKeySpec"] == "SYMMETRIC_DEFAULT"


def test_a_key_is_disabled_and_enabled_as_often_as_one_likes(kms: Any, key: Any) -> None:
    for _ in range(2):
        kms.disable_key(KeyId=key["KeyId"])
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        assert (described["KeyState"], described["Enabled"]) == ("Disabled", False)
    for _ in range(2):
        kms.enable_key(KeyId=key["Arn"])
        assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] == key


def test_deletion_waits_and_can_be_called_off(kms: Any, key: Any) -> None:
    now = datetime.now(UTC)
    scheduled = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert scheduled["KeyId"] == key["Arn"]
    assert scheduled["KeyState"] == "PendingDeletion"
    assert scheduled["PendingWindowInDays"] == 7
    assert abs(scheduled["DeletionDate"] - now - timedelta(days=7)) < timedelta(minutes=1)

    described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (described["KeyState"], described["Enabled"]) == ("PendingDeletion", False)
    assert described["DeletionDate"] == scheduled["DeletionDate"]

    assert kms.cancel_key_deletion(KeyId=key["Arn"])["KeyId"] == key["Arn"]
    described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert described == key | {"KeyState": "Disabled", "Enabled": False}


def test_the_waiting_period_is_thirty_days_unless_one_is_named(kms: Any, key: Any) -> None:
    assert kms.schedule_key_deletion(KeyId=key["KeyId"])["PendingWindowInDays"] == 30


def test_a_waiting_period_that_is_too_short_or_too_long_is_refused(kms: Any, key: Any) -> None:
    for days in [1, 6, 31, 365]:
        assert refusal(
            kms.schedule_key_deletion, KeyId=key["KeyId"], PendingWindowInDays=days
        ) == Refusal("ValidationException", "PendingWindowInDays must be between 7 and 30")
    assert refusal(
        kms.schedule_key_deletion, KeyId=key["KeyId"], PendingWindowInDays=366
    ) == invalid(must("pendingWindowInDays", 366, "have value less than or equal to 365"))


def test_a_deletion_is_scheduled_once_and_called_off_once(kms: Any, key: Any) -> None:
    arn, invalid_state = key["Arn"], "KMSInvalidStateException"
    assert refusal(kms.cancel_key_deletion, KeyId=arn) == (
        invalid_state,
        f"{arn} is not pending deletion.",
    )
    kms.schedule_key_deletion(KeyId=arn)
    assert refusal(kms.schedule_key_deletion, KeyId=arn) == (
        invalid_state,
        f"{arn} is pending deletion.",
    )


def uses(kms: Any, key_id: str, ciphertext: bytes) -> list[tuple[Any, dict[str, Any]]]:
    """Every cryptographic use of a key."""
    return [
        (kms.encrypt, {"KeyId": key_id, "Plaintext": b"x"}),
        (kms.decrypt, {"CiphertextBlob": ciphertext}),
        (kms.decrypt, {"CiphertextBlob": ciphertext, "KeyId": key_id}),
        (kms.re_encrypt, {"CiphertextBlob": ciphertext, "DestinationKeyId": key_id}),
        (kms.generate_data_key, {"KeyId": key_id, "KeySpec": "AES_256"}),
        (kms.generate_data_key_without_plaintext, {"KeyId": key_id, "KeySpec": "AES_256"}),
    ]


def test_a_disabled_key_is_of_no_use(kms: Any, key: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key["KeyId"])
    for call, parameters in uses(kms, key["KeyId"], blob):
        assert refusal(call, **parameters) == ("DisabledException", f"{key['Arn']} is disabled.")
    kms.enable_key(KeyId=key["KeyId"])
    for call, parameters in uses(kms, key["KeyId"], blob):
        call(**parameters)


def test_a_key_pending_deletion_is_of_no_use_and_not_changed(kms: Any, key: Any) -> None:
    key_id = key["KeyId"]
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=key_id)
    changes = [
        (kms.enable_key, {"KeyId": key_id}),
        (kms.disable_key, {"KeyId": key_id}),
        (kms.update_key_description, {"KeyId": key_id, "Description": "x"}),
        (kms.tag_resource, {"KeyId": key_id, "Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        (kms.untag_resource, {"KeyId": key_id, "TagKeys": ["a"]}),
        (kms.create_alias, {"AliasName": f"alias/{key_id}", "TargetKeyId": key_id}),
    ]
    for call, parameters in uses(kms, key_id, blob) + changes:
        expected = ("KMSInvalidStateException", f"{key['Arn']} is pending deletion.")
        assert refusal(call, **parameters) == expected, parameters


def test_a_key_pending_deletion_can_still_be_looked_at(kms: Any, key: Any) -> None:
    key_id = key["KeyId"]
    kms.schedule_key_deletion(KeyId=key_id)
    policy = kms.get_key_policy(KeyId=key_id)["Policy"]
    kms.put_key_policy(KeyId=key_id, Policy=policy)
    assert kms.list_key_policies(KeyId=key_id)["PolicyNames"] == ["default"]
    assert kms.list_resource_tags(KeyId=key_id)["Tags"] == []
    assert kms.list_aliases(KeyId=key_id)["Aliases"] == []


def test_keys_are_listed_page_by_page_each_once(kms: Any) -> None:
    made = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    assert all(len(page["Keys"]) <= 2 for page in pages)
    assert all(page["Truncated"] and page["NextMarker"] for page in pages[:-1])
    assert not pages[-1]["Truncated"] and "NextMarker" not in pages[-1]
    keys = [entry for page in pages for entry in page["Keys"]]
    ids = [entry["KeyId"] for entry in keys]
    assert made <= set(ids)
    assert ids == sorted(set(ids))
    for entry in keys:
        assert entry["KeyArn"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{entry['KeyId']}"


def test_the_list_of_keys_holds_still_while_keys_are_made(kms: Any) -> None:
    before = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(4)}
    first = kms.list_keys(Limit=2)
    for _ in range(4):
        kms.create_key()
    seen, marker = [entry["KeyId"] for entry in first["Keys"]], first["NextMarker"]
    while marker:
        page = kms.list_keys(Limit=3, Marker=marker)
        seen += [entry["KeyId"] for entry in page["Keys"]]
        marker = page.get("NextMarker")
    assert before <= set(seen)
    assert len(seen) == len(set(seen))


def test_a_marker_works_only_where_it_came_from(kms: Any, abroad: Any, other: Any) -> None:
    for client in [kms, abroad]:
        for _ in range(2):
            client.create_key()
    marker = kms.list_keys(Limit=1)["NextMarker"]
    forged = marker[:-1] + ("A" if marker[-1] != "A" else "B")
    for call, value in [
        (abroad.list_keys, marker),
        (other.list_keys, marker),
        (kms.list_aliases, marker),
        (kms.list_keys, forged),
        (kms.list_keys, "1"),
    ]:
        expected = ("InvalidMarkerException", f"Could not deserialize marker '{value}'")
        assert refusal(call, Marker=value) == expected


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_size_out_of_range_is_refused(deployment: Any, limit: int) -> None:
    unchecked = deployment.client(parameter_validation=False)
    side = "less than or equal to 1000" if limit > 0 else "greater than or equal to 1"
    clause = must("limit", limit, f"have value {side}")
    assert refusal(unchecked.list_keys, Limit=limit) == invalid(clause)


def test_an_aws_managed_key_appears_when_its_alias_is_described(kms: Any) -> None:
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (key["KeyManager"], key["Origin"], key["KeyState"]) == ("AWS", "AWS_KMS", "Enabled")
    assert key["KeySpec"] == "SYMMETRIC_DEFAULT" and key["MultiRegion"] is False
    again = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/s3"
    assert kms.describe_key(KeyId=again)["KeyMetadata"] == key
    listed = kms.get_paginator("list_keys").paginate().build_full_result()["Keys"]
    assert {"KeyId": key["KeyId"], "KeyArn": key["Arn"]} in listed
    [alias] = kms.list_aliases(KeyId=key["KeyId"])["Aliases"]
    assert alias["AliasName"] == "alias/aws/s3"
    unknown = f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/tea is not found."
    assert refusal(kms.describe_key, KeyId="alias/aws/tea") == ("NotFoundException", unknown)


def test_an_aws_managed_key_is_not_for_its_account_to_change_or_use(kms: Any) -> None:
    key = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    key_id, arn = key["KeyId"], key["Arn"]
    policy = kms.get_key_policy(KeyId=key_id)["Policy"]
    for call, action, parameters in [
        (kms.disable_key, "DisableKey", {}),
        (kms.schedule_key_deletion, "ScheduleKeyDeletion", {}),
        (kms.update_key_description, "UpdateKeyDescription", {"Description": "mine"}),
        (kms.put_key_policy, "PutKeyPolicy", {"Policy": policy}),
        (kms.tag_resource, "TagResource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        (kms.encrypt, "Encrypt", {"Plaintext": b"x"}),
        (kms.generate_data_key, "GenerateDataKey", {"KeySpec": "AES_256"}),
    ]:
        assert refusal(call, KeyId=key_id, **parameters) == (
            "AccessDeniedException",
            f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: kms:{action} on "
            f"resource: {arn} because no resource-based policy allows the kms:{action} action",
        )

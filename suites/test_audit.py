"""The audit journal: one record for each call, allowed or refused, and no secret in any."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blackbox.deployment import ACCOUNT, REGION
from blackbox.refusal import refused

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
JAVA_DATE = r"[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M"
READS = {
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateRandom",
    "GetKeyPolicy",
    "ListAliases",
    "ListKeyPolicies",
    "ListKeys",
    "ListResourceTags",
    "ReEncrypt",
}


def key_entry(arn: str) -> dict[str, str]:
    return {"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": arn}


def test_a_use_leaves_a_record_with_every_field(deployment: Any, kms: Any, key: Any) -> None:
    context = {"Tenant": "blue", "purpose": "backup"}
    before = datetime.now(UTC)
    answer = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext=context)
    record = deployment.record_of(answer)

    at = datetime.strptime(record.pop("eventTime"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(at - before) < timedelta(seconds=30)
    assert re.fullmatch(GUID, record.pop("eventID"))
    assert record.pop("userAgent").startswith("Boto3/1.44.5")
    assert record.pop("tlsDetails", {}).get("tlsVersion") is None, "this deployment has no TLS"
    access_key = deployment.credentials().access_key_id
    expected = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "accountId": ACCOUNT,
            "accessKeyId": access_key,
        },
        "eventSource": "kms.amazonaws.com",
        "eventName": "Encrypt",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {
            "encryptionContext": context,
            "keyId": key["KeyId"],
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        },
        "responseElements": None,
        "additionalEventData": {"keyMaterialId": key["CurrentKeyMaterialId"]},
        "requestID": answer["ResponseMetadata"]["RequestId"],
        "readOnly": True,
        "resources": [key_entry(key["Arn"])],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    assert {name: record.get(name, "absent") for name in expected} == expected


def test_every_operation_is_on_record_with_what_it_may_show(
    deployment: Any, kms: Any, key: Any
) -> None:
    key_id, arn = key["KeyId"], key["Arn"]
    alias = f"alias/audit/{key_id}"
    alias_entry = {
        "accountId": ACCOUNT,
        "type": "AWS::KMS::Alias",
        "ARN": f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}",
    }
    tags = [{"TagKey": "team", "TagValue": "red"}]
    tags_on_record = [{"tagKey": "team", "tagValue": "red"}]
    policy = kms.get_key_policy(KeyId=key_id)["Policy"]
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    material = key["CurrentKeyMaterialId"]
    changed, one = {"keyId": arn}, [key_entry(arn)]
    # Operation, its parameters, requestParameters, responseElements, resources.
    script: list[tuple[str, dict[str, Any], Any, Any, Any]] = [
        ("describe_key", {}, {"keyId": key_id}, None, one),
        ("get_key_policy", {}, {"keyId": key_id}, None, one),
        ("list_key_policies", {"Limit": 5}, {"keyId": key_id, "limit": 5}, None, one),
        ("list_resource_tags", {}, {"keyId": key_id}, None, one),
        ("list_aliases", {}, {"keyId": key_id}, None, one),
        (
            "put_key_policy",
            {"Policy": policy, "PolicyName": "default"},
            {"keyId": key_id, "policyName": "default", "policy": policy},
            changed,
            one,
        ),
        ("tag_resource", {"Tags": tags}, {"keyId": key_id, "tags": tags_on_record}, changed, one),
        (
            "untag_resource",
            {"TagKeys": ["team"]},
            {"keyId": key_id, "tagKeys": ["team"]},
            changed,
            one,
        ),
        (
            "update_key_description",
            {"Description": "for audits"},
            {"keyId": key_id, "description": "for audits"},
            changed,
            one,
        ),
        (
            "generate_data_key",
            {"KeySpec": "AES_256"},
            {"keyId": key_id, "keySpec": "AES_256"},
            None,
            one,
        ),
        (
            "generate_data_key_without_plaintext",
            {"NumberOfBytes": 64},
            {"keyId": key_id, "numberOfBytes": 64},
            None,
            one,
        ),
        (
            "decrypt",
            {"CiphertextBlob": blob},
            {"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "keyId": key_id},
            None,
            one,
        ),
        ("disable_key", {}, {"keyId": key_id}, changed, one),
        ("enable_key", {}, {"keyId": key_id}, changed, one),
    ]
    for operation, parameters, request, response, resources in script:
        answer = getattr(kms, operation)(KeyId=key_id, **parameters)
        record = deployment.record_of(answer)
        assert record["requestParameters"] == request, operation
        assert record["responseElements"] == response, operation
        assert record["resources"] == resources, operation
        assert record["readOnly"] == (record["eventName"] in READS), operation
        assert "errorCode" not in record
        if "KeyMaterialId" in answer:
            assert record["additionalEventData"] == {"keyMaterialId": material}

    for operation, parameters in [
        ("create_alias", {"TargetKeyId": key_id}),
        ("update_alias", {"TargetKeyId": key_id}),
        ("delete_alias", {}),
    ]:
        record = deployment.record_of(getattr(kms, operation)(AliasName=alias, **parameters))
        target = {"targetKeyId": key_id} if parameters else {}
        assert record["requestParameters"] == {"aliasName": alias} | target
        assert record["responseElements"] == changed, operation
        assert record["resources"] == [alias_entry, *one], operation
        assert record["readOnly"] is False


def test_a_record_of_create_key_shows_the_defaults_and_the_key(deployment: Any, kms: Any) -> None:
    answer = kms.create_key(Tags=[{"TagKey": "a", "TagValue": "b"}])
    key, record = answer["KeyMetadata"], deployment.record_of(answer)
    assert record["requestParameters"] == {
        "tags": [{"tagKey": "a", "tagValue": "b"}],
        "keyUsage": "ENCRYPT_DECRYPT",
        "description": "",
        "origin": "AWS_KMS",
        "multiRegion": False,
        "keySpec": "SYMMETRIC_DEFAULT",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "bypassPolicyLockoutSafetyCheck": False,
    }
    shown = record["responseElements"]["keyMetadata"]
    assert re.fullmatch(JAVA_DATE, shown.pop("creationDate"))
    assert shown == {
        "aWSAccountId": ACCOUNT,
        "keyId": key["KeyId"],
        "arn": key["Arn"],
        "enabled": True,
        "description": "",
        "keyUsage": "ENCRYPT_DECRYPT",
        "keyState": "Enabled",
        "origin": "AWS_KMS",
        "keyManager": "CUSTOMER",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "keySpec": "SYMMETRIC_DEFAULT",
        "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "multiRegion": False,
        "currentKeyMaterialId": key["CurrentKeyMaterialId"],
    }
    assert record["resources"] == [key_entry(key["Arn"])]


def test_the_record_of_a_scheduled_deletion_says_when(deployment: Any, kms: Any, key: Any) -> None:
    record = deployment.record_of(kms.schedule_key_deletion(KeyId=key["KeyId"]))
    shown = record["responseElements"]
    assert re.fullmatch(JAVA_DATE, shown.pop("deletionDate"))
    assert shown == {"keyId": key["Arn"], "keyState": "PendingDeletion", "pendingWindowInDays": 30}
    record = deployment.record_of(kms.cancel_key_deletion(KeyId=key["KeyId"]))
    assert record["responseElements"] == {"keyId": key["Arn"]}


def test_the_record_of_a_re_encryption_names_both_keys(deployment: Any, kms: Any, key: Any) -> None:
    target = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    answer = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceKeyId=key["KeyId"],
        DestinationKeyId=target["KeyId"],
        DestinationEncryptionContext={"a": "b"},
    )
    record = deployment.record_of(answer)
    assert record["requestParameters"] == {
        "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "sourceKeyId": key["KeyId"],
        "destinationKeyId": target["KeyId"],
        "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "destinationEncryptionContext": {"a": "b"},
    }
    assert record["additionalEventData"] == {
        "sourceKeyMaterialId": key["CurrentKeyMaterialId"],
        "destinationKeyMaterialId": target["CurrentKeyMaterialId"],
    }
    assert record["resources"] == [key_entry(key["Arn"]), key_entry(target["Arn"])]


def test_calls_without_parameters_or_keys_say_so(deployment: Any, kms: Any) -> None:
    record = deployment.record_of(kms.list_keys())
    assert record["requestParameters"] is None and not record.get("resources")
    record = deployment.record_of(kms.generate_random(NumberOfBytes=8))
    assert record["responseElements"] is None and record.get("resources", []) == []


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "message"),
    [
        ("decrypt", {"CiphertextBlob": b"x"}, "InvalidCiphertextException", None),
        (
            "describe_key",
            {"KeyId": "alias/absent"},
            "NotFoundException",
            f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/absent is not found.",
        ),
        (
            "schedule_key_deletion",
            {"KeyId": "alias/absent"},
            "InvalidArnException",
            "Key Aliases are not supported for this operation.",
        ),
        (
            "generate_random",
            {},
            "ValidationException",
            "Please specify either number of bytes or key spec.",
        ),
    ],
)
def test_a_refused_call_is_on_record_with_its_error(
    deployment: Any, kms: Any, operation: str, parameters: Any, code: str, message: str | None
) -> None:
    record = deployment.record_of(refused(getattr(kms, operation), **parameters))
    assert record["errorCode"] == code
    assert record.get("errorMessage") == message
    assert record["responseElements"] is None


def test_a_refusal_of_permission_is_on_record_under_its_own_code(
    deployment: Any, kms: Any, other_key: Any
) -> None:
    error = refused(kms.encrypt, KeyId=other_key["Arn"], Plaintext=b"x")
    record = deployment.record_of(error)
    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"] == error.response["Error"]["Message"]
    assert record["recipientAccountId"] == ACCOUNT


def test_a_dry_run_is_on_record_as_one(deployment: Any, kms: Any, key: Any) -> None:
    error = refused(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x", DryRun=True)
    record = deployment.record_of(error)
    assert record["errorCode"] == "DryRunOperationException"
    assert record["requestParameters"]["dryRun"] is True
    assert record["additionalEventData"] == {"keyMaterialId": key["CurrentKeyMaterialId"]}


def test_no_plaintext_and_no_ciphertext_is_ever_on_record(
    deployment: Any, kms: Any, key: Any
) -> None:
    secret = b"a plaintext that must not be seen"
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=secret)["CiphertextBlob"]
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    kms.decrypt(CiphertextBlob=sealed)
    journal = json.dumps(deployment.records()) + deployment.log.read_text()
    credentials = deployment.credentials()
    for hidden in [secret, sealed, made["Plaintext"], made["CiphertextBlob"]]:
        for form in [base64.b64encode(hidden).decode(), hidden.hex()]:
            assert form not in journal
    assert secret.decode() not in journal
    assert credentials.secret_access_key not in journal
    assert credentials.access_key_id in journal

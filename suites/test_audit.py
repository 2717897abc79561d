"""The audit journal of the built program: one record for each call, allowed or refused.

What the record of each operation shows is proven by the golden records in `vectors/records`, that
no secret is in any by `test_canary.py`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from blackbox.deployment import ACCOUNT, REGION
from blackbox.refusal import refused

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


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


def test_a_line_of_the_journal_ends_where_it_ends_whatever_a_client_writes(
    deployment: Any, kms: Any, key: Any
) -> None:
    context = {"a\u2028b": "c\u0085d", "e\x0bf": "g\x1ch\u2029"}
    answer = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)
    record = deployment.record_of(answer)
    assert record["requestParameters"]["encryptionContext"] == context


def test_a_refusal_of_permission_is_on_record_under_its_own_code(
    deployment: Any, kms: Any, other_key: Any
) -> None:
    error = refused(kms.encrypt, KeyId=other_key["Arn"], Plaintext=b"x")
    record = deployment.record_of(error)
    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"] == error.response["Error"]["Message"]
    assert record["recipientAccountId"] == ACCOUNT

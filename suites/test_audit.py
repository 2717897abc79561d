"""The audit journal of the built program: one record for each call, allowed or refused.

What the record of each operation shows is proven by the golden records in `vectors/records`, that
no secret is in any by `test_canary.py`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from blackbox.deployment import ACCOUNT, OTHER_ACCOUNT, REGION
from blackbox.refusal import refused

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def key_entry(arn: str, account: str = ACCOUNT) -> dict[str, str]:
    return {"accountId": account, "type": "AWS::KMS::Key", "ARN": arn}


def test_a_use_leaves_a_record_with_every_field(deployment: Any, kms: Any, key: Any) -> None:
    context = {"Tenant": "blue", "purpose": "backup"}
    before = datetime.now(UTC)
    answer = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext=context)
    record = deployment.record_of(answer)

    at = datetime.strptime(record.pop("eventTime"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert before.replace(microsecond=0) <= at <= datetime.now(UTC)
    assert re.fullmatch(GUID, record.pop("eventID"))
    assert record.pop("userAgent").startswith("Boto3/1.44.5")
    # This deployment has no TLS, and so no `tlsDetails`.
    assert record == every_field(deployment) | {
        "requestParameters": {
            "encryptionContext": context,
            "keyId": key["KeyId"],
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        },
        "additionalEventData": {"keyMaterialId": key["CurrentKeyMaterialId"]},
        "requestID": answer["ResponseMetadata"]["RequestId"],
        "resources": [key_entry(key["Arn"])],
        "operatorNote": {
            "allowed": [
                {
                    "action": "kms:Encrypt",
                    "because": "the caller is the account's root user, and nothing denies",
                }
            ]
        },
    }


def every_field(deployment: Any) -> dict[str, Any]:
    """What the records of all encryptions by the root user have in common."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "accountId": ACCOUNT,
            "accessKeyId": deployment.credentials().access_key_id,
        },
        "eventSource": "kms.amazonaws.com",
        "eventName": "Encrypt",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "responseElements": None,
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


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
    assert re.fullmatch(GUID, record.pop("eventID"))
    for varying in ["eventTime", "userAgent"]:
        assert record.pop(varying)
    assert record.pop("operatorNote")["action"] == "kms:Encrypt"
    assert record == every_field(deployment) | {
        "errorCode": "AccessDenied",
        "errorMessage": error.response["Error"]["Message"],
        "requestParameters": {
            "keyId": other_key["Arn"],
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        },
        "requestID": error.response["ResponseMetadata"]["RequestId"],
        "resources": [key_entry(other_key["Arn"], OTHER_ACCOUNT)],
    }

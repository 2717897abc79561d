"""Key policies: what is stored, what is refused, and what they decide."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blackbox.deployment import ACCOUNT
from blackbox.refusal import Refusal, refusal

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def statement(**members: Any) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}
    return allow | members


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_the_default_policy_lets_the_account_decide(kms: Any, key: Any) -> None:
    answer = kms.get_key_policy(KeyId=key["KeyId"])
    assert answer["PolicyName"] == "default"
    assert answer["Policy"].startswith('{\n  "Version" : "2012-10-17",\n  "Id" : "key-default-1"')
    assert json.loads(answer["Policy"]) == {
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [statement(Sid="Enable IAM User Permissions")],
    }
    policies = kms.list_key_policies(KeyId=key["KeyId"])
    assert policies["PolicyNames"] == ["default"] and policies["Truncated"] is False


def test_a_policy_is_stored_as_it_was_sent(kms: Any, key: Any) -> None:
    policy = document(statement(Sid="one"), statement(Sid="two", Action=["kms:Encrypt"]))
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=policy)
    assert kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"] == policy
    made = kms.create_key(Policy=policy)["KeyMetadata"]
    assert kms.get_key_policy(KeyId=made["KeyId"])["Policy"] == policy


def test_an_explicit_deny_holds_and_is_named(kms: Any, key: Any) -> None:
    deny = statement(Effect="Deny", Action="kms:Encrypt")
    kms.put_key_policy(KeyId=key["KeyId"], Policy=document(statement(), deny))
    assert refusal(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x") == (
        "AccessDeniedException",
        f"User: {ROOT} is not authorized to perform: kms:Encrypt on resource: {key['Arn']} with "
        "an explicit deny in a resource-based policy",
    )
    kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")


def test_what_the_policy_does_not_allow_is_refused_to_the_root_too(kms: Any) -> None:
    actions = ["kms:PutKeyPolicy", "kms:DescribeKey", "kms:Encrypt"]
    key = kms.create_key(Policy=document(statement(Action=actions)))["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    expected = Refusal(
        "AccessDeniedException",
        f"User: {ROOT} is not authorized to perform: kms:Decrypt on resource: {key['Arn']} "
        "because no resource-based policy allows the kms:Decrypt action",
    )
    assert refusal(kms.decrypt, KeyId=key["KeyId"], CiphertextBlob=blob) == expected
    assert refusal(kms.decrypt, CiphertextBlob=blob) == expected


def test_a_condition_on_the_encryption_context_decides(kms: Any, key: Any) -> None:
    guarded = statement(
        Effect="Deny",
        Action=["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"],
        Condition={"StringNotEquals": {"kms:EncryptionContext:tenant": "blue"}},
    )
    kms.put_key_policy(KeyId=key["KeyId"], Policy=document(statement(), guarded))
    blue = {"tenant": "blue"}
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=blue)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=blue)["Plaintext"] == b"x"
    for context in [{}, {"tenant": "red"}, {"Tenant": "blues"}]:
        call = refusal(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)
        assert call.code == "AccessDeniedException", context


@pytest.mark.parametrize(
    ("policy", "code", "text"),
    [
        (
            document(statement(Action="kms:Encrypt")),
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        ),
        (
            document({"Effect": "Allow", "Action": "kms:*", "Resource": "*"}),
            "MalformedPolicyDocumentException",
            "Policy contains a statement with no principal.",
        ),
        (
            document(statement(), statement(Principal={"AWS": "arn:aws:iam::999999999999:root"})),
            "MalformedPolicyDocumentException",
            "Policy contains a statement with one or more invalid principals.",
        ),
        (
            document(statement(), statement(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:group/g"})),
            "InvalidArnException",
            "An ARN in the specified key policy is invalid.",
        ),
        ("this is not JSON", "MalformedPolicyDocumentException", None),
        ('{"Version":"2012-10-17","Statement":[1]}', "MalformedPolicyDocumentException", None),
        (document(statement(Effect="Perhaps")), "MalformedPolicyDocumentException", None),
        (document(statement(Sid="s" * 32768)), "LimitExceededException", None),
    ],
    ids=[
        "locks its writer out",
        "no principal",
        "unknown account",
        "a group",
        "not JSON",
        "not a statement",
        "unknown effect",
        "too long",
    ],
)
def test_a_policy_that_will_not_do_is_refused_and_changes_nothing(
    kms: Any, key: Any, policy: str, code: str, text: str | None
) -> None:
    before = kms.get_key_policy(KeyId=key["KeyId"])["Policy"]
    refusals = [
        refusal(kms.put_key_policy, KeyId=key["KeyId"], Policy=policy),
        refusal(kms.create_key, Policy=policy),
    ]
    for one in refusals:
        assert one.code == code
        assert text is None or one.message == text
    assert kms.get_key_policy(KeyId=key["KeyId"])["Policy"] == before


def test_the_lockout_check_can_be_bypassed(kms: Any, key: Any) -> None:
    policy = document(statement(Action="kms:GetKeyPolicy"))
    kms.put_key_policy(KeyId=key["KeyId"], Policy=policy, BypassPolicyLockoutSafetyCheck=True)
    assert kms.get_key_policy(KeyId=key["KeyId"])["Policy"] == policy
    assert (
        refusal(kms.put_key_policy, KeyId=key["KeyId"], Policy=policy).code
        == "AccessDeniedException"
    )


def test_there_is_one_policy_and_its_name_is_default(kms: Any, key: Any) -> None:
    policy = kms.get_key_policy(KeyId=key["KeyId"])["Policy"]
    assert refusal(kms.get_key_policy, KeyId=key["KeyId"], PolicyName="other") == (
        "NotFoundException",
        "No such policy exists",
    )
    named = refusal(kms.put_key_policy, KeyId=key["KeyId"], PolicyName="other", Policy=policy)
    assert named.code == "ValidationException"

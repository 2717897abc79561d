"""The list of what is offered, against the API model that the SDK carries."""

from __future__ import annotations

from typing import Any

import pytest

from blackbox.wire import Wire

OFFERED = {
    "CancelKeyDeletion",
    "ConnectCustomKeyStore",
    "CreateAlias",
    "CreateCustomKeyStore",
    "CreateGrant",
    "CreateKey",
    "Decapsulate",
    "Decrypt",
    "DeleteAlias",
    "DeleteCustomKeyStore",
    "DeleteImportedKeyMaterial",
    "DeriveSharedSecret",
    "DescribeCustomKeyStores",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "DisconnectCustomKeyStore",
    "EnableKey",
    "EnableKeyRotation",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GenerateRandom",
    "GetKeyLastUsage",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "GetParametersForImport",
    "GetPublicKey",
    "ImportKeyMaterial",
    "ListAliases",
    "ListGrants",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListKeys",
    "ListResourceTags",
    "ListRetirableGrants",
    "PutKeyPolicy",
    "ReEncrypt",
    "ReplicateKey",
    "RetireGrant",
    "RevokeGrant",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "Sign",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateCustomKeyStore",
    "UpdateKeyDescription",
    "UpdatePrimaryRegion",
    "Verify",
    "VerifyMac",
}


def test_what_is_not_offered_is_an_unknown_operation(kms: Any, wire: Wire) -> None:
    named = set(kms.meta.service_model.operation_names)
    assert named >= OFFERED and len(named) == 56
    for name in sorted(named):
        answer = wire.call(name, b"[]")
        expected = "SerializationException" if name in OFFERED else "UnknownOperationException"
        assert answer.json["__type"] == expected, name


@pytest.mark.parametrize("operation", sorted(OFFERED))
def test_every_member_of_the_wrong_type_is_refused(kms: Any, wire: Wire, operation: str) -> None:
    shape = kms.meta.service_model.operation_model(operation).input_shape
    wrong: dict[str, Any] = {
        "string": {"a": "b"},
        "blob": [1],
        "list": "a",
        "map": "a",
        "structure": 7,
        "integer": "a",
        "boolean": "a",
        "timestamp": "a",
    }
    for name, member in shape.members.items():
        answer = wire.call(operation, {name: wrong[member.type_name]})
        assert answer.status == 400
        assert answer.json["__type"] == "SerializationException", name


@pytest.mark.parametrize("operation", sorted(OFFERED))
def test_every_required_member_is_missed(kms: Any, wire: Wire, operation: str) -> None:
    required = kms.meta.service_model.operation_model(operation).input_shape.required_members
    if not required:
        assert wire.call(operation, {}).status in (200, 400)
        return
    message = wire.call(operation, {}).json["message"]
    plural = "" if len(required) == 1 else "s"
    clauses = [
        f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must "
        "not be null"
        for name in required
    ]
    assert message.startswith(f"{len(required)} validation error{plural} detected: ")
    assert all(clause in message for clause in clauses)

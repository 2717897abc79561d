"""The list of what is offered, against the API model that the SDK carries."""

from __future__ import annotations

from typing import Any

import pytest

from blackbox.relay import SERVICE
from blackbox.wire import Wire

OPERATIONS = sorted(SERVICE.operation_names)
# Whose members are all optional by themselves, and not all together.
NOT_WITHOUT_ANY = ["Decrypt", "GenerateRandom", "ListRetirableGrants", "RetireGrant"]


def test_every_operation_of_the_model_is_offered(wire: Wire) -> None:
    assert len(OPERATIONS) == 56
    for name in OPERATIONS:
        assert wire.call(name, b"[]").json["__type"] == "SerializationException", name


def test_what_the_model_does_not_name_is_an_unknown_operation(wire: Wire) -> None:
    for name in ["ExportKey", "createKey", "CreateKeys", "", "TrentService.CreateKey"]:
        assert wire.call(name, b"[]").json["__type"] == "UnknownOperationException", name


@pytest.mark.parametrize("operation", OPERATIONS)
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


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_required_member_is_missed(kms: Any, wire: Wire, operation: str) -> None:
    required = kms.meta.service_model.operation_model(operation).input_shape.required_members
    if not required:
        answer = wire.call(operation, {})
        if operation in NOT_WITHOUT_ANY:
            assert answer.json["__type"] == "ValidationException"
        else:
            assert answer.status == 200
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

"""Requests that no SDK would send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blackbox import model
from blackbox.refusal import refusal_of
from blackbox.wire import CONTENT_TYPE, Answer, Wire

UNPARSABLE = {
    "nothing closed": "{",
    "no JSON": "hello",
    "two values": "{} {}",
    "a trailing comma": '{"KeyId": "a",}',
    "single quotes": "{'KeyId': 'a'}",
    "a comment": "{} // nothing",
    "bytes that are no UTF-8": b'{"KeyId": "\xff"}',
    "half a surrogate pair": '{"KeyId": "\\ud800"}',
    "a control character": '{"KeyId": "a\x01"}',
    "a number with a leading zero": '{"NumberOfBytes": 032}',
    "NaN": '{"NumberOfBytes": NaN}',
}


def is_serialization_error(answer: Answer) -> bool:
    assert answer.status == 400, answer
    model.check_headers(answer_headers(answer))
    model.check_error(answer.status, answer.body)
    return answer.json["__type"] == "SerializationException"


def answer_headers(answer: Answer) -> dict[str, str]:
    """The headers under the names the model check asks for."""
    asked = ["Content-Type", "x-amzn-RequestId", "Date", "Cache-Control"]
    return {name: answer.headers[name.lower()] for name in asked}


@pytest.mark.parametrize("kind", UNPARSABLE)
def test_a_body_that_is_not_json_is_a_serialization_error_without_words(
    wire: Wire, kind: str
) -> None:
    answer = wire.call("DescribeKey", UNPARSABLE[kind])
    assert is_serialization_error(answer)
    assert answer.json == {"__type": "SerializationException"}


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "true"])
def test_a_body_that_is_not_an_object_is_a_serialization_error(wire: Wire, body: str) -> None:
    assert is_serialization_error(wire.call("ListKeys", body))


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("DescribeKey", {"KeyId": 7}),
        ("DescribeKey", {"KeyId": True}),
        ("DescribeKey", {"KeyId": ["a"]}),
        ("DescribeKey", {"KeyId": {"a": "b"}}),
        ("DescribeKey", {"KeyId": "a", "GrantTokens": "b"}),
        ("DescribeKey", {"KeyId": "a", "GrantTokens": {"b": "c"}}),
        ("ListKeys", {"Limit": "7"}),
        ("ListKeys", {"Limit": [7]}),
        ("Encrypt", {"KeyId": "a", "Plaintext": {"a": 1}}),
        ("Encrypt", {"KeyId": "a", "Plaintext": 7}),
        ("Encrypt", {"KeyId": "a", "Plaintext": "eA==", "EncryptionContext": ["a"]}),
        ("Encrypt", {"KeyId": "a", "Plaintext": "eA==", "EncryptionContext": "a"}),
        ("Encrypt", {"KeyId": "a", "Plaintext": "eA==", "EncryptionContext": {"a": {}}}),
        ("Encrypt", {"KeyId": "a", "Plaintext": "eA==", "EncryptionContext": {"a": []}}),
        ("Encrypt", {"KeyId": "a", "Plaintext": "eA==", "DryRun": "true"}),
        ("Encrypt", {"KeyId": "a", "Plaintext": "eA==", "DryRun": 1}),
        ("CreateKey", {"Tags": {"TagKey": "a", "TagValue": "b"}}),
        ("CreateKey", {"Tags": ["a"]}),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else value,
)
def test_a_member_of_the_wrong_type_is_a_serialization_error(
    wire: Wire, operation: str, body: Any
) -> None:
    assert is_serialization_error(wire.call(operation, body))


@pytest.mark.parametrize("text", ["eA", "eA=", "e A==", "eA==\n", "_-8=", "eA===", "eB==", "é"])
def test_base64_that_is_not_canonical_is_a_serialization_error(
    wire: Wire, key: Any, text: str
) -> None:
    answer = wire.call("Encrypt", {"KeyId": key["KeyId"], "Plaintext": text})
    assert is_serialization_error(answer)


def test_unknown_members_and_nulls_are_as_if_absent(wire: Wire, key: Any) -> None:
    plain = {"KeyId": key["KeyId"], "Plaintext": "eA=="}
    noise = {"keyId": 7, "Unknown": {"deep": [1, {"er": None}]}, "GrantTokens": None}
    assert wire.call("Encrypt", plain | noise | {"EncryptionContext": None}).status == 200
    for body in [{"KeyId": None}, {"keyId": key["KeyId"]}, {"KEYID": key["KeyId"]}]:
        told = refusal_of(wire.call("DescribeKey", body))
        assert told.code == "ValidationException"
        assert "Value null at 'keyId'" in (told.message or "")


def test_an_empty_body_is_an_empty_object(wire: Wire) -> None:
    assert wire.call("ListKeys", b"").status == 200


def test_of_a_member_that_comes_twice_the_last_one_counts(wire: Wire, key: Any) -> None:
    body = f'{{"KeyId": "alias/none", "KeyId": "{key["KeyId"]}"}}'
    answer = wire.call("DescribeKey", body)
    assert (answer.status, answer.json["KeyMetadata"]["KeyId"]) == (200, key["KeyId"])


def test_a_number_beyond_every_integer_is_refused(wire: Wire) -> None:
    for number in [10**20, -(10**20), "1e400", "0.5"]:
        assert wire.call("ListKeys", f'{{"Limit": {number}}}').status == 400


def test_deep_nesting_hurts_nobody(wire: Wire) -> None:
    for open_ended in ["[" * 100_000, '{"a":' * 100_000]:
        assert is_serialization_error(wire.call("ListKeys", open_ended))
    ignored = '{"Unknown":' + "[" * 100_000 + "]" * 100_000 + "}"
    assert wire.call("ListKeys", ignored).status == 200
    assert wire.call("ListKeys").status == 200


def test_a_body_over_one_mebibyte_is_refused_whole(wire: Wire) -> None:
    fits = json.dumps({"Unknown": "x" * (1024 * 1024 - 20)}).encode()
    assert wire.call("ListKeys", fits.ljust(1024 * 1024)).status == 200
    answer = wire.call("ListKeys", fits.ljust(1024 * 1024 + 1))
    assert answer.status == 413, answer
    # The server is still there.
    assert wire.call("ListKeys").status == 200


@pytest.mark.parametrize(
    "target",
    [
        "TrentService.MakeTea",
        "TrentService.encrypt",
        "TrentService.",
        "Encrypt",
        "trentservice.Encrypt",
        "DynamoDB_20120810.ListTables",
        "",
    ],
)
def test_an_unknown_operation_is_refused_without_words(wire: Wire, target: str) -> None:
    answer = wire.send({}, {"X-Amz-Target": target})
    assert answer.status == 400
    assert answer.json == {"__type": "UnknownOperationException"}


def test_a_request_without_a_target_is_refused(wire: Wire) -> None:
    answer = wire.send({}, {})
    assert (answer.status, answer.json) == (400, {"__type": "UnknownOperationException"})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_only_post_is_an_operation(wire: Wire, method: str) -> None:
    headers = wire.sign(b"", {"X-Amz-Target": "TrentService.ListKeys"})
    answer = wire.exchange(method, "/", headers, b"")
    assert answer.status == 404, answer


def test_another_content_type_is_not_read(wire: Wire) -> None:
    for content_type in ["text/plain", "application/json", "application/x-www-form-urlencoded"]:
        headers = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": content_type}
        answer = wire.send({}, headers)
        assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>\n")


def test_a_character_set_may_be_named(wire: Wire) -> None:
    named = {"Content-Type": f"{CONTENT_TYPE}; charset=utf-8"}
    assert wire.call("ListKeys", extra=named).status == 200


def test_an_error_of_authorization_has_a_capital_message(wire: Wire, other_key: Any) -> None:
    body = wire.call("DescribeKey", {"KeyId": other_key["Arn"]}).json
    assert set(body) == {"__type", "Message"}


def test_an_error_without_words_has_no_message_member(wire: Wire) -> None:
    answer = wire.call("Decrypt", {"CiphertextBlob": "AAAA"})
    assert answer.body == b'{"__type":"InvalidCiphertextException"}'

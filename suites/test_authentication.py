"""Signatures: the right one is let in, and each wrong one is refused for its own reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blackbox.deployment import OTHER_REGION, REGION
from blackbox.refusal import Refusal, refusal_of
from blackbox.wire import CONTENT_TYPE, Answer, Credentials, Scope, Wire

MISMATCH = Refusal(
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details.",
)
INVALID_TOKEN = Refusal(
    "UnrecognizedClientException", "The security token included in the request is invalid."
)
LIST_KEYS = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": "TrentService.ListKeys"}


def now() -> datetime:
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")


def altered(wire: Wire, headers: dict[str, str], *, body: bytes = b"{}", **changed: str) -> Answer:
    """Sends signed headers after some of them were changed; an empty value removes one."""
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    headers = {name: names.get(name, value) for name, value in (headers | names).items()}
    return wire.exchange("POST", "/", {k: v for k, v in headers.items() if v}, body)


def test_a_signed_request_is_let_in(wire: Wire) -> None:
    assert wire.call("ListKeys").status == 200


def test_a_request_without_a_signature_is_refused(wire: Wire) -> None:
    answer = wire.exchange("POST", "/", LIST_KEYS, b"{}")
    assert refusal_of(answer) == (
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    )


@pytest.mark.parametrize("scheme", ["Basic dXNlcjpwYXNz", "Bearer abc", "AWS3 x"])
def test_another_scheme_is_no_signature(wire: Wire, scheme: str) -> None:
    answer = wire.exchange("POST", "/", LIST_KEYS | {"Authorization": scheme}, b"{}")
    assert refusal_of(answer).code == "MissingAuthenticationTokenException"


def test_a_wrong_secret_is_a_mismatch(wire: Wire) -> None:
    wrong = Credentials(wire.credentials.access_key_id, "wrong" * 8)
    assert refusal_of(wire.call("ListKeys", credentials=wrong)) == MISMATCH


def test_an_unknown_access_key_is_not_recognised(wire: Wire) -> None:
    for access_key_id in ["AKIAIOSFODNN7EXAMPLE", "x"]:
        unknown = Credentials(access_key_id, wire.credentials.secret_access_key)
        assert refusal_of(wire.call("ListKeys", credentials=unknown)) == INVALID_TOKEN


def test_a_temporary_access_key_comes_with_its_token(wire: Wire) -> None:
    bare = Credentials("ASIAIOSFODNN7EXAMPLE", wire.credentials.secret_access_key)
    code, text = refusal_of(wire.call("ListKeys", credentials=bare))
    assert code == INVALID_TOKEN.code
    assert text == "The security token included in the request is invalid"


def test_a_made_up_session_token_is_refused(wire: Wire) -> None:
    answer = wire.call("ListKeys", extra={"X-Amz-Security-Token": "made-up"})
    assert refusal_of(answer).code == "UnrecognizedClientException"


def test_whatever_is_changed_after_signing_is_noticed(wire: Wire) -> None:
    headers = wire.sign(b"{}", LIST_KEYS)
    assert altered(wire, headers).status == 200
    earlier = stamp(now() - timedelta(seconds=30))
    for answer in [
        altered(wire, headers, body=b'{"Limit":1}'),
        altered(wire, headers, X_Amz_Target="TrentService.GenerateRandom"),
        altered(wire, headers, X_Amz_Date=earlier),
        altered(wire, headers, Host="kms.example.com"),
        altered(wire, headers, Content_Type=f"{CONTENT_TYPE}; charset=utf-8"),
        altered(wire, headers, Authorization=headers["Authorization"][:-1] + "g"),
        altered(wire, headers, Authorization=headers["Authorization"][:-1]),
        altered(wire, headers, Authorization=headers["Authorization"].upper()),
        wire.exchange("POST", "/?a=b", headers, b"{}"),
    ]:
        assert answer.status == 400, answer
        assert answer.json["__type"] in {
            "InvalidSignatureException",
            "IncompleteSignatureException",
            "MissingAuthenticationTokenException",
        }, answer


def test_a_signature_is_for_one_request_and_not_for_its_neighbour(wire: Wire) -> None:
    [first, second] = [wire.sign(body, LIST_KEYS) for body in (b"{}", b'{"Limit":1}')]
    crossed = first | {"Authorization": second["Authorization"]}
    assert refusal_of(wire.exchange("POST", "/", crossed, b"{}")) == MISMATCH


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ({"region": "mars-north-1"}, "Credential should be scoped to a valid region. "),
        ({"service": "s3"}, "Credential should be scoped to correct service: 'kms'. "),
        (
            {"terminator": "aws3_request"},
            "Credential should be scoped with a valid terminator: 'aws4_request', not "
            "'aws3_request'. ",
        ),
        (
            {"region": "mars-north-1", "service": "s3"},
            "Credential should be scoped to a valid region. "
            "Credential should be scoped to correct service: 'kms'. ",
        ),
    ],
)
def test_a_scope_that_is_not_ours_is_refused(wire: Wire, scope: dict[str, str], text: str) -> None:
    answer = wire.call("ListKeys", scope=Scope(**({"region": REGION} | scope)))
    assert refusal_of(answer) == ("InvalidSignatureException", text)


def test_the_date_of_the_scope_must_be_that_of_the_request(wire: Wire) -> None:
    at = now()
    answer = wire.call("ListKeys", scope=Scope(REGION, at=at, date="20200101"))
    assert refusal_of(answer) == (
        "InvalidSignatureException",
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
        f"HTTP: '20200101' != '{at:%Y%m%d}', from '{stamp(at)}'.",
    )


def test_the_region_of_the_scope_is_the_region_of_the_request(wire: Wire) -> None:
    abroad = wire.call("CreateKey", scope=Scope(OTHER_REGION))
    assert f":{OTHER_REGION}:" in abroad.json["KeyMetadata"]["Arn"]


def test_an_old_signature_has_expired(wire: Wire) -> None:
    at = now() - timedelta(minutes=6)
    told = refusal_of(wire.call("ListKeys", scope=Scope(REGION, at=at)))
    assert told.code == "InvalidSignatureException"
    assert (told.message or "").startswith(f"Signature expired: {stamp(at)} is now earlier than ")
    assert (told.message or "").endswith(" - 5 min.)")
    assert wire.call("ListKeys", scope=Scope(REGION, at=now() - timedelta(minutes=4))).status == 200


def test_a_signature_of_the_future_is_not_yet_valid(wire: Wire) -> None:
    at = now() + timedelta(minutes=6)
    told = refusal_of(wire.call("ListKeys", scope=Scope(REGION, at=at)))
    assert told.code == "InvalidSignatureException"
    assert (told.message or "").startswith(
        f"Signature not yet current: {stamp(at)} is still later than "
    )
    assert (told.message or "").endswith(" + 5 min.)")
    assert wire.call("ListKeys", scope=Scope(REGION, at=now() + timedelta(minutes=4))).status == 200


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("AWS4-HMAC-SHA256", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 Credential", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x", None),
        ("AWS4-HMAC-SHA256 Credential=////, SignedHeaders=, Signature=", None),
        ("AWS4-HMAC-SHA256 " + "a=b," * 2000, None),
        ("AWS4-ECDSA-P256-SHA256 Credential=a, SignedHeaders=b, Signature=c", None),
    ],
)
def test_half_an_authorization_header_is_incomplete(
    wire: Wire, authorization: str, code: str | None
) -> None:
    headers = LIST_KEYS | {"X-Amz-Date": stamp(now()), "Authorization": authorization}
    answer = wire.exchange("POST", "/", headers, b"{}")
    told = refusal_of(answer)
    assert told.code in {"IncompleteSignatureException", "InvalidSignatureException"}
    assert code is None or told.code == code


def test_a_missing_part_is_named(wire: Wire) -> None:
    headers = wire.sign(b"{}", LIST_KEYS)
    whole = headers["Authorization"]
    for part in ["Credential", "Signature", "SignedHeaders"]:
        kept = [
            piece
            for piece in whole.split(" ", 1)[1].split(", ")
            if not piece.startswith(part + "=")
        ]
        told = refusal_of(
            altered(wire, headers, Authorization="AWS4-HMAC-SHA256 " + ", ".join(kept))
        )
        assert told.code == "IncompleteSignatureException"
        assert f"Authorization header requires '{part}' parameter. " in (told.message or "")
    told = refusal_of(altered(wire, headers, X_Amz_Date=""))
    assert "requires existence of either a 'X-Amz-Date' or a 'Date' header. " in (
        told.message or ""
    )


def test_the_host_and_the_target_must_be_signed(wire: Wire) -> None:
    unsigned_target = wire.sign(b"{}", {"Content-Type": CONTENT_TYPE})
    answer = wire.exchange("POST", "/", unsigned_target | LIST_KEYS, b"{}")
    assert refusal_of(answer).code == "InvalidSignatureException"


def test_a_presigned_request_is_let_in_until_it_expires(wire: Wire) -> None:
    target, headers = wire.presign("ListKeys", b"{}")
    assert wire.exchange("POST", target, headers, b"{}").status == 200
    recent = Scope(REGION, at=now() - timedelta(minutes=2))
    target, headers = wire.presign("ListKeys", b"{}", scope=recent, expires_s=240)
    assert wire.exchange("POST", target, headers, b"{}").status == 200
    target, headers = wire.presign("ListKeys", b"{}", scope=recent, expires_s=60)
    refused = wire.exchange("POST", target, headers, b"{}")
    assert refusal_of(refused).code == "InvalidSignatureException"


def test_a_presigned_request_ends_with_the_clock_window_whatever_it_promises(wire: Wire) -> None:
    old = Scope(REGION, at=now() - timedelta(hours=1))
    target, headers = wire.presign("ListKeys", b"{}", scope=old, expires_s=604800)
    told = refusal_of(wire.exchange("POST", target, headers, b"{}"))
    assert told.code == "InvalidSignatureException"
    assert (told.message or "").startswith("Signature expired: ")


def test_a_presigned_request_is_bound_to_its_body_and_target(wire: Wire) -> None:
    target, headers = wire.presign("ListKeys", b"{}")
    assert refusal_of(wire.exchange("POST", target, headers, b'{"Limit":1}')) == MISMATCH
    other = headers | {"X-Amz-Target": "TrentService.CreateKey"}
    assert refusal_of(wire.exchange("POST", target, other, b"{}")) == MISMATCH


def test_two_signatures_at_once_are_refused(wire: Wire) -> None:
    target, headers = wire.presign("ListKeys", b"{}")
    signed = wire.sign(b"{}", headers)
    assert refusal_of(wire.exchange("POST", target, signed, b"{}")) == (
        "InvalidSignatureException",
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )


def test_a_refused_signature_leaves_no_record_in_an_account(deployment: Any, wire: Wire) -> None:
    wrong = Credentials(wire.credentials.access_key_id, "wrong" * 8)
    answer = wire.call("ListKeys", credentials=wrong)
    request = answer.headers["x-amzn-requestid"]
    assert all(record.get("requestID") != request for record in deployment.records())

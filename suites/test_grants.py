"""Grants: made, listed, retired, revoked; and their tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blackbox.deployment import ACCOUNT, OTHER_ACCOUNT, Deployment
from blackbox.refusal import Refusal, refusal

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OTHER_ROOT = f"arn:aws:iam::{OTHER_ACCOUNT}:root"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
INVALID_TOKEN = Refusal("InvalidGrantTokenException", "The grant token is not valid.")


@pytest.fixture(scope="module")
def iam(deployment: Deployment) -> Any:
    client = deployment.session().client("iam")
    client.create_user(UserName="alice")
    return client


@pytest.fixture
def grant(kms: Any, key: Any, iam: Any) -> Callable[..., Any]:
    """Makes a grant on the test's key."""

    def make(**parameters: Any) -> Any:
        sound = {"KeyId": key["KeyId"], "GranteePrincipal": ALICE, "Operations": ["Decrypt"]}
        return kms.create_grant(**(sound | parameters))

    return make


def listed(kms: Any, key: Any, **filters: Any) -> list[Any]:
    """Every grant of the key, through as many pages as there are."""
    pages = kms.get_paginator("list_grants").paginate(
        KeyId=key["KeyId"], PaginationConfig={"PageSize": 3}, **filters
    )
    return [entry for page in pages for entry in page["Grants"]]


def not_found(grant_id: str) -> Refusal:
    return Refusal("NotFoundException", f"Grant ID {grant_id} not found")


def test_a_grant_is_listed_as_it_was_made(kms: Any, key: Any, grant: Any) -> None:
    constraints = {
        "EncryptionContextSubset": {"Tenant": "blue"},
        "SourceArn": f"arn:aws:s3:us-east-1:{ACCOUNT}:bucket",
    }
    made = grant(
        Operations=["Decrypt", "GenerateDataKey", "RetireGrant"],
        RetiringPrincipal=ROOT,
        Constraints=constraints,
        Name="reader/blue",
    )
    assert re.fullmatch(r"[0-9a-f]{64}", made["GrantId"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{200,}", made["GrantToken"])
    [entry] = listed(kms, key)
    assert abs(entry.pop("CreationDate") - datetime.now(UTC)) < timedelta(seconds=30)
    assert entry == {
        "KeyId": key["Arn"],
        "GrantId": made["GrantId"],
        "Name": "reader/blue",
        "GranteePrincipal": ALICE,
        "RetiringPrincipal": ROOT,
        "IssuingAccount": ROOT,
        "Operations": ["Decrypt", "GenerateDataKey", "RetireGrant"],
        "Constraints": constraints,
    }


def test_a_grant_without_a_name_shows_an_empty_one(kms: Any, key: Any, grant: Any) -> None:
    grant()
    [entry] = listed(kms, key)
    assert entry["Name"] == ""
    assert not entry.keys() & {"Constraints", "RetiringPrincipal", "GranteeServicePrincipal"}


def test_the_same_named_request_finds_its_grant(kms: Any, key: Any, grant: Any) -> None:
    first, again = grant(Name="n"), grant(Name="n")
    assert first["GrantId"] == again["GrantId"]
    assert first["GrantToken"] != again["GrantToken"]
    other = grant(Name="n", RetiringPrincipal=ROOT)
    assert other["GrantId"] != first["GrantId"]
    assert grant()["GrantId"] != grant()["GrantId"]
    assert len(listed(kms, key)) == 4


def test_paginators_show_every_grant_once(kms: Any, iam: Any, key: Any, grant: Any) -> None:
    janitor = iam.create_user(UserName=f"janitor-{key['KeyId']}")["User"]["Arn"]
    of_alice = {grant(RetiringPrincipal=janitor)["GrantId"] for _ in range(4)}
    of_root = {grant(GranteePrincipal=ROOT)["GrantId"] for _ in range(4)}
    ids = [entry["GrantId"] for entry in listed(kms, key)]
    assert ids == sorted(of_alice | of_root)
    narrowed = listed(kms, key, GranteePrincipal=ROOT)
    assert {entry["GrantId"] for entry in narrowed} == of_root
    [wanted] = listed(kms, key, GrantId=ids[3])
    assert wanted["GrantId"] == ids[3]

    pages = kms.get_paginator("list_retirable_grants").paginate(
        RetiringPrincipal=janitor, PaginationConfig={"PageSize": 3}
    )
    retirable = [entry for page in pages for entry in page["Grants"]]
    assert [entry["GrantId"] for entry in retirable] == sorted(of_alice)
    assert {entry["KeyId"] for entry in retirable} == {key["Arn"]}


def test_a_token_is_taken_until_its_grant_is_gone(kms: Any, key: Any, grant: Any) -> None:
    made, useless = grant(), grant()
    tokens = {"GrantTokens": [made["GrantToken"], useless["GrantToken"]]}
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", **tokens)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, **tokens)["Plaintext"] == b"x"
    kms.describe_key(KeyId=key["KeyId"], **tokens)
    other = kms.create_key()["KeyMetadata"]
    kms.generate_data_key(KeyId=other["KeyId"], KeySpec="AES_256", **tokens)

    kms.revoke_grant(KeyId=key["KeyId"], GrantId=made["GrantId"])
    assert refusal(kms.decrypt, CiphertextBlob=blob, **tokens) == INVALID_TOKEN


def test_a_grant_is_retired_by_its_token_or_by_its_id(kms: Any, key: Any, grant: Any) -> None:
    by_token, by_id = grant(), grant()
    kms.retire_grant(GrantToken=by_token["GrantToken"])
    kms.retire_grant(KeyId=key["Arn"], GrantId=by_id["GrantId"])
    assert listed(kms, key) == []
    assert refusal(kms.retire_grant, GrantToken=by_token["GrantToken"]) == INVALID_TOKEN
    for end in [kms.retire_grant, kms.revoke_grant]:
        told = refusal(end, KeyId=key["Arn"], GrantId=by_id["GrantId"])
        assert told == not_found(by_id["GrantId"])
        told = refusal(end, KeyId=key["Arn"], GrantId="nonsense")
        assert told.code == "InvalidGrantIdException"
    for half in [{}, {"KeyId": key["Arn"]}, {"GrantId": by_id["GrantId"]}]:
        assert refusal(kms.retire_grant, **half).code == "ValidationException"


def test_another_account_retires_what_names_it_and_nothing_else(
    kms: Any, other: Any, key: Any, grant: Any
) -> None:
    mine, theirs = grant(), grant(RetiringPrincipal=OTHER_ROOT)
    page = other.list_retirable_grants(RetiringPrincipal=OTHER_ROOT, Limit=100)
    assert theirs["GrantId"] in {entry["GrantId"] for entry in page["Grants"]}
    other.retire_grant(KeyId=key["Arn"], GrantId=theirs["GrantId"])

    told = {
        refusal(other.retire_grant, KeyId=key["Arn"], GrantId=grant_id)
        for grant_id in [mine["GrantId"], theirs["GrantId"]]
    }
    told.add(refusal(other.retire_grant, GrantToken=mine["GrantToken"]))
    [denied] = told
    assert denied.code == "AccessDeniedException"
    for call in [
        lambda **it: other.list_grants(KeyId=key["Arn"], **it),
        lambda **it: other.revoke_grant(KeyId=key["Arn"], GrantId=mine["GrantId"], **it),
        lambda **it: other.list_retirable_grants(RetiringPrincipal=ROOT, **it),
    ]:
        assert refusal(call).code == "AccessDeniedException"
    assert [entry["GrantId"] for entry in listed(kms, key)] == [mine["GrantId"]]


@pytest.mark.parametrize(
    ("parameters", "code", "text"),
    [
        (
            {"Operations": ["CreateGrant"]},
            "ValidationException",
            "Grants must not contain only the CreateGrant operation.",
        ),
        (
            {
                "Constraints": {
                    "EncryptionContextEquals": {"a": "b"},
                    "EncryptionContextSubset": {"a": "b"},
                }
            },
            "ValidationException",
            "More than one constraint supplied",
        ),
        ({"Operations": ["Sign"]}, "ValidationException", None),
        ({"GranteeServicePrincipal": "s3.amazonaws.com"}, "ValidationException", None),
        (
            {"GranteePrincipal": "arn:aws:iam::777788889999:root"},
            "InvalidArnException",
            "ARN does not refer to a valid principal: arn:aws:iam::777788889999:root",
        ),
        (
            {"RetiringPrincipal": "s3.amazonaws.com"},
            "InvalidArnException",
            "ARN does not refer to a valid principal: s3.amazonaws.com",
        ),
        ({"GrantTokens": ["made-up"]}, "InvalidGrantTokenException", None),
        ({"KeyId": "alias/some"}, "InvalidArnException", None),
        ({"DryRun": True}, "DryRunOperationException", None),
    ],
)
def test_a_request_that_cannot_be_granted_is_refused(
    kms: Any, key: Any, grant: Any, parameters: Any, code: str, text: str | None
) -> None:
    told = refusal(grant, **parameters)
    assert told.code == code
    assert text is None or told.message == text
    assert listed(kms, key) == []


def test_asymmetric_keys_are_granted_what_they_do(kms: Any, grant: Any) -> None:
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    grant(KeyId=key["KeyId"], Operations=["Sign", "GetPublicKey"])
    told = refusal(grant, KeyId=key["KeyId"], Operations=["Sign", "Decrypt"])
    assert told.code == "ValidationException"


def test_a_disabled_key_is_not_granted_but_its_grants_end(kms: Any, key: Any, grant: Any) -> None:
    made = grant()
    kms.disable_key(KeyId=key["KeyId"])
    assert refusal(grant) == ("DisabledException", f"{key['Arn']} is disabled.")
    assert len(listed(kms, key)) == 1
    kms.revoke_grant(KeyId=key["KeyId"], GrantId=made["GrantId"])
    assert listed(kms, key) == []


def test_no_token_is_in_the_audit_log(deployment: Deployment, kms: Any, grant: Any) -> None:
    token = grant()["GrantToken"]
    kms.retire_grant(GrantToken=token)
    assert token not in json.dumps(deployment.records())

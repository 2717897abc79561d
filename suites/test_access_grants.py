"""Grants decide: who uses a key by a grant, how far it reaches, and who ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from blackbox.principals import (
    BY_RESOURCE,
    RESOURCE,
    Account,
    Caller,
    allow,
    deny,
    document,
    fresh,
    trust,
)
from blackbox.refusal import Refusal, refusal

Use = Callable[..., Any]
INVALID_TOKEN = Refusal("InvalidGrantTokenException", "The grant token is not valid.")


@pytest.fixture
def user(home: Account) -> Caller:
    """A user to whom no policy allows anything."""
    return home.user()


def granted(by: Caller, key: dict[str, Any], to: str, *operations: str, **more: Any) -> Any:
    return by.kms.create_grant(
        KeyId=key["Arn"], GranteePrincipal=to, Operations=list(operations), **more
    )


def test_a_grant_allows_its_operations_and_no_other(home: Account, user: Caller) -> None:
    key = home.key()
    told = refusal(user.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"])
    made = granted(home.admin, key, user.arn, "Encrypt", "Decrypt")
    blob = user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert user.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x", "at once, without a token"
    tokens = [made["GrantToken"]]
    assert user.kms.decrypt(CiphertextBlob=blob, GrantTokens=tokens)["Plaintext"] == b"x"
    told = refusal(user.kms.generate_data_key, KeyId=key["KeyId"], KeySpec="AES_256")
    assert told == user.told("kms:GenerateDataKey", key["Arn"])
    told = refusal(user.kms.describe_key, KeyId=key["KeyId"], GrantTokens=tokens)
    assert told == user.told("kms:DescribeKey", key["Arn"])


def test_a_token_gives_nothing_to_who_is_not_its_grantee(home: Account, user: Caller) -> None:
    key, other = home.key(), home.key()
    made = granted(home.admin, key, user.arn, "Encrypt")
    tokens = [made["GrantToken"]]
    thief = home.user()
    told = refusal(thief.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x", GrantTokens=tokens)
    assert told == thief.told("kms:Encrypt", key["Arn"])
    told = refusal(user.kms.encrypt, KeyId=other["KeyId"], Plaintext=b"x", GrantTokens=tokens)
    assert told == user.told("kms:Encrypt", other["Arn"])


def test_a_denial_beats_a_grant(home: Account, user: Caller) -> None:
    key = home.key(deny("kms:Encrypt", Principal={"AWS": user.arn}))
    granted(home.admin, key, user.arn, "Encrypt", "Decrypt")
    told = refusal(user.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"], BY_RESOURCE)
    home.permit(user.name, deny("kms:Decrypt"))
    blob = home.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert refusal(user.kms.decrypt, CiphertextBlob=blob).code == "AccessDeniedException"


@pytest.mark.parametrize(
    ("constraint", "met", "missed"),
    [
        (
            "EncryptionContextEquals",
            [{"tenant": "blue", "stage": "one"}],
            [{}, {"tenant": "blue"}, {"tenant": "blue", "stage": "one", "more": "x"}],
        ),
        (
            "EncryptionContextSubset",
            [{"tenant": "blue", "stage": "one"}, {"tenant": "blue", "stage": "one", "more": "x"}],
            [{}, {"tenant": "blue"}, {"tenant": "BLUE", "stage": "one"}],
        ),
    ],
)
def test_a_constraint_holds_the_encryption_context(
    home: Account, user: Caller, constraint: str, met: Any, missed: Any
) -> None:
    key = home.key()
    pairs = {"tenant": "blue", "stage": "one"}
    operations = ["Encrypt", "Decrypt", "DescribeKey", "GenerateDataKey"]
    granted(home.admin, key, user.arn, *operations, Constraints={constraint: pairs})
    user.kms.describe_key(KeyId=key["KeyId"])
    for context in met:
        encrypted = user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)[
            "CiphertextBlob"
        ]
        user.kms.decrypt(CiphertextBlob=encrypted, EncryptionContext=context)
    for context in missed:
        told = refusal(
            user.kms.generate_data_key,
            KeyId=key["KeyId"],
            KeySpec="AES_256",
            EncryptionContext=context,
        )
        assert told == user.told("kms:GenerateDataKey", key["Arn"]), context


def test_reencrypt_takes_a_grant_of_each_half(home: Account, user: Caller) -> None:
    source, target = home.key(), home.key()
    blob = home.kms.encrypt(KeyId=source["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    call: Use = user.kms.re_encrypt
    moving = {"CiphertextBlob": blob, "DestinationKeyId": target["KeyId"]}
    granted(home.admin, source, user.arn, "ReEncryptFrom", "ReEncryptTo")
    assert refusal(call, **moving) == user.told("kms:ReEncryptTo", target["Arn"])
    granted(home.admin, target, user.arn, "ReEncryptTo")
    call(**moving)


def test_a_grant_made_by_a_grant_gives_no_more_than_it_has(home: Account, user: Caller) -> None:
    key, friend = home.key(), home.user()
    parent = {"EncryptionContextSubset": {"tenant": "blue"}}
    granted(home.admin, key, user.arn, "CreateGrant", "Encrypt", "Decrypt", Constraints=parent)
    refused = user.told("kms:CreateGrant", key["Arn"])

    def child(*operations: str, **constraints: dict[str, str]) -> dict[str, Any]:
        made = {"KeyId": key["Arn"], "GranteePrincipal": friend.arn, "Operations": operations}
        return made | ({"Constraints": constraints} if constraints else {})

    blue, more = {"tenant": "blue"}, {"tenant": "blue", "stage": "one"}
    for wider in [
        child("Encrypt"),
        child("Encrypt", EncryptionContextSubset={"stage": "one"}),
        child("Encrypt", EncryptionContextEquals={"stage": "one"}),
        child("GenerateDataKey", EncryptionContextSubset=blue),
        child("Encrypt", "DescribeKey", EncryptionContextEquals=blue),
    ]:
        assert refusal(user.kms.create_grant, **wider) == refused, wider
    user.kms.create_grant(**child("Encrypt", EncryptionContextSubset=more))
    user.kms.create_grant(**child("Decrypt", "CreateGrant", EncryptionContextEquals=blue))
    friend.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=more)
    told = refusal(friend.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=blue)
    assert told == friend.told("kms:Encrypt", key["Arn"])


def test_a_child_outlives_its_parent(home: Account, user: Caller) -> None:
    key, friend = home.key(), home.user()
    parent = granted(home.admin, key, user.arn, "CreateGrant", "Encrypt")
    granted(user, key, friend.arn, "Encrypt")
    home.kms.revoke_grant(KeyId=key["KeyId"], GrantId=parent["GrantId"])
    friend.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    told = refusal(user.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"])


def test_a_grant_is_retired_by_whom_it_names(home: Account, user: Caller) -> None:
    key, janitor = home.key(), home.user()
    made = granted(home.admin, key, user.arn, "Encrypt", RetiringPrincipal=janitor.arn)
    by_id = {"KeyId": key["Arn"], "GrantId": made["GrantId"]}
    told = refusal(user.kms.retire_grant, **by_id)
    assert told.code == "AccessDeniedException", "the grantee was not given RetireGrant"
    janitor.kms.retire_grant(**by_id)
    told = refusal(user.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"])
    made = granted(home.admin, key, user.arn, "Encrypt", RetiringPrincipal=janitor.arn)
    janitor.kms.retire_grant(GrantToken=made["GrantToken"])
    home.permit(janitor.name, deny("kms:RetireGrant"))
    made = granted(home.admin, key, user.arn, "Encrypt", RetiringPrincipal=janitor.arn)
    assert refusal(janitor.kms.retire_grant, GrantToken=made["GrantToken"]).code == (
        "AccessDeniedException"
    )


def test_a_grantee_retires_only_with_that_operation(home: Account, user: Caller) -> None:
    key = home.key()
    pairs = {"EncryptionContextEquals": {"tenant": "blue"}}
    made = granted(home.admin, key, user.arn, "Encrypt", "RetireGrant", Constraints=pairs)
    user.kms.retire_grant(KeyId=key["Arn"], GrantId=made["GrantId"])
    assert home.kms.list_grants(KeyId=key["KeyId"])["Grants"] == []


def test_the_issuing_account_retires_its_grants_and_lets_others(home: Account) -> None:
    key, user, helper = home.key(), home.user(), home.user(allow("kms:RetireGrant"))
    for caller in [home.root, helper]:
        made = granted(home.admin, key, user.arn, "Encrypt")
        caller.kms.retire_grant(KeyId=key["Arn"], GrantId=made["GrantId"])
    in_key_policy = home.key(allow("kms:RetireGrant", Principal={"AWS": user.arn}))
    made = granted(home.admin, in_key_policy, helper.arn, "Encrypt")
    told = refusal(user.kms.retire_grant, KeyId=in_key_policy["Arn"], GrantId=made["GrantId"])
    assert told.code == "AccessDeniedException", "a key policy does not give this"


def test_nobody_else_retires_a_grant(home: Account, away: Account, user: Caller) -> None:
    key = home.key(allow("kms:*", Principal={"AWS": away.arn("root")}))
    made = granted(home.admin, key, user.arn, "Encrypt")
    by_id = {"KeyId": key["Arn"], "GrantId": made["GrantId"]}
    for stranger in [away.admin, away.root]:
        assert refusal(stranger.kms.retire_grant, **by_id).code == "AccessDeniedException"
    user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")


def test_revoking_is_for_who_is_allowed_by_policy(home: Account, user: Caller) -> None:
    key = home.key()
    made = granted(home.admin, key, user.arn, "Encrypt", "CreateGrant", "RetireGrant")
    by_id = {"KeyId": key["KeyId"], "GrantId": made["GrantId"]}
    assert refusal(user.kms.revoke_grant, **by_id) == user.told("kms:RevokeGrant", key["Arn"])
    home.permit(user.name, allow("kms:RevokeGrant", key["Arn"]))
    user.kms.revoke_grant(**by_id)
    told = refusal(user.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"])
    tokens = [made["GrantToken"]]
    told = refusal(user.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x", GrantTokens=tokens)
    assert told == INVALID_TOKEN


def test_a_role_of_another_account_uses_a_key_by_a_grant(home: Account, away: Account) -> None:
    key = home.key()
    role = away.role(trust({"AWS": away.arn("root")}))
    granted(home.admin, key, role, "Encrypt", "Decrypt")
    session = away.admin.assume(role)
    blob = session.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")["CiphertextBlob"]
    assert session.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    told = refusal(session.kms.describe_key, KeyId=key["Arn"])
    assert told == session.told_nothing("kms:DescribeKey")
    told = refusal(away.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == away.admin.told_nothing("kms:Encrypt")


def test_a_grant_to_another_account_is_for_whom_that_account_lets(
    home: Account, away: Account
) -> None:
    key = home.key()
    granted(home.admin, key, away.arn("root"), "Encrypt")
    away.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    away.root.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    nobody = away.user()
    assert refusal(nobody.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x").code == (
        "AccessDeniedException"
    )


def test_a_foreign_account_makes_grants_when_it_may(home: Account, away: Account) -> None:
    key = home.key(allow("kms:CreateGrant", Principal={"AWS": away.arn("root")}))
    user = away.user()
    made = granted(away.admin, key, user.arn, "Encrypt")
    user.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    [shown] = home.kms.list_grants(KeyId=key["KeyId"])["Grants"]
    assert shown["IssuingAccount"] == away.arn("root")
    away.root.kms.retire_grant(KeyId=key["Arn"], GrantId=made["GrantId"])
    assert home.kms.list_grants(KeyId=key["KeyId"])["Grants"] == []


def test_the_same_named_grant_is_made_once_for_each_principal(home: Account, user: Caller) -> None:
    key, other = home.key(), home.user()
    name = {"Name": "named"}
    first = granted(home.admin, key, user.arn, "Encrypt", **name)
    again = granted(home.admin, key, user.arn, "Encrypt", **name)
    assert first["GrantId"] == again["GrantId"] and first["GrantToken"] != again["GrantToken"]
    assert granted(home.admin, key, other.arn, "Encrypt", **name)["GrantId"] != first["GrantId"]
    wider = granted(home.admin, key, user.arn, "Encrypt", "Decrypt", **name)
    assert wider["GrantId"] != first["GrantId"]
    for made in [first, again]:
        user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", GrantTokens=[made["GrantToken"]])


@pytest.mark.parametrize("path", ["user/not-there", "role/not-there", "group/g", "user/*"])
@pytest.mark.parametrize("member", ["GranteePrincipal", "RetiringPrincipal"])
def test_a_grant_is_for_somebody_who_is_there(home: Account, path: str, member: str) -> None:
    wanted = {"GranteePrincipal": home.admin.arn} | {member: home.arn(path)}
    key = home.key()
    told = refusal(home.kms.create_grant, KeyId=key["KeyId"], Operations=["Encrypt"], **wanted)
    assert told.code == ("InvalidArnException" if "*" not in path else "ValidationException")


def test_a_grant_to_a_user_that_is_gone_shows_the_id(home: Account) -> None:
    key, name = home.key(), fresh("user")
    user = home.user(name=name)
    unique = home.iam.get_user(UserName=name)["User"]["UserId"]
    granted(home.admin, key, user.arn, "Encrypt", RetiringPrincipal=user.arn)
    home.iam.delete_access_key(UserName=name, AccessKeyId=user.keys.access_key_id)
    home.iam.delete_user(UserName=name)
    [shown] = home.kms.list_grants(KeyId=key["KeyId"])["Grants"]
    assert shown["GranteePrincipal"] == unique and shown["RetiringPrincipal"] == unique
    again = home.user(name=name)
    told = refusal(again.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == again.told("kms:Encrypt", key["Arn"])


def test_retirable_grants_are_listed_to_the_account_of_the_retiring_principal(
    home: Account, away: Account
) -> None:
    key, janitor = home.key(), away.user(allow("kms:ListRetirableGrants"))
    user = home.user()
    made = granted(home.admin, key, user.arn, "Encrypt", RetiringPrincipal=janitor.arn)
    [shown] = janitor.kms.list_retirable_grants(RetiringPrincipal=janitor.arn)["Grants"]
    assert shown["GrantId"] == made["GrantId"] and shown["KeyId"] == key["Arn"]
    told = refusal(user.kms.list_retirable_grants, RetiringPrincipal=user.arn)
    assert told.code == "AccessDeniedException"
    janitor.kms.retire_grant(KeyId=key["Arn"], GrantId=made["GrantId"])


def test_a_key_without_delegation_refuses_in_the_name_of_its_policy(
    home: Account, user: Caller
) -> None:
    policy = document(allow("kms:*", Principal={"AWS": home.admin.arn}))
    key = home.kms.create_key(Policy=policy)["KeyMetadata"]
    granted(home.admin, key, user.arn, "Encrypt")
    user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    told = refusal(user.kms.describe_key, KeyId=key["KeyId"])
    assert told == user.told("kms:DescribeKey", key["Arn"], RESOURCE)

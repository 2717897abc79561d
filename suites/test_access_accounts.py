"""Keys used from another account: both must agree, and neither learns more than it must."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from blackbox import audit
from blackbox.deployment import OTHER_REGION, Deployment
from blackbox.principals import (
    IDENTITY,
    Account,
    Caller,
    allow,
    deny,
    document,
    fresh,
)
from blackbox.refusal import Refusal, refusal
from blackbox.waiting import wait_for

USE = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"]
OF_CIPHERTEXT = "the resource associated with this ciphertext"


@pytest.fixture(scope="module")
def shared(home: Account, away: Account) -> dict[str, Any]:
    """A key of the first account that lets the second one use it."""
    return home.key(allow(USE, Principal={"AWS": away.arn("root")}))


@pytest.fixture(scope="module")
def own(home: Account) -> dict[str, Any]:
    """A key of the first account that lets nobody else use it."""
    return home.key()


@pytest.fixture(scope="module")
def user(away: Account) -> Caller:
    """A user of the second account who may use every key there is."""
    return away.user(allow("kms:*"))


def alias_of(account: Account, key: dict[str, Any]) -> str:
    """The ARN of a new alias."""
    name = f"alias/{fresh('scene')}"
    account.kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    return str(key["Arn"].split("key/")[0] + name)


def test_a_key_is_used_from_another_account_that_both_let(
    home: Account, shared: Any, user: Caller
) -> None:
    for name in [shared["Arn"], alias_of(home, shared)]:
        blob = user.kms.encrypt(KeyId=name, Plaintext=b"x")["CiphertextBlob"]
        assert user.kms.decrypt(KeyId=name, CiphertextBlob=blob)["Plaintext"] == b"x"
        assert user.kms.decrypt(CiphertextBlob=blob)["KeyId"] == shared["Arn"]
        assert user.kms.describe_key(KeyId=name)["KeyMetadata"]["AWSAccountId"] == home.number
        user.kms.generate_data_key(KeyId=name, KeySpec="AES_256")


def test_the_own_account_must_allow_it_too(away: Account, shared: Any) -> None:
    user = away.user(allow("kms:DescribeKey"))
    user.kms.describe_key(KeyId=shared["Arn"])
    told = refusal(user.kms.encrypt, KeyId=shared["Arn"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", shared["Arn"], IDENTITY)
    user = away.user(allow("kms:*"), deny("kms:Encrypt"))
    for name in (shared["Arn"], shared["Arn"][:-36] + str(uuid.uuid4())):
        told = refusal(user.kms.encrypt, KeyId=name, Plaintext=b"x")
        assert told == user.told_nothing("kms:Encrypt"), "it does not tell whether a key is there"


def test_a_key_policy_that_names_the_foreign_user_is_half_of_it(
    home: Account, away: Account
) -> None:
    user = away.user()
    key = home.key(allow("kms:Encrypt", Principal={"AWS": user.arn}))
    told = refusal(user.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"], IDENTITY)
    away.permit(user.name, allow("kms:Encrypt", key["Arn"]))
    user.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    told = refusal(away.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == away.admin.told_nothing("kms:Encrypt"), "another one of that account"


def test_the_foreign_root_user_uses_what_its_account_was_given(away: Account, shared: Any) -> None:
    away.root.kms.encrypt(KeyId=shared["Arn"], Plaintext=b"x")


def test_what_is_forbidden_and_what_is_missing_look_the_same(
    home: Account, own: Any, user: Caller
) -> None:
    there = own["Arn"].split("key/")[0]
    names = [own["Arn"], f"{there}key/{uuid.uuid4()}", alias_of(home, own), f"{there}alias/absent"]
    for name in names:
        for action, call, parameters in [
            ("kms:DescribeKey", user.kms.describe_key, {}),
            ("kms:Encrypt", user.kms.encrypt, {"Plaintext": b"x"}),
            ("kms:GetPublicKey", user.kms.get_public_key, {}),
        ]:
            assert refusal(call, KeyId=name, **parameters) == user.told_nothing(action), name


def test_a_key_that_was_shared_and_denied_again_looks_missing(
    home: Account, away: Account, user: Caller
) -> None:
    away_root = {"AWS": away.arn("root")}
    key = home.key(allow("kms:*", Principal=away_root), deny("kms:Encrypt", Principal=away_root))
    told = refusal(user.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == user.told_nothing("kms:Encrypt")


def test_a_foreign_ciphertext_says_nothing_of_its_key(
    home: Account, own: Any, user: Caller, away: Account
) -> None:
    blob = home.kms.encrypt(KeyId=own["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    told = refusal(user.kms.decrypt, CiphertextBlob=blob)
    assert told == user.told_nothing("kms:Decrypt", OF_CIPHERTEXT)
    told = refusal(user.kms.decrypt, CiphertextBlob=blob, KeyId=own["Arn"])
    assert told == user.told_nothing("kms:Decrypt")
    target = away.key()
    told = refusal(user.kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=target["KeyId"])
    assert told == user.told_nothing("kms:ReEncryptFrom", OF_CIPHERTEXT)


def test_reencrypt_takes_a_right_on_each_of_two_keys(
    home: Account, away: Account, own: Any, shared: Any, user: Caller
) -> None:
    blob = user.kms.encrypt(KeyId=shared["Arn"], Plaintext=b"x")["CiphertextBlob"]
    mine = away.key()
    moved = user.kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=mine["KeyId"])
    assert moved["KeyId"] == mine["Arn"] and moved["SourceKeyId"] == shared["Arn"]
    told = refusal(user.kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=own["Arn"])
    assert told == user.told_nothing("kms:ReEncryptTo")
    half = away.user(allow("kms:ReEncryptFrom"))
    told = refusal(half.kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=mine["KeyId"])
    assert told == half.told("kms:ReEncryptTo", mine["Arn"])


def test_administration_stays_in_the_account_whatever_a_policy_says(
    home: Account, away: Account, user: Caller
) -> None:
    key = home.key(allow("kms:*", Principal={"AWS": [away.arn("root"), user.arn]}))
    policy = document(home.delegation)
    for action, call, parameters in [
        ("kms:DisableKey", user.kms.disable_key, {}),
        ("kms:ScheduleKeyDeletion", user.kms.schedule_key_deletion, {}),
        ("kms:GetKeyPolicy", user.kms.get_key_policy, {}),
        ("kms:PutKeyPolicy", user.kms.put_key_policy, {"Policy": policy}),
        ("kms:ListKeyPolicies", user.kms.list_key_policies, {}),
        ("kms:TagResource", user.kms.tag_resource, {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        ("kms:EnableKeyRotation", user.kms.enable_key_rotation, {}),
        ("kms:UpdateKeyDescription", user.kms.update_key_description, {"Description": "d"}),
    ]:
        told = refusal(call, KeyId=key["Arn"], **parameters)
        assert told.code in ("AccessDeniedException", "NotFoundException"), action
        if told.code == "AccessDeniedException":
            assert told == user.told_nothing(action)
    # These few are for other accounts as well.
    user.kms.get_key_rotation_status(KeyId=key["Arn"])
    user.kms.list_grants(KeyId=key["Arn"])


def test_a_foreign_key_answers_in_its_own_region_only(
    away: Account, shared: Any, user: Caller
) -> None:
    abroad = user.client("kms", OTHER_REGION)
    told = refusal(abroad.encrypt, KeyId=shared["Arn"], Plaintext=b"x")
    assert told.code in ("AccessDeniedException", "NotFoundException")


def test_an_alias_of_another_account_is_none_of_the_own(
    home: Account, away: Account, shared: Any, user: Caller
) -> None:
    name = alias_of(home, shared).partition(":alias")[2]
    told = refusal(user.kms.encrypt, KeyId=f"alias{name}", Plaintext=b"x")
    here = shared["Arn"].split("key/")[0].replace(home.number, away.number)
    assert told == Refusal("NotFoundException", f"Alias {here}alias{name} is not found.")
    told = refusal(user.kms.create_alias, AliasName="alias/mine", TargetKeyId=shared["Arn"])
    assert told.code in ("AccessDeniedException", "NotFoundException", "ValidationException")


def events(town: Deployment, answer: Any) -> list[dict[str, Any]]:
    """The records of one call, which another account may have one of."""
    wanted = audit.request_id(answer)
    return [record for record in town.records() if record.get("requestID") == wanted]


def test_a_use_from_another_account_is_recorded_in_both(
    town: Deployment, home: Account, away: Account, shared: Any, user: Caller
) -> None:
    answer = user.kms.encrypt(KeyId=shared["Arn"], Plaintext=b"x")
    both = wait_for(
        "record in either account",
        lambda: found if len(found := events(town, answer)) == 2 else None,
    )
    assert {record["recipientAccountId"] for record in both} == {home.number, away.number}
    assert len({record["sharedEventID"] for record in both}) == 1
    assert len({record["eventID"] for record in both}) == 2
    for record in both:
        assert record["resources"] == [
            {"accountId": home.number, "type": "AWS::KMS::Key", "ARN": shared["Arn"]}
        ]
    mine = next(one for one in both if one["recipientAccountId"] == away.number)
    assert mine["userIdentity"]["arn"] == user.arn
    theirs = next(one for one in both if one["recipientAccountId"] == home.number)
    assert theirs["userIdentity"]["accountId"] == away.number
    assert "arn" not in theirs["userIdentity"] and "userName" not in theirs["userIdentity"]


def test_a_refused_use_from_another_account_is_recorded_where_it_was_asked(
    town: Deployment, away: Account, own: Any, user: Caller
) -> None:
    with pytest.raises(ClientError) as caught:
        user.kms.encrypt(KeyId=own["Arn"], Plaintext=b"x")
    found = events(town, caught.value)
    assert [record["recipientAccountId"] for record in found] == [away.number]
    assert found[0]["errorCode"] == "AccessDenied"

"""Who may use a key of their own account: key policies and identity policies together."""

from __future__ import annotations

from typing import Any

import pytest

from blackbox.principals import (
    BY_IDENTITY,
    BY_RESOURCE,
    RESOURCE,
    Account,
    Caller,
    allow,
    deny,
    document,
    fresh,
)
from blackbox.refusal import Refusal, refusal

LOCKED_OUT = Refusal(
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
)
INVALID_PRINCIPAL = Refusal(
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
)


@pytest.fixture
def nobody(home: Account) -> Caller:
    """A user to whom nothing is allowed."""
    return home.user()


def test_a_user_without_policies_may_do_nothing_with_a_key(home: Account, nobody: Caller) -> None:
    key = home.key()
    calls = [
        ("kms:Encrypt", nobody.kms.encrypt, {"Plaintext": b"x"}),
        ("kms:DescribeKey", nobody.kms.describe_key, {}),
        ("kms:GetKeyPolicy", nobody.kms.get_key_policy, {}),
        ("kms:ScheduleKeyDeletion", nobody.kms.schedule_key_deletion, {}),
        (
            "kms:CreateGrant",
            nobody.kms.create_grant,
            {"GranteePrincipal": nobody.arn, "Operations": ["Decrypt"]},
        ),
    ]
    for action, call, parameters in calls:
        told = refusal(call, KeyId=key["KeyId"], **parameters)
        assert told == nobody.told(action, key["Arn"])


def test_a_user_without_policies_may_not_ask_about_the_account(nobody: Caller) -> None:
    kms = nobody.kms
    for action, call, parameters in [
        ("kms:ListKeys", kms.list_keys, {}),
        ("kms:ListAliases", kms.list_aliases, {}),
        ("kms:CreateKey", kms.create_key, {}),
        ("kms:GenerateRandom", kms.generate_random, {"NumberOfBytes": 1}),
    ]:
        assert refusal(call, **parameters) == nobody.told(action, "*")


def test_an_identity_policy_allows_what_it_names_on_the_key_it_names(home: Account) -> None:
    key, sibling = home.key(), home.key()
    user = home.user(allow(["kms:Encrypt", "kms:decrypt"], key["Arn"]))
    blob = user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert user.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    told = refusal(user.kms.encrypt, KeyId=sibling["KeyId"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", sibling["Arn"])
    told = refusal(user.kms.describe_key, KeyId=key["KeyId"])
    assert told == user.told("kms:DescribeKey", key["Arn"])
    foreign = home.kms.encrypt(KeyId=sibling["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    told = refusal(user.kms.decrypt, CiphertextBlob=foreign)
    assert told == user.told("kms:Decrypt", sibling["Arn"]), "an own key is named"


def test_patterns_of_actions_and_keys_reach_as_far_as_they_say(home: Account) -> None:
    key = home.key()
    begins = key["Arn"][:-4]
    user = home.user(allow(["kms:Generate*", "KMS:?ncrypt"], f"{begins}*"))
    user.kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    user.kms.generate_data_key_without_plaintext(KeyId=key["Arn"], KeySpec="AES_256")
    user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    told = refusal(user.kms.generate_random, NumberOfBytes=1)
    assert told == user.told("kms:GenerateRandom", "*"), "no key, so no pattern of a key matches"


def test_an_alias_as_the_resource_never_stands_for_its_key(home: Account) -> None:
    key, alias = home.key(), f"alias/{fresh('scene')}"
    home.kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    alias_arn = key["Arn"].split("key/")[0] + alias
    user = home.user(allow("kms:*", alias_arn))
    for name in [key["KeyId"], key["Arn"], alias, alias_arn]:
        told = refusal(user.kms.encrypt, KeyId=name, Plaintext=b"x")
        assert told == user.told("kms:Encrypt", key["Arn"])


def test_an_alias_is_made_and_removed_with_rights_on_both_sides(home: Account) -> None:
    key, alias = home.key(), f"alias/{fresh('scene')}"
    alias_arn = key["Arn"].split("key/")[0] + alias
    wanted = {"AliasName": alias, "TargetKeyId": key["KeyId"]}
    of_key = home.user(allow("kms:*", key["Arn"]))
    assert refusal(of_key.kms.create_alias, **wanted) == of_key.told("kms:CreateAlias", alias_arn)
    of_alias = home.user(allow("kms:*", alias_arn))
    told = refusal(of_alias.kms.create_alias, **wanted)
    assert told == of_alias.told("kms:CreateAlias", key["Arn"])
    both = home.user(allow(["kms:CreateAlias", "kms:DeleteAlias"], [alias_arn, key["Arn"]]))
    both.kms.create_alias(**wanted)
    told = refusal(of_alias.kms.delete_alias, AliasName=alias)
    assert told == of_alias.told("kms:DeleteAlias", key["Arn"])
    told = refusal(of_key.kms.delete_alias, AliasName=alias)
    assert told == of_key.told("kms:DeleteAlias", alias_arn)
    both.kms.delete_alias(AliasName=alias)


def test_moving_an_alias_takes_rights_on_both_keys(home: Account) -> None:
    old, new, alias = home.key(), home.key(), f"alias/{fresh('scene')}"
    alias_arn = old["Arn"].split("key/")[0] + alias
    home.kms.create_alias(AliasName=alias, TargetKeyId=old["KeyId"])
    move = {"AliasName": alias, "TargetKeyId": new["KeyId"]}
    for known, missing in [(old, new), (new, old)]:
        user = home.user(allow("kms:UpdateAlias", [alias_arn, known["Arn"]]))
        told = refusal(user.kms.update_alias, **move)
        assert told == user.told("kms:UpdateAlias", missing["Arn"])
    user = home.user(allow("kms:UpdateAlias", [alias_arn, old["Arn"], new["Arn"]]))
    user.kms.update_alias(**move)


def test_a_denial_beats_every_permission_and_says_where_it_stands(home: Account) -> None:
    user = home.user(allow("kms:*"), deny("kms:Encrypt"))
    key = home.key(allow("kms:*", Principal={"AWS": user.arn}))
    told = refusal(user.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"], BY_IDENTITY)
    blob = home.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert user.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

    policy = document(home.delegation, deny("kms:Decrypt", Principal={"AWS": user.arn}))
    home.kms.put_key_policy(KeyId=key["KeyId"], Policy=policy)
    told = refusal(user.kms.decrypt, CiphertextBlob=blob)
    assert told == user.told("kms:Decrypt", key["Arn"], BY_RESOURCE)
    assert home.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_key_policy_that_names_a_user_needs_no_other(home: Account, nobody: Caller) -> None:
    key = home.key(allow(["kms:Encrypt", "kms:Decrypt"], Principal={"AWS": nobody.arn}))
    blob = nobody.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert nobody.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    told = refusal(nobody.kms.describe_key, KeyId=key["KeyId"])
    assert told == nobody.told("kms:DescribeKey", key["Arn"])


def test_a_key_policy_for_everybody_is_for_everybody_in_the_account(
    home: Account, away: Account, nobody: Caller
) -> None:
    key = home.key(allow("kms:Encrypt", Principal="*"))
    nobody.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    stranger = away.user()
    told = refusal(stranger.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == stranger.told("kms:Encrypt", key["Arn"])
    away.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")


def test_what_is_not_delegated_no_identity_policy_allows(home: Account) -> None:
    admin = allow("kms:*", Principal={"AWS": home.admin.arn})
    narrow = allow("kms:Describe*", Principal={"AWS": home.number})
    key = home.kms.create_key(Policy=document(admin, narrow))["KeyMetadata"]
    user = home.user(allow("kms:*"))
    assert user.kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["Arn"] == key["Arn"]
    for caller in [user, home.root]:
        told = refusal(caller.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
        assert told == caller.told("kms:Encrypt", key["Arn"], RESOURCE)
    home.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")


def test_the_root_user_has_no_right_that_the_key_policy_does_not_give(home: Account) -> None:
    key = home.key()
    policy = document(allow("kms:*", Principal={"AWS": home.admin.arn}))
    home.kms.put_key_policy(KeyId=key["KeyId"], Policy=policy)
    for action, call in [
        ("kms:DescribeKey", home.root.kms.describe_key),
        ("kms:PutKeyPolicy", lambda **by: home.root.kms.put_key_policy(Policy=policy, **by)),
    ]:
        told = refusal(call, KeyId=key["KeyId"])
        assert told == home.root.told(action, key["Arn"], RESOURCE)


def test_nobody_locks_themselves_out_unless_they_insist(home: Account) -> None:
    user = home.user(allow(["kms:CreateKey", "kms:DescribeKey"]))
    user.kms.create_key()  # The default policy is not checked: nobody asked for it.
    delegating = document(home.delegation)
    assert refusal(user.kms.create_key, Policy=delegating) == LOCKED_OUT, "its own policies count"
    named = allow("kms:*", Principal={"AWS": user.arn})
    key = user.kms.create_key(Policy=document(named))["KeyMetadata"]
    others = document(allow("kms:*", Principal={"AWS": home.admin.arn}))
    assert refusal(user.kms.put_key_policy, KeyId=key["KeyId"], Policy=others) == LOCKED_OUT
    conditional = named | {
        "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    }
    told = refusal(user.kms.put_key_policy, KeyId=key["KeyId"], Policy=document(conditional))
    assert told == LOCKED_OUT
    insisting = {"Policy": others, "BypassPolicyLockoutSafetyCheck": True}
    user.kms.put_key_policy(KeyId=key["KeyId"], **insisting)
    told = refusal(user.kms.put_key_policy, KeyId=key["KeyId"], **insisting)
    assert told == user.told("kms:PutKeyPolicy", key["Arn"], RESOURCE)


def test_who_may_insist_can_be_decided(home: Account) -> None:
    insists = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}
    user = home.user(allow("kms:*"), deny("kms:CreateKey", Condition=insists))
    told = refusal(user.kms.create_key, BypassPolicyLockoutSafetyCheck=True)
    assert told == user.told("kms:CreateKey", "*", BY_IDENTITY)
    user.kms.create_key(BypassPolicyLockoutSafetyCheck=False)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("user/who-is-not-there", INVALID_PRINCIPAL),
        ("role/that-is-not-there", INVALID_PRINCIPAL),
        ("user/*", INVALID_PRINCIPAL),
        (
            "group/admins",
            Refusal("InvalidArnException", "An ARN in the specified key policy is invalid."),
        ),
    ],
)
def test_a_key_policy_names_only_who_is_there(home: Account, path: str, expected: Refusal) -> None:
    policy = document(home.delegation, allow("kms:*", Principal={"AWS": home.arn(path)}))
    assert refusal(home.kms.create_key, Policy=policy) == expected


def test_a_user_made_again_under_the_same_name_is_somebody_else(home: Account) -> None:
    name = fresh("user")
    first = home.user(name=name)
    key = home.key(allow("kms:Encrypt", Principal={"AWS": first.arn}))
    first.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    unique = home.iam.get_user(UserName=name)["User"]["UserId"]
    remove(home, first)
    shown = home.kms.get_key_policy(KeyId=key["KeyId"])["Policy"]
    assert f'"{unique}"' in shown and first.arn not in shown
    second = home.user(name=name)
    assert second.arn == first.arn
    told = refusal(second.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == second.told("kms:Encrypt", key["Arn"])
    assert refusal(home.kms.put_key_policy, KeyId=key["KeyId"], Policy=shown) == INVALID_PRINCIPAL


def test_a_condition_on_the_arn_knows_a_user_made_again(home: Account) -> None:
    name = fresh("user")
    condition = {"ArnEquals": {"aws:PrincipalArn": home.arn(f"user/{name}")}}
    key = home.key(allow("kms:Encrypt", Principal={"AWS": "*"}, Condition=condition))
    for _ in range(2):
        user = home.user(name=name)
        user.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
        remove(home, user)


def test_the_audit_record_of_a_refusal_names_caller_and_reason(
    home: Account, nobody: Caller, town: Any
) -> None:
    key = home.key()
    with pytest.raises(nobody.kms.exceptions.ClientError) as caught:
        nobody.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    record = town.record_of(caught.value)
    told = nobody.told("kms:Encrypt", key["Arn"])
    assert record["errorCode"] == "AccessDenied" and record["errorMessage"] == told.message
    identity = record["userIdentity"]
    assert identity["type"] == "IAMUser" and identity["userName"] == nobody.name
    assert identity["arn"] == nobody.arn and identity["principalId"].startswith("AIDA")
    assert identity["accessKeyId"] == nobody.keys.access_key_id


def remove(account: Account, user: Caller) -> None:
    """Deletes a user and what hangs on it."""
    account.iam.delete_access_key(UserName=user.name, AccessKeyId=user.keys.access_key_id)
    for policy in account.iam.list_user_policies(UserName=user.name)["PolicyNames"]:
        account.iam.delete_user_policy(UserName=user.name, PolicyName=policy)
    account.iam.delete_user(UserName=user.name)

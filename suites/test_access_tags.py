"""Access by tags and aliases of keys: read when the request is made, by identity policies."""

from __future__ import annotations

from typing import Any

from blackbox.principals import BY_IDENTITY, Account, allow, deny, document, fresh
from blackbox.refusal import refusal

BLUE = {"TagKey": "team", "TagValue": "blue"}


def tagged(key: str) -> dict[str, Any]:
    return {"StringEquals": {f"aws:ResourceTag/{key}": "blue"}}


def test_a_tag_of_the_key_decides_from_the_moment_it_is_there(home: Account) -> None:
    key = home.key()
    user = home.user(allow("kms:Encrypt", Condition=tagged("team")))
    upper = home.user(allow("kms:Encrypt", Condition=tagged("TEAM")))
    assert not user.may_encrypt(key["Arn"])
    home.kms.tag_resource(KeyId=key["KeyId"], Tags=[BLUE])
    assert user.may_encrypt(key["Arn"])
    assert upper.may_encrypt(key["Arn"]), "names of condition keys are compared ignoring case"
    home.kms.tag_resource(KeyId=key["KeyId"], Tags=[BLUE | {"TagValue": "Blue"}])
    assert not user.may_encrypt(key["Arn"])
    home.kms.tag_resource(KeyId=key["KeyId"], Tags=[BLUE])
    assert user.may_encrypt(key["Arn"])
    home.kms.untag_resource(KeyId=key["KeyId"], TagKeys=["team"])
    assert not user.may_encrypt(key["Arn"])


def test_a_key_policy_does_not_see_the_tags_of_its_key(home: Account) -> None:
    user = home.user()
    statement = allow("kms:Encrypt", Principal={"AWS": user.arn}, Condition=tagged("team"))
    key = home.key(statement, Tags=[BLUE])
    assert not user.may_encrypt(key["Arn"])


def test_a_tag_of_the_user_meets_a_tag_of_the_key(home: Account) -> None:
    statement = allow(
        "kms:Encrypt",
        Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    )
    key = home.key(Tags=[BLUE])
    blue = home.user(statement, Tags=[{"Key": "team", "Value": "blue"}])
    red = home.user(statement, Tags=[{"Key": "team", "Value": "red"}])
    untagged = home.user(statement)
    assert [user.may_encrypt(key["Arn"]) for user in (blue, red, untagged)] == [True, False, False]
    home.iam.tag_user(UserName=red.name, Tags=[{"Key": "team", "Value": "blue"}])
    home.iam.untag_user(UserName=blue.name, TagKeys=["team"])
    assert [user.may_encrypt(key["Arn"]) for user in (blue, red)] == [False, True]
    policy = allow(
        "kms:Encrypt",
        Principal={"AWS": home.number},
        Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}},
    )
    guarded = home.kms.create_key(Policy=_only(home, policy), BypassPolicyLockoutSafetyCheck=True)[
        "KeyMetadata"
    ]
    wide = allow("kms:*")
    for user in (red, untagged):
        home.permit(user.name, wide)
    assert [user.may_encrypt(guarded["Arn"]) for user in (red, untagged)] == [True, False]


def _only(home: Account, *statements: dict[str, Any]) -> str:
    return document(allow("kms:*", Principal={"AWS": home.admin.arn}), *statements)


def test_the_aliases_of_a_key_decide_however_it_is_called(home: Account) -> None:
    key, alias = home.key(), f"alias/{fresh('blue')}"
    condition = {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/blue-*"}}
    user = home.user(allow("kms:Encrypt", Condition=condition))
    assert not user.may_encrypt(key["Arn"])
    home.kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    assert user.may_encrypt(key["Arn"]) and user.may_encrypt(alias)
    other = home.key()
    home.kms.update_alias(AliasName=alias, TargetKeyId=other["KeyId"])
    assert not user.may_encrypt(key["Arn"]) and user.may_encrypt(other["Arn"])
    home.kms.delete_alias(AliasName=alias)
    assert not user.may_encrypt(other["Arn"])


def test_the_alias_a_request_names_decides_only_there(home: Account) -> None:
    key, alias, second = home.key(), f"alias/{fresh('a')}", f"alias/{fresh('b')}"
    for name in (alias, second):
        home.kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    user = home.user(allow("kms:*", Condition={"StringEquals": {"kms:RequestAlias": alias}}))
    arn = key["Arn"].split("key/")[0] + alias
    assert user.may_encrypt(alias) and user.may_encrypt(arn)
    assert not user.may_encrypt(key["Arn"]) and not user.may_encrypt(second)
    blob = home.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")["CiphertextBlob"]
    assert refusal(user.kms.decrypt, CiphertextBlob=blob).code == "AccessDeniedException"
    assert user.kms.decrypt(CiphertextBlob=blob, KeyId=alias)["Plaintext"] == b"x"
    user.kms.describe_key(KeyId=alias)


def test_the_tags_of_a_request_decide_who_tags(home: Account) -> None:
    key = home.key()
    user = home.user(
        allow(
            ["kms:TagResource", "kms:UntagResource"],
            Condition={
                "StringEqualsIfExists": {"aws:RequestTag/team": ["blue", "red"]},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"]},
            },
        )
    )
    tag = user.kms.tag_resource
    tag(KeyId=key["KeyId"], Tags=[BLUE, {"TagKey": "stage", "TagValue": "x"}])
    told = refusal(tag, KeyId=key["KeyId"], Tags=[BLUE | {"TagValue": "green"}])
    assert told == user.told("kms:TagResource", key["Arn"])
    told = refusal(tag, KeyId=key["KeyId"], Tags=[BLUE, {"TagKey": "more", "TagValue": "x"}])
    assert told == user.told("kms:TagResource", key["Arn"])
    told = refusal(user.kms.untag_resource, KeyId=key["KeyId"], TagKeys=["stage", "other"])
    assert told == user.told("kms:UntagResource", key["Arn"])
    user.kms.untag_resource(KeyId=key["KeyId"], TagKeys=["stage"])


def test_keys_are_made_with_the_tags_that_are_asked_for(home: Account) -> None:
    tagged = {"StringEquals": {"aws:RequestTag/team": "blue"}}
    user = home.user(
        allow(["kms:CreateKey", "kms:TagResource"], Condition=tagged), allow("kms:PutKeyPolicy")
    )
    made = user.kms.create_key(Tags=[BLUE])["KeyMetadata"]
    shown = home.kms.list_resource_tags(KeyId=made["KeyId"])["Tags"]
    assert shown == [BLUE]
    assert refusal(user.kms.create_key) == user.told("kms:CreateKey", "*")
    half = home.user(allow(["kms:CreateKey", "kms:PutKeyPolicy"]))
    half.kms.create_key()
    told = refusal(half.kms.create_key, Tags=[BLUE])
    assert told.code == "AccessDeniedException"
    assert "kms:TagResource" in (told.message or "")


def test_a_denial_without_a_tag_holds_for_the_key_that_lacks_it(home: Account) -> None:
    key = home.key()
    missing = {"Null": {"aws:ResourceTag/owner": "true"}}
    user = home.user(allow("kms:*"), deny("kms:Encrypt", Condition=missing))
    told = refusal(user.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"], BY_IDENTITY)
    user.kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "owner", "TagValue": ""}])
    user.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")

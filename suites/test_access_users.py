"""Users, access keys, groups and policies as they come and go, seen from the keys they reach."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest

from blackbox.principals import (
    BOUNDARY,
    BY_BOUNDARY,
    BY_IDENTITY,
    Account,
    Caller,
    allow,
    deny,
    document,
    fresh,
)
from blackbox.refusal import Refusal, query_refusal, refusal
from blackbox.wire import Credentials

INVALID_CLIENT = Refusal(
    "UnrecognizedClientException", "The security token included in the request is invalid."
)


def test_a_user_is_told_who_it_is(home: Account) -> None:
    user = home.user(Path="/team/blue/", Tags=[{"Key": "team", "Value": "blue"}])
    told = user.sts.get_caller_identity()
    shown = home.iam.get_user(UserName=user.name)["User"]
    assert (told["Arn"], told["Account"]) == (home.arn(f"user/team/blue/{user.name}"), home.number)
    assert told["UserId"] == shown["UserId"] and re.fullmatch(r"AIDA[A-Z2-7]{17}", told["UserId"])
    assert shown["Path"] == "/team/blue/" and shown["Tags"] == [{"Key": "team", "Value": "blue"}]
    assert abs(shown["CreateDate"] - datetime.now(UTC)) < timedelta(seconds=30)
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", user.keys.access_key_id)
    assert len(user.keys.secret_access_key) == 40


def test_an_access_key_is_replaced_by_a_second_one(home: Account) -> None:
    key, user = home.key(), home.user(allow("kms:Encrypt"))
    second = home.iam.create_access_key(UserName=user.name)["AccessKey"]
    told = query_refusal(home.iam.create_access_key, UserName=user.name)
    assert told == ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    unused = home.iam.get_access_key_last_used(AccessKeyId=second["AccessKeyId"])
    assert unused["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    keys = Credentials(second["AccessKeyId"], second["SecretAccessKey"])
    renewed = Caller(user.deployment, user.arn, keys)
    assert user.may_encrypt(key["Arn"]) and renewed.may_encrypt(key["Arn"])
    used = home.iam.get_access_key_last_used(AccessKeyId=second["AccessKeyId"])
    assert used["UserName"] == user.name
    assert used["AccessKeyLastUsed"]["ServiceName"] == "kms"
    assert used["AccessKeyLastUsed"]["Region"] == "us-east-1"
    old = {"UserName": user.name, "AccessKeyId": user.keys.access_key_id}
    home.iam.update_access_key(**old, Status="Inactive")
    assert refusal(user.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x") == INVALID_CLIENT
    assert renewed.may_encrypt(key["Arn"])
    home.iam.update_access_key(**old, Status="Active")
    assert user.may_encrypt(key["Arn"])
    home.iam.delete_access_key(**old)
    assert refusal(user.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x") == INVALID_CLIENT
    listed = home.iam.list_access_keys(UserName=user.name)["AccessKeyMetadata"]
    assert [one["AccessKeyId"] for one in listed] == [second["AccessKeyId"]]


def test_a_group_gives_its_policies_to_its_members(home: Account) -> None:
    key, user, group = home.key(), home.user(), fresh("group")
    home.iam.create_group(GroupName=group)
    home.iam.put_group_policy(
        GroupName=group, PolicyName="use", PolicyDocument=document(allow("kms:Encrypt"))
    )
    assert not user.may_encrypt(key["Arn"])
    home.iam.add_user_to_group(GroupName=group, UserName=user.name)
    assert user.may_encrypt(key["Arn"])
    shown = home.iam.list_groups_for_user(UserName=user.name)["Groups"]
    assert [one["GroupName"] for one in shown] == [group]
    members = home.iam.get_group(GroupName=group)["Users"]
    assert [one["UserName"] for one in members] == [user.name]
    told = query_refusal(home.iam.delete_group, GroupName=group)
    assert told.code == "DeleteConflict"
    home.iam.remove_user_from_group(GroupName=group, UserName=user.name)
    assert not user.may_encrypt(key["Arn"])
    told = query_refusal(home.iam.delete_group, GroupName=group)
    assert told.code == "DeleteConflict"
    home.iam.delete_group_policy(GroupName=group, PolicyName="use")
    home.iam.delete_group(GroupName=group)


def test_a_managed_policy_decides_by_its_default_version_at_once(home: Account) -> None:
    key, user = home.key(), home.user()
    policy = home.policy(allow("kms:Encrypt", key["Arn"]))
    home.iam.attach_user_policy(UserName=user.name, PolicyArn=policy)
    assert user.may_encrypt(key["Arn"])
    home.iam.create_policy_version(
        PolicyArn=policy, PolicyDocument=document(deny("kms:Encrypt")), SetAsDefault=True
    )
    told = refusal(user.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"], BY_IDENTITY)
    home.iam.set_default_policy_version(PolicyArn=policy, VersionId="v1")
    assert user.may_encrypt(key["Arn"])
    told = query_refusal(home.iam.delete_policy_version, PolicyArn=policy, VersionId="v1")
    assert told.code == "DeleteConflict"
    for _ in range(3):
        home.iam.create_policy_version(
            PolicyArn=policy, PolicyDocument=document(allow("kms:Decrypt"))
        )
    told = query_refusal(
        home.iam.create_policy_version,
        PolicyArn=policy,
        PolicyDocument=document(allow("kms:Decrypt")),
    )
    assert told.code == "LimitExceeded"
    versions = home.iam.list_policy_versions(PolicyArn=policy)["Versions"]
    assert {one["VersionId"] for one in versions} == {"v1", "v2", "v3", "v4", "v5"}
    assert [one["VersionId"] for one in versions if one["IsDefaultVersion"]] == ["v1"]
    shown = home.iam.get_policy_version(PolicyArn=policy, VersionId="v2")["PolicyVersion"]
    assert shown["Document"] == json.loads(document(deny("kms:Encrypt")))
    assert query_refusal(home.iam.delete_policy, PolicyArn=policy).code == "DeleteConflict"
    home.iam.detach_user_policy(UserName=user.name, PolicyArn=policy)
    assert not user.may_encrypt(key["Arn"])
    assert query_refusal(home.iam.delete_policy, PolicyArn=policy).code == "DeleteConflict"
    for version in ["v2", "v3", "v4", "v5"]:
        home.iam.delete_policy_version(PolicyArn=policy, VersionId=version)
    home.iam.delete_policy(PolicyArn=policy)
    assert query_refusal(home.iam.get_policy, PolicyArn=policy).code == "NoSuchEntity"


def test_a_boundary_bounds_what_identity_policies_give(home: Account) -> None:
    user = home.user(allow("kms:*"))
    key, named = home.key(), home.key(allow("kms:Encrypt", Principal={"AWS": user.arn}))
    boundary = home.policy(allow("kms:DescribeKey"), deny("kms:Decrypt"))
    assert user.may_encrypt(key["Arn"])
    home.iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=boundary)
    user.kms.describe_key(KeyId=key["KeyId"])
    told = refusal(user.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", key["Arn"], BOUNDARY)
    assert user.may_encrypt(named["Arn"]), "what a key policy gives the user itself is not bounded"
    blob = home.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    told = refusal(user.kms.decrypt, CiphertextBlob=blob)
    assert told == user.told("kms:Decrypt", key["Arn"], BY_BOUNDARY)
    home.iam.delete_user_permissions_boundary(UserName=user.name)
    assert user.may_encrypt(key["Arn"])


def test_a_user_is_deleted_after_what_hangs_on_it(home: Account) -> None:
    user, group = home.user(allow("kms:*")), fresh("group")
    home.iam.create_group(GroupName=group)
    home.iam.add_user_to_group(GroupName=group, UserName=user.name)
    policy = home.policy(allow("kms:*"))
    home.iam.attach_user_policy(UserName=user.name, PolicyArn=policy)
    name = {"UserName": user.name}
    steps: list[tuple[Any, dict[str, Any]]] = [
        (home.iam.delete_access_key, name | {"AccessKeyId": user.keys.access_key_id}),
        (home.iam.delete_user_policy, name | {"PolicyName": "scene"}),
        (home.iam.detach_user_policy, name | {"PolicyArn": policy}),
        (home.iam.remove_user_from_group, name | {"GroupName": group}),
    ]
    for call, parameters in steps:
        told = query_refusal(home.iam.delete_user, **name)
        assert told.code == "DeleteConflict" and (told.message or "").startswith(
            "Cannot delete entity, must "
        )
        call(**parameters)
    home.iam.delete_user(**name)
    assert query_refusal(home.iam.get_user, **name) == (
        "NoSuchEntity",
        f"The user with name {user.name} cannot be found.",
    )
    assert query_refusal(user.sts.get_caller_identity).code == "InvalidClientTokenId"


def test_a_user_is_known_under_a_new_name(home: Account) -> None:
    user, name = home.user(), fresh("renamed")
    key = home.key(allow("kms:Encrypt", Principal={"AWS": user.arn}))
    home.iam.update_user(UserName=user.name, NewUserName=name, NewPath="/moved/")
    arn = home.arn(f"user/moved/{name}")
    assert user.sts.get_caller_identity()["Arn"] == arn
    assert user.may_encrypt(key["Arn"]), "key policies mean the user, not the name"
    assert arn in home.kms.get_key_policy(KeyId=key["KeyId"])["Policy"]


def test_what_is_there_already_and_what_is_not_are_said_so(home: Account) -> None:
    user = home.user()
    for call, parameters, expected in [
        (
            home.iam.create_user,
            {"UserName": user.name.upper()},
            ("EntityAlreadyExists", f"User with name {user.name.upper()} already exists."),
        ),
        (
            home.iam.get_user_policy,
            {"UserName": user.name, "PolicyName": "none"},
            ("NoSuchEntity", "The user policy with name none cannot be found."),
        ),
        (
            home.iam.create_access_key,
            {"UserName": "nobody"},
            ("NoSuchEntity", "The user with name nobody cannot be found."),
        ),
        (
            home.iam.get_group,
            {"GroupName": "none"},
            ("NoSuchEntity", "The group with name none cannot be found."),
        ),
        (
            home.iam.attach_user_policy,
            {"UserName": user.name, "PolicyArn": home.arn("policy/none")},
            (
                "NoSuchEntity",
                f"Policy {home.arn('policy/none')} does not exist or is not attachable.",
            ),
        ),
    ]:
        assert query_refusal(call, **parameters) == expected


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            document(allow("kms:*", Principal={"AWS": "*"})),
            "Policy document should not specify a principal.",
        ),
        (
            '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*"}]}',
            "Policy statement must contain actions.",
        ),
        (
            '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*"}]}',
            "Policy statement must contain resources.",
        ),
        (
            document(allow("Encrypt")),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            document(allow("kms:*", "alias/mine")),
            'Resource alias/mine must be in ARN format or "*".',
        ),
        (document(allow("kms:*", Condition={"StringIs": {"kms:KeySpec": "x"}})), None),
        ("{", None),
    ],
)
def test_a_broken_identity_policy_is_refused(
    home: Account, policy: str, message: str | None
) -> None:
    user = home.iam.create_user(UserName=fresh("user"))["User"]["UserName"]
    told = query_refusal(
        home.iam.put_user_policy, UserName=user, PolicyName="p", PolicyDocument=policy
    )
    assert told.code == "MalformedPolicyDocument"
    assert message is None or told.message == message
    assert home.iam.list_user_policies(UserName=user)["PolicyNames"] == []


def test_long_lists_come_in_pages(home: Account) -> None:
    path = f"/{fresh('pages')}/"
    made = [fresh("user") for _ in range(5)]
    for name in made:
        home.iam.create_user(UserName=name, Path=path)
    pages = home.iam.get_paginator("list_users").paginate(
        PathPrefix=path, PaginationConfig={"PageSize": 2}
    )
    names = [[user["UserName"] for user in page["Users"]] for page in pages]
    assert [len(page) for page in names] == [2, 2, 1]
    assert sorted(chain(*names)) == sorted(made)


def test_iam_is_for_whom_a_policy_lets(home: Account, away: Account) -> None:
    user = home.user()
    told = query_refusal(user.iam.list_users)
    assert told.code == "AccessDenied" and (told.message or "").startswith(
        f"User: {user.arn} is not authorized to perform: iam:ListUsers on resource: "
    )
    self_service = ["iam:GetUser", "iam:CreateAccessKey", "iam:ListAccessKeys"]
    home.permit(user.name, allow(self_service, home.arn("user/${aws:username}")))
    assert user.iam.get_user()["User"]["Arn"] == user.arn
    user.iam.create_access_key()
    assert len(user.iam.list_access_keys()["AccessKeyMetadata"]) == 2
    told = query_refusal(user.iam.create_access_key, UserName="admin")
    assert told.code == "AccessDenied"
    name = away.user().name
    assert query_refusal(home.iam.get_user, UserName=name).code == "NoSuchEntity"


def test_a_user_that_may_administer_is_stopped_by_a_denial(home: Account) -> None:
    user = home.user(allow("iam:*"), deny("iam:DeleteUser"))
    name = fresh("user")
    user.iam.create_user(UserName=name)
    told = query_refusal(user.iam.delete_user, UserName=name)
    assert told == (
        "AccessDenied",
        f"User: {user.arn} is not authorized to perform: iam:DeleteUser on resource: "
        f"user {name} with an explicit deny in an identity-based policy",
    )

"""Roles: who may assume them, what their sessions may do, and when those end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from blackbox.deployment import Deployment
from blackbox.principals import (
    BOUNDARY,
    BY_SESSION,
    SESSION,
    Account,
    Caller,
    allow,
    deny,
    document,
    fresh,
    trust,
)
from blackbox.refusal import Refusal, query_refusal, refusal

ASSUME = "sts:AssumeRole"


def refused_role(caller: Caller, role: str, action: str = ASSUME) -> str:
    """How every refusal to assume a role begins."""
    return f"User: {caller.arn} is not authorized to perform: {action} on resource: {role}"


def may_assume(caller: Caller, role: str, **parameters: Any) -> bool:
    try:
        caller.assume(role, **parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        message = error.response["Error"]["Message"]
        if not message.startswith(f"User: {caller.arn} is not authorized to perform: sts:"):
            raise
        return False
    return True


@pytest.fixture(scope="module")
def key(home: Account) -> dict[str, Any]:
    return home.key()


@pytest.fixture(scope="module")
def anyone(home: Account) -> str:
    """A trust policy that lets the first account decide who assumes."""
    return trust({"AWS": home.arn("root")})


def test_a_session_is_who_its_role_says(home: Account, anyone: str) -> None:
    role = home.role(anyone, allow("kms:Encrypt"), Path="/apps/")
    before = datetime.now(UTC)
    answer = home.admin.sts.assume_role(
        RoleArn=role, RoleSessionName="nightly@backup", DurationSeconds=900
    )
    name = role.rsplit("/", 1)[1]
    assumed, credentials = answer["AssumedRoleUser"], answer["Credentials"]
    assert role == home.arn(f"role/apps/{name}")
    arn = f"arn:aws:sts::{home.number}:assumed-role/{name}/nightly@backup"
    assert assumed["Arn"] == arn
    assert credentials["AccessKeyId"].startswith("ASIA")
    left = credentials["Expiration"] - before
    assert timedelta(seconds=890) < left < timedelta(seconds=960)
    session = home.admin.with_keys(arn, credentials)
    told = session.sts.get_caller_identity()
    unique = home.iam.get_role(RoleName=name)["Role"]["RoleId"]
    assert (told["Arn"], told["Account"]) == (arn, home.number)
    assert told["UserId"] == assumed["AssumedRoleId"] == f"{unique}:nightly@backup"


def test_a_session_may_what_its_role_may(home: Account, key: Any, anyone: str) -> None:
    session = home.admin.assume(home.role(anyone, allow("kms:Encrypt", key["Arn"])))
    assert session.may_encrypt(key["Arn"])
    told = refusal(session.kms.describe_key, KeyId=key["KeyId"])
    assert told == session.told("kms:DescribeKey", key["Arn"]), "not what its caller may"


def test_a_key_policy_names_roles_and_sessions(home: Account, anyone: str) -> None:
    role = home.role(anyone)
    one, two = home.admin.assume(role, "one"), home.admin.assume(role, "two")
    for_role = home.key(allow("kms:Encrypt", Principal={"AWS": role}))
    for_one = home.key(allow("kms:Encrypt", Principal={"AWS": one.arn}))
    assert one.may_encrypt(for_role["Arn"]) and two.may_encrypt(for_role["Arn"])
    assert one.may_encrypt(for_one["Arn"]) and not two.may_encrypt(for_one["Arn"])


def test_the_trust_policy_names_who_may_assume(home: Account) -> None:
    named, delegated, idle = home.user(), home.user(allow(ASSUME)), home.user()
    by_name = home.role(trust({"AWS": named.arn}))
    assert may_assume(named, by_name), "no other policy is needed"
    assert not may_assume(delegated, by_name)
    by_account = home.role(trust({"AWS": home.number}))
    assert may_assume(delegated, by_account)
    assert not may_assume(idle, by_account)
    home.permit(named.name, deny(ASSUME))
    assert not may_assume(named, by_name)
    told = query_refusal(delegated.sts.assume_role, RoleArn=by_name, RoleSessionName="ab")
    assert told.code == "AccessDenied"
    assert (told.message or "").startswith(refused_role(delegated, by_name))


def test_a_role_that_is_not_there_is_refused_like_one_that_is(home: Account) -> None:
    absent = home.arn("role/absent")
    told = query_refusal(home.admin.sts.assume_role, RoleArn=absent, RoleSessionName="ab")
    assert told.code == "AccessDenied"
    assert (told.message or "").startswith(refused_role(home.admin, absent))


def test_the_root_user_assumes_no_role(home: Account, anyone: str) -> None:
    role = home.role(anyone)
    told = query_refusal(home.root.sts.assume_role, RoleArn=role, RoleSessionName="ab")
    assert told == ("AccessDenied", "Roles may not be assumed by root accounts.")


def test_a_role_of_another_account_takes_both_accounts(home: Account, away: Account) -> None:
    role = home.role(trust({"AWS": away.arn("root")}), allow("kms:*"))
    user, idle = away.user(allow(ASSUME, role)), away.user()
    assert may_assume(user, role) and not may_assume(idle, role)
    named = home.role(trust({"AWS": idle.arn}))
    assert not may_assume(idle, named), "across accounts the own account must allow it too"
    key = home.key()
    session = user.assume(role)
    assert session.may_encrypt(key["KeyId"]), "a session belongs to the account of its role"
    assert session.sts.get_caller_identity()["Account"] == home.number


def test_an_external_id_keeps_deputies_from_confusion(home: Account, away: Account) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "tenant-7"}}
    role = home.role(trust({"AWS": away.arn("root")}, Condition=condition))
    assert may_assume(away.admin, role, ExternalId="tenant-7")
    assert not may_assume(away.admin, role, ExternalId="tenant-8")
    assert not may_assume(away.admin, role)


def test_session_tags_open_keys_with_the_same_tag(home: Account) -> None:
    statement = allow(
        "kms:Encrypt",
        Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    )
    blue = home.key(Tags=[{"TagKey": "team", "TagValue": "blue"}])
    red = home.key(Tags=[{"TagKey": "team", "TagValue": "red"}])
    tagging = [ASSUME, "sts:TagSession"]
    role = home.role(
        trust({"AWS": home.arn("root")}, tagging),
        statement,
        Tags=[{"Key": "team", "Value": "red"}],
    )
    plain = home.admin.assume(role)
    tagged = home.admin.assume(role, Tags=[{"Key": "team", "Value": "blue"}])
    assert plain.may_encrypt(red["Arn"]) and not plain.may_encrypt(blue["Arn"])
    assert tagged.may_encrypt(blue["Arn"]) and not tagged.may_encrypt(red["Arn"])
    untaggable = home.role(trust({"AWS": home.arn("root")}))
    tags = {"Tags": [{"Key": "team", "Value": "blue"}]}
    told = query_refusal(
        home.admin.sts.assume_role, RoleArn=untaggable, RoleSessionName="ab", **tags
    )
    assert told.code == "AccessDenied"
    assert (told.message or "").startswith(refused_role(home.admin, untaggable, "sts:TagSession"))


def test_the_trust_policy_decides_which_tags(home: Account) -> None:
    only = {
        "StringEquals": {"aws:RequestTag/team": "blue"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
    }
    role = home.role(trust({"AWS": home.admin.arn}, [ASSUME, "sts:TagSession"], Condition=only))
    blue = {"Key": "team", "Value": "blue"}
    assert may_assume(home.admin, role, Tags=[blue])
    assert not may_assume(home.admin, role, Tags=[blue | {"Value": "red"}])
    assert not may_assume(home.admin, role, Tags=[blue, {"Key": "more", "Value": "x"}])
    assert not may_assume(home.admin, role)


def test_transitive_tags_follow_a_chain_and_stay(home: Account) -> None:
    tagging = [ASSUME, "sts:TagSession"]
    first = home.role(trust({"AWS": home.arn("root")}, tagging), allow(tagging))
    second = home.role(
        trust({"AWS": first}, tagging),
        allow("kms:Encrypt", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}),
    )
    key = home.key()
    tags = [{"Key": "team", "Value": "blue"}]
    chained = home.admin.assume(first, Tags=tags, TransitiveTagKeys=["team"]).assume(second)
    assert chained.may_encrypt(key["Arn"])
    lost = home.admin.assume(first, Tags=tags).assume(second)
    assert not lost.may_encrypt(key["Arn"])
    told = query_refusal(
        home.admin.assume(first, Tags=tags, TransitiveTagKeys=["team"]).sts.assume_role,
        RoleArn=second,
        RoleSessionName="ab",
        Tags=[{"Key": "team", "Value": "red"}],
    )
    assert told.code in ("AccessDenied", "InvalidParameterValue", "ValidationError")


def test_a_session_policy_takes_away_and_gives_nothing(
    home: Account, key: Any, anyone: str
) -> None:
    role = home.role(anyone, allow(["kms:Encrypt", "kms:Decrypt"]))
    blob = home.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    policy = document(allow("kms:*"), deny("kms:Decrypt"))
    session = home.admin.assume(role, Policy=policy)
    assert session.may_encrypt(key["Arn"])
    told = refusal(session.kms.decrypt, CiphertextBlob=blob)
    assert told == session.told("kms:Decrypt", key["Arn"], BY_SESSION)
    told = refusal(session.kms.describe_key, KeyId=key["KeyId"])
    assert told == session.told("kms:DescribeKey", key["Arn"])
    narrow = home.admin.assume(role, Policy=document(allow("kms:Decrypt")))
    told = refusal(narrow.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == narrow.told("kms:Encrypt", key["Arn"], SESSION)
    managed = home.policy(allow("kms:Encrypt"))
    by_arn = home.admin.assume(role, PolicyArns=[{"arn": managed}])
    assert by_arn.may_encrypt(key["Arn"])
    assert refusal(by_arn.kms.decrypt, CiphertextBlob=blob).code == "AccessDeniedException"


def test_a_session_policy_binds_what_a_key_policy_gives_a_role_not_a_session(
    home: Account, anyone: str
) -> None:
    role = home.role(anyone)
    limit = document(allow("kms:DescribeKey"))
    session = home.admin.assume(role, "limited", Policy=limit)
    for_role = home.key(allow("kms:Encrypt", Principal={"AWS": role}))
    told = refusal(session.kms.encrypt, KeyId=for_role["Arn"], Plaintext=b"x")
    assert told == session.told("kms:Encrypt", for_role["Arn"], SESSION)
    for_session = home.key(allow("kms:Encrypt", Principal={"AWS": session.arn}))
    assert session.may_encrypt(for_session["Arn"])


def test_a_boundary_binds_a_role_even_if_the_key_policy_names_it(
    home: Account, anyone: str
) -> None:
    boundary = home.policy(allow("kms:DescribeKey"))
    role = home.role(anyone, allow("kms:*"), PermissionsBoundary=boundary)
    session = home.admin.assume(role)
    key = home.key(allow("kms:Encrypt", Principal={"AWS": role}))
    session.kms.describe_key(KeyId=key["KeyId"])
    told = refusal(session.kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")
    assert told == session.told("kms:Encrypt", key["Arn"], BOUNDARY)


def test_durations_have_their_limits(home: Account, anyone: str) -> None:
    role = home.role(anyone, allow(ASSUME), MaxSessionDuration=7200)
    home.admin.assume(role, DurationSeconds=7200)
    told = query_refusal(
        home.admin.sts.assume_role, RoleArn=role, RoleSessionName="ab", DurationSeconds=7201
    )
    assert told == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    second = home.role(trust({"AWS": role}), MaxSessionDuration=7200)
    first = home.admin.assume(role)
    first.assume(second, DurationSeconds=3600)
    told = query_refusal(
        first.sts.assume_role, RoleArn=second, RoleSessionName="ab", DurationSeconds=3601
    )
    assert told == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
        "role chaining",
    )


def test_a_role_does_not_assume_itself_unless_it_trusts_itself(home: Account, anyone: str) -> None:
    role = home.role(anyone, allow(ASSUME))
    session = home.admin.assume(role)
    assert may_assume(session, role), "it trusts the account, and its policy allows it"
    strict = home.role(trust({"AWS": home.admin.arn}), allow(ASSUME))
    assert not may_assume(home.admin.assume(strict), strict)


def test_the_sessions_of_a_deleted_role_end(home: Account, key: Any, anyone: str) -> None:
    name = fresh("role")
    role = home.role(anyone, allow("kms:Encrypt"), RoleName=name)
    guarded = home.key(allow("kms:Encrypt", Principal={"AWS": role}))
    session = home.admin.assume(role)
    assert session.may_encrypt(key["Arn"]) and session.may_encrypt(guarded["Arn"])
    assert query_refusal(home.iam.delete_role, RoleName=name).code == "DeleteConflict"
    home.iam.delete_role_policy(RoleName=name, PolicyName="scene")
    assert not session.may_encrypt(key["Arn"]), "policies are read when a request is made"
    home.iam.delete_role(RoleName=name)
    told = refusal(session.kms.encrypt, KeyId=guarded["Arn"], Plaintext=b"x")
    assert told.code in ("UnrecognizedClientException", "AccessDeniedException")
    again = home.admin.assume(home.role(anyone, RoleName=name))
    assert not again.may_encrypt(guarded["Arn"]), "the key policy means the role that was"


def test_a_session_is_recorded_with_its_role(
    town: Deployment, home: Account, key: Any, anyone: str
) -> None:
    role = home.role(anyone, allow("kms:Encrypt"))
    session = home.admin.assume(role, "audited")
    answer = session.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")
    identity = town.record_of(answer)["userIdentity"]
    assert identity["type"] == "AssumedRole" and identity["arn"] == session.arn
    assert identity["accessKeyId"] == session.keys.access_key_id
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert issuer["type"] == "Role" and issuer["arn"] == role
    assert issuer["userName"] == role.rsplit("/", 1)[1]
    assert identity["principalId"] == f"{issuer['principalId']}:audited"
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    used = home.iam.get_role(RoleName=issuer["userName"])["Role"]["RoleLastUsed"]
    assert used["Region"] == "us-east-1"
    assert abs(used["LastUsedDate"] - datetime.now(UTC)) < timedelta(seconds=60)


def test_a_trust_policy_is_held_to_its_rules(home: Account) -> None:
    for broken, message in [
        (document(allow(ASSUME, Principal={"AWS": "*"})), "Has prohibited field Resource"),
        (
            trust({"AWS": home.arn("user/who-is-not-there")}),
            f'Invalid principal in policy: "AWS":"{home.arn("user/who-is-not-there")}"',
        ),
        (json.dumps({"Version": "2012-10-17"}), None),
    ]:
        told = query_refusal(
            home.iam.create_role, RoleName=fresh("role"), AssumeRolePolicyDocument=broken
        )
        assert told.code == "MalformedPolicyDocument"
        assert message is None or told.message == message


def test_a_trust_policy_is_replaced(home: Account, anyone: str) -> None:
    role = home.role(anyone)
    name = role.rsplit("/", 1)[1]
    user = home.user()
    assert not may_assume(user, role)
    home.iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust({"AWS": user.arn}))
    assert may_assume(user, role) and not may_assume(home.admin, role)


def test_a_stolen_half_of_temporary_credentials_is_useless(
    home: Account, key: Any, anyone: str
) -> None:
    role = home.role(anyone, allow("kms:Encrypt"))
    one, two = home.admin.assume(role), home.admin.assume(role)
    mixed = Caller(one.deployment, one.arn, one.keys, two.token)
    bare = Caller(one.deployment, one.arn, one.keys)
    for thief in (mixed, bare):
        told = refusal(thief.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
        assert told == Refusal(
            "UnrecognizedClientException", "The security token included in the request is invalid"
        )

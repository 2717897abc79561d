"""The language of policies as its readers use it: variables, exceptions, wildcards, layers."""

from __future__ import annotations

from typing import Any

from blackbox.deployment import OTHER_REGION
from blackbox.principals import (
    BY_RESOURCE,
    Account,
    Caller,
    allow,
    deny,
    document,
    fresh,
    trust,
)
from blackbox.refusal import refusal


def encrypts(caller: Caller, *keys: dict[str, Any]) -> list[bool]:
    return [caller.may_encrypt(key["Arn"]) for key in keys]


def test_an_administrator_is_made_by_a_policy_that_every_account_has(home: Account) -> None:
    user, key = home.user(), home.key()
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    home.iam.attach_user_policy(UserName=user.name, PolicyArn=administrator)
    assert user.may_encrypt(key["Arn"])
    user.iam.create_user(UserName=fresh("user"))
    home.iam.detach_user_policy(UserName=user.name, PolicyArn=administrator)
    assert not user.may_encrypt(key["Arn"])


def test_what_is_not_named_is_allowed_or_denied(home: Account) -> None:
    one, two = home.key(), home.key()
    user = home.user({"Effect": "Allow", "Action": "kms:Encrypt", "NotResource": one["Arn"]})
    assert encrypts(user, one, two) == [False, True]
    but = {"Effect": "Deny", "NotAction": ["kms:Decrypt"], "Resource": "*"}
    home.permit(user.name, allow("kms:*"), but)
    assert encrypts(user, one) == [False]
    blob = home.kms.encrypt(KeyId=one["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    user.kms.decrypt(CiphertextBlob=blob)


def test_everybody_but_one_is_denied(home: Account) -> None:
    friend, stranger = home.user(allow("kms:*")), home.user(allow("kms:*"))
    spared = {"AWS": [friend.arn, home.arn("root")]}
    statement = {"Effect": "Deny", "NotPrincipal": spared, "Action": "kms:Encrypt", "Resource": "*"}
    key = home.key()
    home.kms.put_key_policy(KeyId=key["KeyId"], Policy=document(home.delegation, statement))
    assert friend.may_encrypt(key["Arn"])
    told = refusal(stranger.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == stranger.told("kms:Encrypt", key["Arn"], BY_RESOURCE)


def test_a_variable_in_a_resource_stands_for_the_caller(home: Account) -> None:
    key = home.key()
    base = key["Arn"].split("key/")[0]
    user = home.user(
        allow("kms:CreateAlias", [f"{base}alias/${{aws:username}}/*", key["Arn"]]),
    )
    own = {"AliasName": f"alias/{user.name}/a", "TargetKeyId": key["KeyId"]}
    user.kms.create_alias(**own)
    foreign = own | {"AliasName": f"alias/{fresh('user')}/a"}
    told = refusal(user.kms.create_alias, **foreign)
    assert told == user.told("kms:CreateAlias", base + foreign["AliasName"])


def test_an_account_is_not_asked_about_one_key(home: Account) -> None:
    key = home.key()
    user = home.user(allow(["kms:ListKeys", "kms:CreateKey"], key["Arn"]))
    assert refusal(user.kms.list_keys) == user.told("kms:ListKeys", "*")
    assert refusal(user.kms.create_key) == user.told("kms:CreateKey", "*")


def test_a_dry_run_asks_for_the_same_rights(home: Account) -> None:
    key, user = home.key(), home.user(allow("kms:Encrypt"))
    encrypt = {"KeyId": key["Arn"], "Plaintext": b"x", "DryRun": True}
    assert refusal(user.kms.encrypt, **encrypt).code == "DryRunOperationException"
    home.permit(user.name, allow("kms:Decrypt"))
    assert refusal(user.kms.encrypt, **encrypt) == user.told("kms:Encrypt", key["Arn"])


def test_a_region_is_part_of_a_resource(home: Account) -> None:
    here, there = "us-east-1", OTHER_REGION
    user = home.user(allow("kms:*", f"arn:aws:kms:{here}:{home.number}:key/*"))
    key = home.key()
    assert user.may_encrypt(key["Arn"])
    abroad = home.admin.client("kms", there).create_key()["KeyMetadata"]
    told = refusal(user.client("kms", there).encrypt, KeyId=abroad["Arn"], Plaintext=b"x")
    assert told == user.told("kms:Encrypt", abroad["Arn"])


def test_a_replica_takes_a_right_in_either_region_and_has_a_policy_of_its_own(
    home: Account,
) -> None:
    key = home.key(MultiRegion=True)
    user = home.user(allow("kms:ReplicateKey"))
    replicate = {"KeyId": key["Arn"], "ReplicaRegion": OTHER_REGION}
    told = refusal(user.kms.replicate_key, **replicate)
    assert told == user.told("kms:CreateKey", "*")
    home.permit(user.name, allow(["kms:ReplicateKey", "kms:CreateKey", "kms:PutKeyPolicy"]))
    made = user.kms.replicate_key(**replicate)["ReplicaKeyMetadata"]
    reader = home.user()
    policy = document(home.delegation, allow("kms:DescribeKey", Principal={"AWS": reader.arn}))
    home.kms.put_key_policy(KeyId=key["KeyId"], Policy=policy)
    reader.kms.describe_key(KeyId=key["KeyId"])
    told = refusal(reader.client("kms", OTHER_REGION).describe_key, KeyId=key["KeyId"])
    assert told == reader.told("kms:DescribeKey", made["Arn"])


def test_who_somebody_is_may_always_be_asked(home: Account) -> None:
    user = home.user(deny("*"))
    assert user.sts.get_caller_identity()["Arn"] == user.arn
    session = user.with_keys(user.arn, user.sts.get_session_token()["Credentials"])
    assert session.sts.get_caller_identity()["Arn"] == user.arn


def test_a_role_with_a_path_is_named_with_it(home: Account) -> None:
    role = home.role(trust({"AWS": home.number}), Path="/apps/web/")
    key = home.key(allow("kms:Encrypt", Principal={"AWS": role}))
    session = home.admin.assume(role)
    assert "/apps/" not in session.arn and session.may_encrypt(key["Arn"])
    short = home.arn(f"role/{role.rsplit('/', 1)[1]}")
    told = refusal(
        home.kms.create_key,
        Policy=document(home.delegation, allow("kms:*", Principal={"AWS": short})),
    )
    assert told.code == "MalformedPolicyDocumentException"


def test_every_layer_must_let_a_session_through(home: Account) -> None:
    boundary = home.policy(allow(["kms:Encrypt", "kms:DescribeKey"]))
    role = home.role(
        trust({"AWS": home.number}),
        allow(["kms:Encrypt", "kms:Decrypt"]),
        PermissionsBoundary=boundary,
    )
    key = home.key()
    limit = document(allow(["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"]))
    session = home.admin.assume(role, Policy=limit)
    assert session.may_encrypt(key["Arn"]), "allowed by all three"
    blob = home.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert refusal(session.kms.decrypt, CiphertextBlob=blob).code == "AccessDeniedException"
    assert refusal(session.kms.describe_key, KeyId=key["Arn"]).code == "AccessDeniedException"

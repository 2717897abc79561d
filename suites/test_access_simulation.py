"""What a simulation says and what then happens are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from blackbox.principals import Account, Caller, allow, deny, document, trust

# What is done to a key, by whom, and the action it is.
CALLS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "kms:Encrypt": lambda kms, key: kms.encrypt(KeyId=key["Arn"], Plaintext=b"x"),
    "kms:DescribeKey": lambda kms, key: kms.describe_key(KeyId=key["Arn"]),
    "kms:GetKeyPolicy": lambda kms, key: kms.get_key_policy(KeyId=key["Arn"]),
    "kms:ListResourceTags": lambda kms, key: kms.list_resource_tags(KeyId=key["Arn"]),
    "kms:GenerateDataKey": lambda kms, key: kms.generate_data_key(
        KeyId=key["Arn"], KeySpec="AES_256"
    ),
}


def happens(caller: Caller, key: dict[str, Any]) -> dict[str, str]:
    """What becomes of every call, in the words of a simulation."""
    found = {}
    for action, call in CALLS.items():
        try:
            call(caller.kms, key)
            found[action] = "allowed"
        except ClientError as error:
            told = error.response["Error"]
            if told["Code"] != "AccessDeniedException":
                raise
            found[action] = "explicitDeny" if "explicit" in told["Message"] else "implicitDeny"
    return found


def decisions(answer: dict[str, Any]) -> dict[str, str]:
    return {one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]}


@pytest.fixture(scope="module")
def key(home: Account) -> dict[str, Any]:
    return home.key()


STATEMENTS = [
    [allow("kms:*")],
    [allow(["kms:Encrypt", "kms:List*"])],
    [allow("kms:*"), deny("kms:G*")],
    [allow("kms:*", "arn:aws:kms:*:*:key/00*")],
    [allow("kms:*", "arn:aws:kms:us-east-1:*:key/*"), deny("*", "arn:aws:kms:eu-*")],
    [{"Effect": "Allow", "NotAction": ["kms:Encrypt", "kms:Get*"], "Resource": "*"}],
]


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_simulations_of_a_user_and_of_its_policy_agree_with_what_happens(
    home: Account, key: Any, number: int
) -> None:
    statements = STATEMENTS[number]
    user = home.user(*statements)
    real = happens(user, key)
    asked = {"ActionNames": list(CALLS), "ResourceArns": [key["Arn"]]}
    of_user = home.iam.simulate_principal_policy(PolicySourceArn=user.arn, **asked)
    assert decisions(of_user) == real
    of_policy = home.iam.simulate_custom_policy(PolicyInputList=[document(*statements)], **asked)
    assert decisions(of_policy) == real


def test_a_group_a_managed_policy_and_a_boundary_are_seen_too(home: Account, key: Any) -> None:
    user = home.user()
    home.iam.attach_user_policy(UserName=user.name, PolicyArn=home.policy(allow("kms:*")))
    boundary = home.policy(allow(["kms:Encrypt", "kms:Get*"]), deny("kms:GetKeyPolicy"))
    home.iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=boundary)
    answer = home.iam.simulate_principal_policy(
        PolicySourceArn=user.arn, ActionNames=list(CALLS), ResourceArns=[key["Arn"]]
    )
    assert decisions(answer) == happens(user, key)
    assert set(decisions(answer).values()) == {"allowed", "implicitDeny", "explicitDeny"}


def test_a_role_is_simulated_as_its_sessions_are_served(home: Account, key: Any) -> None:
    role = home.role(trust({"AWS": home.number}), allow("kms:*"), deny("kms:Encrypt"))
    answer = home.iam.simulate_principal_policy(
        PolicySourceArn=role, ActionNames=list(CALLS), ResourceArns=[key["Arn"]]
    )
    assert decisions(answer) == happens(home.admin.assume(role), key)


def test_a_key_policy_takes_part(home: Account) -> None:
    user = home.user()
    statements = [
        allow("kms:*", Principal={"AWS": home.admin.arn}),
        allow(["kms:Encrypt", "kms:DescribeKey"], Principal={"AWS": user.arn}),
        deny("kms:GetKeyPolicy", Principal={"AWS": user.arn}),
    ]
    key = home.kms.create_key(Policy=document(*statements))["KeyMetadata"]
    answer = home.iam.simulate_principal_policy(
        PolicySourceArn=user.arn,
        ActionNames=list(CALLS),
        ResourceArns=[key["Arn"]],
        ResourcePolicy=document(*statements),
        CallerArn=user.arn,
    )
    assert decisions(answer) == happens(user, key)


def test_what_a_condition_asks_for_is_given_or_missed(home: Account, key: Any) -> None:
    condition = {"StringEquals": {"kms:EncryptionContext:tenant": "blue"}}
    user = home.user(allow("kms:Encrypt", Condition=condition))
    asked = {
        "PolicySourceArn": user.arn,
        "ActionNames": ["kms:Encrypt"],
        "ResourceArns": [key["Arn"]],
    }
    [without] = home.iam.simulate_principal_policy(**asked)["EvaluationResults"]
    assert without["EvalDecision"] == "implicitDeny"
    [of_key] = without["ResourceSpecificResults"]
    assert of_key["MissingContextValues"] == ["kms:EncryptionContext:tenant"]
    for value, expected in [("blue", "allowed"), ("red", "implicitDeny")]:
        entry = {
            "ContextKeyName": "kms:EncryptionContext:tenant",
            "ContextKeyValues": [value],
            "ContextKeyType": "string",
        }
        [given] = home.iam.simulate_principal_policy(**asked, ContextEntries=[entry])[
            "EvaluationResults"
        ]
        [of_key] = given["ResourceSpecificResults"]
        assert given["EvalDecision"] == expected and not of_key["MissingContextValues"]


def test_the_statement_that_decided_is_pointed_at(home: Account, key: Any) -> None:
    user = home.user(allow("kms:*"), deny("kms:Encrypt"))
    [result] = home.iam.simulate_principal_policy(
        PolicySourceArn=user.arn, ActionNames=["kms:Encrypt"], ResourceArns=[key["Arn"]]
    )["EvaluationResults"]
    assert result["EvalDecision"] == "explicitDeny"
    sources = {one["SourcePolicyId"] for one in result["MatchedStatements"]}
    assert any("scene" in source for source in sources)


def test_the_context_keys_of_policies_are_listed(home: Account) -> None:
    policy = document(
        allow("kms:Encrypt", Condition={"StringEquals": {"kms:KeySpec": "${aws:username}"}})
    )
    names = home.iam.get_context_keys_for_custom_policy(PolicyInputList=[policy])
    assert set(names["ContextKeyNames"]) == {"kms:KeySpec", "aws:username"}

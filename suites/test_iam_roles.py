"""Roles, managed policies and OIDC providers through boto3, the AWS command line and the calls that
Terraform makes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from blackbox import query_model
from blackbox.deployment import ACCOUNT, REGION, Deployment, clean_environment

AWS = Path(sys.executable).with_name("aws")
IAM = f"arn:aws:iam::{ACCOUNT}"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"{IAM}:root"}, "Action": "sts:AssumeRole"}
    ],
}


def policy(action: str, resource: str = "*") -> str:
    statement = {"Sid": "One", "Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def iam(deployment: Deployment) -> Any:
    """The root of the first account; every answer is held to the API model."""
    client = deployment.session().client("iam", region_name=REGION, verify=not deployment.is_tls)
    client.meta.events.register_first("after-call.iam", query_model.check_answer)
    return client


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture
def role(iam: Any) -> Iterator[str]:
    """A role that is gone after the test."""
    name = "suite-role"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    yield name
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=inline)
    iam.delete_role(RoleName=name)


def test_documents_come_back_as_they_were_sent(iam: Any, role: str) -> None:
    found = iam.get_role(RoleName=role)["Role"]
    assert found["AssumeRolePolicyDocument"] == TRUST
    text = policy("kms:*", "arn:aws:kms:*:*:key/a b+c%d")
    iam.put_role_policy(RoleName=role, PolicyName="inline", PolicyDocument=text)
    inline = iam.get_role_policy(RoleName=role, PolicyName="inline")
    assert inline["PolicyDocument"] == json.loads(text)


def test_errors_are_exceptions_of_the_client(iam: Any, role: str) -> None:
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=role.upper(), AssumeRolePolicyDocument=json.dumps(TRUST))
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="nobody")
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.update_assume_role_policy(RoleName=role, PolicyDocument="{")
    iam.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_role(RoleName=role)


def test_lists_are_walked_with_the_clients_paginators(iam: Any) -> None:
    names = [f"paged-{number}" for number in range(5)]
    for name in names:
        iam.create_policy(PolicyName=name, Path="/paged/", PolicyDocument=policy("kms:*"))
    pages = iam.get_paginator("list_policies").paginate(
        Scope="Local", PathPrefix="/paged/", PaginationConfig={"PageSize": 2}
    )
    found = [policy["PolicyName"] for page in pages for policy in page["Policies"]]
    assert found == names
    for name in names:
        iam.delete_policy(PolicyArn=f"{IAM}:policy/paged/{name}")
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        PaginationConfig={"PageSize": 1}
    )
    users = [user["UserName"] for page in pages for user in page["UserDetailList"]]
    assert len(users) == len(set(users))


def test_the_summary_is_a_map_of_numbers(iam: Any, role: str) -> None:
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["Roles"] >= 1
    assert summary["VersionsPerPolicyQuota"] == 5


def test_a_simulation_says_what_would_happen(iam: Any, role: str) -> None:
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy("kms:Encrypt"))
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    results = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["kms:Encrypt", "kms:Decrypt"]
    )["EvaluationResults"]
    assert [result["EvalDecision"] for result in results] == ["allowed", "implicitDeny"]
    custom = iam.simulate_custom_policy(
        PolicyInputList=[policy("kms:*")],
        ActionNames=["kms:Decrypt"],
        ResourceArns=[f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"],
        ContextEntries=[
            {
                "ContextKeyName": "aws:SourceIp",
                "ContextKeyValues": ["10.0.0.1"],
                "ContextKeyType": "ip",
            }
        ],
    )["EvaluationResults"]
    assert custom[0]["ResourceSpecificResults"][0]["EvalResourceDecision"] == "allowed"
    assert custom[0]["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"


def test_a_provider_is_registered_as_for_a_cluster(iam: Any) -> None:
    made = iam.create_open_id_connect_provider(
        Url="https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
        ClientIDList=["sts.amazonaws.com"],
        ThumbprintList=["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
    )
    arn = made["OpenIDConnectProviderArn"]
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["Url"] == arn.partition("oidc-provider/")[2]
    assert found["ClientIDList"] == ["sts.amazonaws.com"]
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert {"Arn": arn} in listed
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


class Cli:
    def __init__(self, deployment: Deployment) -> None:
        environment = deployment.aws_environment
        self.environment = clean_environment(AWS_EC2_METADATA_DISABLED="true", **environment)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [AWS, "iam", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )

    def __call__(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout) if done.stdout.strip() else None


def test_a_role_lives_and_dies_on_the_command_line(deployment: Deployment, tmp_path: Path) -> None:
    aws = Cli(deployment)
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(TRUST, indent=2))
    made = aws(
        "create-role",
        "--role-name",
        "cli-role",
        "--path",
        "/cli/",
        "--assume-role-policy-document",
        f"file://{trust}",
        "--tags",
        "Key=Team,Value=a b",
    )["Role"]
    assert made["Arn"] == f"{IAM}:role/cli/cli-role"
    document = tmp_path / "policy.json"
    document.write_text(policy("kms:Encrypt"))
    arn = aws(
        "create-policy", "--policy-name", "cli-policy", "--policy-document", f"file://{document}"
    )["Policy"]["Arn"]
    aws("attach-role-policy", "--role-name", "cli-role", "--policy-arn", arn)
    attached = aws("list-attached-role-policies", "--role-name", "cli-role")
    assert attached == {"AttachedPolicies": [{"PolicyName": "cli-policy", "PolicyArn": arn}]}
    aws("wait", "role-exists", "--role-name", "cli-role")
    aws("wait", "policy-exists", "--policy-arn", arn)
    refused = aws.run("delete-policy", "--policy-arn", arn)
    assert refused.returncode != 0
    assert b"(DeleteConflict)" in refused.stderr
    aws("detach-role-policy", "--role-name", "cli-role", "--policy-arn", arn)
    aws("delete-policy", "--policy-arn", arn)
    aws("delete-role", "--role-name", "cli-role")
    listed = aws("list-roles", "--path-prefix", "/cli/")
    assert listed == {"Roles": []}


def gone(call: Any, **parameters: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert code_of(caught) == "NoSuchEntity"


def test_terraforms_role_and_attachment(iam: Any) -> None:
    """`aws_iam_role` with an inline policy, and `aws_iam_role_policy_attachment`."""
    name = "terraform-role"

    def read() -> Any:
        found = iam.get_role(RoleName=name)["Role"]
        iam.list_role_policies(RoleName=name)
        iam.list_attached_role_policies(RoleName=name)
        return found

    tags = [{"Key": "Name", "Value": "x"}]
    iam.create_role(
        RoleName=name,
        Path="/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Description="",
        MaxSessionDuration=3600,
        Tags=tags,
    )
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy("kms:List*"))
    found = read()
    assert found["Tags"] == tags
    assert found["RoleLastUsed"] == {}
    assert found["MaxSessionDuration"] == 3600
    iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    attached = [entry["PolicyArn"] for page in pages for entry in page["AttachedPolicies"]]
    assert attached == [READ_ONLY]

    changed = json.loads(json.dumps(TRUST))
    changed["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(changed))
    iam.update_role(RoleName=name, MaxSessionDuration=7200, Description="changed")
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=READ_ONLY)
    iam.delete_role_permissions_boundary(RoleName=name)
    iam.untag_role(RoleName=name, TagKeys=["Name"])
    iam.tag_role(RoleName=name, Tags=[{"Key": "Name", "Value": "y"}])
    found = read()
    assert found["AssumeRolePolicyDocument"] == changed
    assert (found["MaxSessionDuration"], found["Description"]) == (7200, "changed")

    iam.detach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    gone(iam.detach_role_policy, RoleName=name, PolicyArn=READ_ONLY)
    assert iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"] == []
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=inline)
    iam.delete_role(RoleName=name)
    gone(iam.get_role, RoleName=name)


def test_terraforms_policy(iam: Any) -> None:
    """`aws_iam_policy`: a change is a new default version, and the oldest makes room."""
    made = iam.create_policy(
        PolicyName="terraform-policy",
        Path="/",
        PolicyDocument=policy("kms:Encrypt"),
        Description="",
        Tags=[{"Key": "Name", "Value": "x"}],
    )["Policy"]
    arn = made["Arn"]

    def read() -> Any:
        found = iam.get_policy(PolicyArn=arn)["Policy"]
        version = iam.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])
        return version["PolicyVersion"]["Document"]

    assert read() == json.loads(policy("kms:Encrypt"))
    for action in ("kms:Decrypt", "kms:Sign", "kms:Verify", "kms:*", "kms:List*", "kms:Get*"):
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= 5:
            others = [version for version in versions if not version["IsDefaultVersion"]]
            oldest = min(others, key=lambda version: int(version["VersionId"][1:]))
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(action), SetAsDefault=True)
        assert read() == json.loads(policy(action))
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    gone(iam.get_policy, PolicyArn=arn)


def test_terraforms_user(iam: Any) -> None:
    """`aws_iam_user` with a key and policies; `force_destroy` asks for all a user may have."""
    name = "terraform-user"
    iam.create_user(UserName=name, Path="/", Tags=[{"Key": "Name", "Value": "x"}])
    assert iam.get_user(UserName=name)["User"]["Tags"] == [{"Key": "Name", "Value": "x"}]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy("kms:*"))
    iam.attach_user_policy(UserName=name, PolicyArn=READ_ONLY)
    iam.update_user(UserName=name, NewUserName=name, NewPath="/moved/")
    assert iam.get_user(UserName=name)["User"]["Path"] == "/moved/"

    assert iam.list_groups_for_user(UserName=name)["Groups"] == []
    for listed in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        assert listed["AccessKeyId"] == key["AccessKeyId"]
        iam.delete_access_key(UserName=name, AccessKeyId=listed["AccessKeyId"])
    assert iam.list_ssh_public_keys(UserName=name)["SSHPublicKeys"] == []
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert iam.list_mfa_devices(UserName=name)["MFADevices"] == []
    gone(iam.delete_login_profile, UserName=name)
    assert iam.list_signing_certificates(UserName=name)["Certificates"] == []
    assert iam.list_service_specific_credentials(UserName=name)["ServiceSpecificCredentials"] == []
    iam.detach_user_policy(UserName=name, PolicyArn=READ_ONLY)
    iam.delete_user_policy(UserName=name, PolicyName="p")
    iam.delete_user(UserName=name)
    gone(iam.get_user, UserName=name)

"""Accounts and who acts in them: users, roles and their sessions, each with boto3 clients."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from blackbox import model, query_model
from blackbox.deployment import REGION, Deployment
from blackbox.refusal import Refusal
from blackbox.wire import Credentials

IDENTITY = "because no identity-based policy allows the {action} action"
RESOURCE = "because no resource-based policy allows the {action} action"
BOUNDARY = "because no permissions boundary allows the {action} action"
SESSION = "because no session policy allows the {action} action"
BY_RESOURCE = "with an explicit deny in a resource-based policy"
BY_IDENTITY = "with an explicit deny in an identity-based policy"
BY_BOUNDARY = "with an explicit deny in a permissions boundary"
BY_SESSION = "with an explicit deny in a session policy"

SETTINGS = Config(retries={"total_max_attempts": 1}, read_timeout=30, connect_timeout=5)
# The services that speak Query.
QUERY = {"iam", "sts"}
# Names that no two scenes share.
NUMBERS = itertools.count(1)

Strings = str | Sequence[str]


def fresh(kind: str) -> str:
    """A name of its own."""
    return f"{kind}-{next(NUMBERS)}"


def allow(action: Strings, resource: Strings = "*", **members: Any) -> dict[str, Any]:
    """A statement of an identity policy, or with `Principal` one of a key policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource} | members


def deny(action: Strings, resource: Strings = "*", **members: Any) -> dict[str, Any]:
    return allow(action, resource, **members) | {"Effect": "Deny"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: dict[str, Any], action: Strings = "sts:AssumeRole", **members: Any) -> str:
    """A trust policy of one statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return document(statement | members)


class Caller:
    """Somebody with credentials."""

    def __init__(
        self, deployment: Deployment, arn: str, keys: Credentials, token: str | None = None
    ) -> None:
        self.deployment = deployment
        self.arn = arn
        self.keys = keys
        self.token = token
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    @property
    def kms(self) -> Any:
        return self.client("kms")

    @property
    def iam(self) -> Any:
        return self.client("iam")

    @property
    def sts(self) -> Any:
        return self.client("sts")

    def client(self, service: str, region: str = REGION) -> Any:
        """A client of this caller, which holds every answer to the API model."""
        found = self._clients.get((service, region))
        if found is None:
            found = SDK.client(
                service,
                region_name=region,
                endpoint_url=self.deployment.endpoint,
                aws_access_key_id=self.keys.access_key_id,
                aws_secret_access_key=self.keys.secret_access_key,
                aws_session_token=self.token,
                config=SETTINGS,
            )
            check = query_model.check_answer if service in QUERY else model.check_answer
            found.meta.events.register_first(f"after-call.{service}", check)
            self._clients[service, region] = found
        return found

    def told(self, action: str, resource: str, reason: str = IDENTITY) -> Refusal:
        """What refuses an action to this caller."""
        return Refusal(
            "AccessDeniedException",
            f"User: {self.arn} is not authorized to perform: {action} on resource: {resource} "
            + reason.format(action=action),
        )

    def told_nothing(self, action: str, resource: str = "this resource") -> Refusal:
        """What refuses an action on a key of another account, be it there or not."""
        return Refusal(
            "AccessDeniedException",
            f"User: {self.arn} is not authorized to perform: {action} on {resource} because the "
            "resource does not exist in this Region, no resource-based policies allow access, or a "
            "resource-based policy explicitly denies access",
        )

    def may_encrypt(self, key: str) -> bool:
        """Whether the caller encrypts under a key, or is denied it."""
        try:
            self.kms.encrypt(KeyId=key, Plaintext=b"x")
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDeniedException":
                raise
            return False
        return True

    def assume(self, role: str, session: str = "session", **parameters: Any) -> Caller:
        """A session of a role."""
        answer = self.sts.assume_role(RoleArn=role, RoleSessionName=session, **parameters)
        return self.with_keys(answer["AssumedRoleUser"]["Arn"], answer["Credentials"])

    def with_keys(self, arn: str, credentials: dict[str, Any]) -> Caller:
        """Who has these temporary credentials."""
        keys = Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"])
        return Caller(self.deployment, arn, keys, credentials["SessionToken"])


SDK = boto3.Session()


@dataclass
class Account:
    """An account with its root user and its user `admin`."""

    deployment: Deployment
    number: str
    profile: str
    root: Caller = field(init=False)
    admin: Caller = field(init=False)

    def __post_init__(self) -> None:
        for name, path, profile in [
            ("root", "root", self.profile),
            ("admin", "user/admin", f"{self.profile}-admin"),
        ]:
            keys = self.deployment.credentials(profile)
            setattr(self, name, Caller(self.deployment, self.arn(path), keys))

    @property
    def kms(self) -> Any:
        return self.admin.kms

    @property
    def iam(self) -> Any:
        return self.admin.iam

    @property
    def delegation(self) -> dict[str, Any]:
        """The one statement of the default key policy."""
        return allow("kms:*", Principal={"AWS": self.arn("root")})

    def arn(self, path: str) -> str:
        """An ARN of IAM."""
        return f"arn:aws:iam::{self.number}:{path}"

    def key(self, *statements: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        """A key whose policy has these statements beside the delegation to the account."""
        if statements:
            parameters["Policy"] = document(self.delegation, *statements)
        metadata: dict[str, Any] = self.kms.create_key(**parameters)["KeyMetadata"]
        return metadata

    def user(self, *statements: dict[str, Any], name: str | None = None, **of: Any) -> Caller:
        """A new user with an access key and, in an inline policy, these statements."""
        name = name or fresh("user")
        arn = self.iam.create_user(UserName=name, **of)["User"]["Arn"]
        if statements:
            self.permit(name, *statements)
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
        return Caller(self.deployment, arn, keys)

    def permit(self, user: str, *statements: dict[str, Any]) -> None:
        """Replaces the inline policy of a user."""
        self.iam.put_user_policy(
            UserName=user, PolicyName="scene", PolicyDocument=document(*statements)
        )

    def role(self, trusted: str, *statements: dict[str, Any], **of: Any) -> str:
        """A new role with this trust policy and, inline, these statements; its ARN."""
        name = of.pop("RoleName", None) or fresh("role")
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **of)
        if statements:
            self.iam.put_role_policy(
                RoleName=name, PolicyName="scene", PolicyDocument=document(*statements)
            )
        arn: str = made["Role"]["Arn"]
        return arn

    def policy(self, *statements: dict[str, Any]) -> str:
        """A managed policy; its ARN."""
        made = self.iam.create_policy(
            PolicyName=fresh("policy"), PolicyDocument=document(*statements)
        )
        arn: str = made["Policy"]["Arn"]
        return arn

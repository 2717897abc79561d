"""Sessions of users: with and without a code of an MFA device, and for somebody they know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from blackbox import otp
from blackbox.deployment import Deployment
from blackbox.principals import (
    BY_IDENTITY,
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

WITHOUT_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
WRONG_CODE = Refusal(
    "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "
)


class Device:
    """A virtual MFA device of a user."""

    def __init__(self, account: Account, user: Caller) -> None:
        made = account.iam.create_virtual_mfa_device(VirtualMFADeviceName=fresh("device"))
        self.serial = made["VirtualMFADevice"]["SerialNumber"]
        self.seed = made["VirtualMFADevice"]["Base32StringSeed"]
        # Codes of a while ago, so that those of now are still unused.
        self.next = otp.now() - 1
        account.iam.enable_mfa_device(
            UserName=user.name,
            SerialNumber=self.serial,
            AuthenticationCode1=otp.code(self.seed, self.next - 2),
            AuthenticationCode2=otp.code(self.seed, self.next - 1),
        )

    def code(self) -> str:
        """A code that was not shown before."""
        self.next = max(self.next, otp.now() - 1) + 1
        return otp.code(self.seed, self.next)


def session_of(user: Caller, **parameters: object) -> Caller:
    credentials = user.sts.get_session_token(**parameters)["Credentials"]
    return user.with_keys(user.arn, credentials)


def federated(user: Caller, name: str, **parameters: object) -> Caller:
    answer = user.sts.get_federation_token(Name=name, **parameters)
    return user.with_keys(answer["FederatedUser"]["Arn"], answer["Credentials"])


def test_a_session_token_is_the_user_for_a_while(town: Deployment, home: Account) -> None:
    user, key = home.user(allow(["kms:Encrypt", "iam:*"])), home.key()
    credentials = user.sts.get_session_token(DurationSeconds=900)["Credentials"]
    left = credentials["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=840) < left < timedelta(seconds=960)
    session = user.with_keys(user.arn, credentials)
    assert session.sts.get_caller_identity()["Arn"] == user.arn
    assert session.may_encrypt(key["Arn"])
    named = home.key(allow("kms:DescribeKey", Principal={"AWS": user.arn}))
    session.kms.describe_key(KeyId=named["KeyId"])
    answer = session.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    identity = town.record_of(answer)["userIdentity"]
    assert identity["type"] == "IAMUser" and identity["arn"] == user.arn
    assert identity["accessKeyId"] == session.keys.access_key_id
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"


def test_such_a_session_does_not_make_the_next_one_nor_administer_without_mfa(
    home: Account,
) -> None:
    user = home.user(allow(["iam:*", "sts:*"]))
    session = session_of(user)
    assert query_refusal(session.sts.get_session_token).code == "AccessDenied"
    assert query_refusal(session.sts.get_federation_token, Name="me").code == "AccessDenied"
    assert query_refusal(session.iam.list_users).code in ("AccessDenied", "InvalidClientTokenId")


def test_a_code_of_a_device_opens_what_asks_for_it(town: Deployment, home: Account) -> None:
    key = home.key()
    user = home.user(allow(["kms:*", "iam:*"]), deny("kms:Encrypt", Condition=WITHOUT_MFA))
    device = Device(home, user)
    plain = session_of(user)
    told = refusal(plain.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == plain.told("kms:Encrypt", key["Arn"], BY_IDENTITY)
    code = device.code()
    session = session_of(user, SerialNumber=device.serial, TokenCode=code)
    answer = session.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    identity = town.record_of(answer)["userIdentity"]
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "true"
    session.iam.list_users()
    told = query_refusal(user.sts.get_session_token, SerialNumber=device.serial, TokenCode=code)
    assert told == WRONG_CODE, "a code counts once"


def test_a_long_term_key_says_nothing_about_mfa(home: Account) -> None:
    key = home.key()
    strict = deny("kms:Encrypt", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    user = home.user(allow("kms:*"), strict)
    assert user.may_encrypt(key["Arn"]), "the key is absent, so Bool does not match"
    home.permit(user.name, allow("kms:*"), deny("kms:Encrypt", Condition=WITHOUT_MFA))
    assert not user.may_encrypt(key["Arn"])


def test_the_age_of_a_code_counts(home: Account) -> None:
    key = home.key()
    young = {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}
    user = home.user(allow("kms:Encrypt", Condition=young))
    device = Device(home, user)
    session = session_of(user, SerialNumber=device.serial, TokenCode=device.code())
    assert session.may_encrypt(key["Arn"]) and not user.may_encrypt(key["Arn"])


def test_a_role_may_ask_for_a_code(home: Account) -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    role = home.role(trust({"AWS": home.number}, Condition=condition), allow("kms:Encrypt"))
    user = home.user(allow("sts:AssumeRole"))
    device, key = Device(home, user), home.key()
    told = query_refusal(user.sts.assume_role, RoleArn=role, RoleSessionName="ab")
    assert told.code == "AccessDenied"
    session = user.assume(role, SerialNumber=device.serial, TokenCode=device.code())
    assert session.may_encrypt(key["Arn"])


def test_a_wrong_code_or_somebody_elses_device_opens_nothing(home: Account) -> None:
    user, other = home.user(), home.user()
    device, foreign = Device(home, user), Device(home, other)
    right = device.code()
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    ask = user.sts.get_session_token
    assert query_refusal(ask, SerialNumber=device.serial, TokenCode=wrong) == WRONG_CODE
    told = query_refusal(ask, SerialNumber=foreign.serial, TokenCode=foreign.code())
    assert told.code == "AccessDenied"
    session_of(user, SerialNumber=device.serial, TokenCode=right)


def test_a_federated_user_has_what_user_and_session_policy_share(
    town: Deployment, home: Account
) -> None:
    key = home.key()
    user = home.user(allow(["sts:GetFederationToken", "kms:Encrypt", "kms:Decrypt"]))
    policy = document(allow("kms:*"), deny("kms:Decrypt"))
    session = federated(user, "bob", Policy=policy)
    assert session.arn == f"arn:aws:sts::{home.number}:federated-user/bob"
    told = session.sts.get_caller_identity()
    assert (told["Arn"], told["UserId"]) == (session.arn, f"{home.number}:bob")
    answer = session.kms.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    identity = town.record_of(answer)["userIdentity"]
    assert identity["type"] == "FederatedUser" and identity["arn"] == session.arn
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == user.arn
    blob = answer["CiphertextBlob"]
    told_no = refusal(session.kms.decrypt, CiphertextBlob=blob)
    assert told_no == session.told("kms:Decrypt", key["Arn"], BY_SESSION)
    told_no = refusal(session.kms.describe_key, KeyId=key["KeyId"])
    assert told_no == session.told("kms:DescribeKey", key["Arn"])
    assert query_refusal(session.iam.list_users).code in ("AccessDenied", "InvalidClientTokenId")


def test_a_federated_user_without_a_policy_has_what_names_it(home: Account) -> None:
    user = home.user(allow(["sts:GetFederationToken", "kms:*"]))
    session = federated(user, fresh("guest"))
    key = home.key()
    told = refusal(session.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == session.told("kms:Encrypt", key["Arn"], SESSION)
    named = home.key(allow("kms:Encrypt", Principal={"AWS": session.arn}))
    assert session.may_encrypt(named["Arn"])
    granted = home.key()
    home.kms.create_grant(
        KeyId=granted["KeyId"], GranteePrincipal=session.arn, Operations=["Encrypt"]
    )
    assert session.may_encrypt(granted["Arn"])


def test_federation_is_for_whom_a_policy_lets(home: Account) -> None:
    user = home.user(allow("kms:*"))
    told = query_refusal(user.sts.get_federation_token, Name="bob")
    assert told == (
        "AccessDenied",
        f"User: {user.arn} is not authorized to perform: sts:GetFederationToken on resource: "
        f"arn:aws:sts::{home.number}:federated-user/bob because no identity-based policy allows "
        "the sts:GetFederationToken action",
    )


def test_the_sessions_of_a_user_end_with_it(home: Account) -> None:
    user = home.user(allow("kms:Encrypt"))
    key = home.key()
    session = session_of(user)
    assert session.may_encrypt(key["Arn"])
    home.iam.delete_access_key(UserName=user.name, AccessKeyId=user.keys.access_key_id)
    home.iam.delete_user_policy(UserName=user.name, PolicyName="scene")
    home.iam.delete_user(UserName=user.name)
    told = refusal(session.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told.code in ("UnrecognizedClientException", "AccessDeniedException")


def test_older_sessions_of_a_role_are_revoked_by_their_age(home: Account) -> None:
    role = home.role(trust({"AWS": home.number}), allow("kms:Encrypt"))
    key, session = home.key(), home.admin.assume(role)
    assert session.may_encrypt(key["Arn"])
    soon = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    older = deny("*", Condition={"DateLessThan": {"aws:TokenIssueTime": soon}})
    home.iam.put_role_policy(
        RoleName=role.rsplit("/", 1)[1],
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=document(older),
    )
    told = refusal(session.kms.encrypt, KeyId=key["Arn"], Plaintext=b"x")
    assert told == session.told("kms:Encrypt", key["Arn"], BY_IDENTITY)


def test_a_session_lasts_no_longer_than_a_day_and_a_half(home: Account) -> None:
    told = query_refusal(home.admin.sts.get_session_token, DurationSeconds=129_601)
    assert told.code == "ValidationError"

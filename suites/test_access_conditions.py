"""Condition keys: what a request says about itself, and policies that listen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blackbox.deployment import OTHER_REGION
from blackbox.principals import BY_IDENTITY, Account, Caller, allow, deny
from blackbox.refusal import refusal

KmsKey = dict[str, Any]


@pytest.fixture(scope="module")
def user(home: Account) -> Caller:
    """The user whose one policy each scene replaces."""
    return home.user()


@pytest.fixture(scope="module")
def keys(home: Account) -> dict[str, KmsKey]:
    """One key of each of a few kinds."""
    return {
        "symmetric": home.key(),
        "signing": home.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"),
        "mac": home.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"),
        "rsa": home.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT"),
        "multi": home.key(MultiRegion=True),
        "external": home.key(Origin="EXTERNAL"),
    }


class Scene:
    """A condition, calls that meet it and calls that do not."""

    def __init__(self, home: Account, user: Caller) -> None:
        self.home = home
        self.user = user

    def when(self, operator: str, key: str, value: Any) -> Scene:
        """From now on everything is allowed on this condition, and nothing else."""
        condition = {operator: {key: value}}
        self.home.permit(self.user.name, allow("kms:*", Condition=condition))
        return self

    def unless(self, operator: str, key: str, value: Any) -> Scene:
        """From now on everything is allowed, but what meets this condition."""
        condition = {operator: {key: value}}
        self.home.permit(self.user.name, allow("kms:*"), deny("kms:*", Condition=condition))
        return self

    def permits(self, call: str, **parameters: Any) -> Any:
        return getattr(self.user.kms, call)(**parameters)

    def refuses(self, call: str, **parameters: Any) -> None:
        told = refusal(getattr(self.user.kms, call), **parameters)
        assert told.code == "AccessDeniedException", (call, parameters, told)


@pytest.fixture
def scene(home: Account, user: Caller) -> Scene:
    return Scene(home, user)


def test_a_pair_of_the_encryption_context(scene: Scene, keys: dict[str, KmsKey]) -> None:
    encrypt = {"KeyId": keys["symmetric"]["Arn"], "Plaintext": b"x"}
    scene.when("StringEquals", "kms:EncryptionContext:tenant", ["blue", "green"])
    for context in [{"tenant": "blue"}, {"TENANT": "green", "more": "x"}]:
        blob = scene.permits("encrypt", **encrypt, EncryptionContext=context)["CiphertextBlob"]
        scene.permits("decrypt", CiphertextBlob=blob, EncryptionContext=context)
    for context in [{}, {"tenant": "Blue"}, {"tenan": "blue"}]:
        scene.refuses("encrypt", **encrypt, EncryptionContext=context)
    scene.refuses("describe_key", KeyId=encrypt["KeyId"])
    scene.when("StringLike", "kms:EncryptionContext:tenant", "${aws:username}-*")
    own = {"tenant": f"{scene.user.name}-1"}
    scene.permits("encrypt", **encrypt, EncryptionContext=own)
    scene.refuses("encrypt", **encrypt, EncryptionContext={"tenant": "user-x-1"})


def test_the_keys_of_the_encryption_context(scene: Scene, keys: dict[str, KmsKey]) -> None:
    data_key = {"KeyId": keys["symmetric"]["Arn"], "KeySpec": "AES_256"}
    call = "generate_data_key"
    scene.when("ForAllValues:StringEquals", "kms:EncryptionContextKeys", ["tenant", "stage"])
    scene.permits(call, **data_key, EncryptionContext={"tenant": "x"})
    scene.permits(call, **data_key)
    scene.refuses(call, **data_key, EncryptionContext={"tenant": "x", "more": "y"})
    scene.refuses(call, **data_key, EncryptionContext={"Tenant": "x"})
    scene.when("ForAnyValue:StringEquals", "kms:EncryptionContextKeys", "tenant")
    scene.permits(call, **data_key, EncryptionContext={"tenant": "x", "more": "y"})
    scene.refuses(call, **data_key)
    scene.when("Null", "kms:EncryptionContextKeys", "false")
    scene.permits(call, **data_key, EncryptionContext={"any": "x"})
    scene.refuses(call, **data_key)


def test_reencrypt_has_a_context_for_each_half(scene: Scene, keys: dict[str, KmsKey]) -> None:
    old, new = {"stage": "old"}, {"stage": "new"}
    key = keys["symmetric"]["Arn"]
    blob = scene.home.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=old)
    halves = [
        allow(
            f"kms:ReEncrypt{half}", Condition={"StringEquals": {"kms:EncryptionContext:stage": v}}
        )
        for half, v in [("From", "old"), ("To", "new")]
    ]
    scene.home.permit(scene.user.name, *halves)
    move = {
        "CiphertextBlob": blob["CiphertextBlob"],
        "DestinationKeyId": key,
        "SourceEncryptionContext": old,
    }
    scene.permits("re_encrypt", **move, DestinationEncryptionContext=new)
    scene.refuses("re_encrypt", **move, DestinationEncryptionContext=old)
    scene.when("Bool", "kms:ReEncryptOnSameKey", "false")
    scene.refuses("re_encrypt", **move)


def test_the_algorithms(scene: Scene, keys: dict[str, KmsKey]) -> None:
    scene.when("StringEquals", "kms:EncryptionAlgorithm", ["RSAES_OAEP_SHA_256"])
    rsa = {"KeyId": keys["rsa"]["Arn"], "Plaintext": b"x"}
    scene.permits("encrypt", **rsa, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    scene.refuses("encrypt", **rsa, EncryptionAlgorithm="RSAES_OAEP_SHA_1")
    scene.when("StringEquals", "kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
    scene.permits("encrypt", KeyId=keys["symmetric"]["Arn"], Plaintext=b"x")
    scene.when("StringEquals", "kms:SigningAlgorithm", "ECDSA_SHA_256")
    sign = {"KeyId": keys["signing"]["Arn"], "SigningAlgorithm": "ECDSA_SHA_256"}
    scene.permits("sign", **sign, Message=b"x")
    scene.when("StringNotEquals", "kms:SigningAlgorithm", "ECDSA_SHA_256")
    scene.refuses("sign", **sign, Message=b"x")
    scene.when("StringEquals", "kms:MessageType", "DIGEST")
    scene.permits("sign", **sign, Message=bytes(32), MessageType="DIGEST")
    scene.refuses("sign", **sign, Message=b"x")
    scene.when("StringEquals", "kms:MacAlgorithm", "HMAC_SHA_256")
    scene.permits(
        "generate_mac", KeyId=keys["mac"]["Arn"], Message=b"x", MacAlgorithm="HMAC_SHA_256"
    )
    scene.when("StringEquals", "kms:DataKeyPairSpec", "ECC_NIST_P256")
    pair = {"KeyId": keys["symmetric"]["Arn"]}
    scene.permits("generate_data_key_pair", **pair, KeyPairSpec="ECC_NIST_P256")
    scene.refuses("generate_data_key_pair", **pair, KeyPairSpec="ECC_NIST_P384")


def test_the_kind_of_a_key(scene: Scene, keys: dict[str, KmsKey]) -> None:
    for key, value, meant in [
        ("kms:KeySpec", "HMAC_256", {"mac"}),
        ("kms:KeyUsage", "ENCRYPT_DECRYPT", {"symmetric", "rsa", "multi", "external"}),
        ("kms:KeyOrigin", "EXTERNAL", {"external"}),
        ("kms:MultiRegionKeyType", "PRIMARY", {"multi"}),
        ("kms:CustomerMasterKeySpec", "RSA_2048", {"rsa"}),
    ]:
        scene.when("StringEquals", key, value)
        for name, metadata in keys.items():
            check = scene.permits if name in meant else scene.refuses
            check("describe_key", KeyId=metadata["Arn"])
    scene.when("Bool", "kms:MultiRegion", "true")
    scene.permits("describe_key", KeyId=keys["multi"]["Arn"])
    scene.refuses("describe_key", KeyId=keys["symmetric"]["Arn"])


def test_the_kind_of_key_that_is_made(scene: Scene) -> None:
    insist = {"BypassPolicyLockoutSafetyCheck": True}
    scene.unless("StringNotEquals", "kms:KeySpec", "SYMMETRIC_DEFAULT")
    scene.permits("create_key", **insist)
    scene.refuses("create_key", **insist, KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY")
    scene.unless("StringEquals", "kms:KeyUsage", "GENERATE_VERIFY_MAC")
    scene.refuses("create_key", **insist, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    scene.unless("StringEquals", "kms:KeyOrigin", "EXTERNAL")
    scene.refuses("create_key", **insist, Origin="EXTERNAL")
    scene.unless("Bool", "kms:MultiRegion", "true")
    scene.permits("create_key", **insist)
    scene.refuses("create_key", **insist, MultiRegion=True)


def test_numbers(scene: Scene) -> None:
    key = scene.home.key()["Arn"]
    window = "kms:ScheduleKeyDeletionPendingWindowInDays"
    scene.unless("NumericLessThan", window, "20")
    scene.refuses("schedule_key_deletion", KeyId=key, PendingWindowInDays=19)
    scene.permits("schedule_key_deletion", KeyId=key, PendingWindowInDays=20)
    scene.permits("cancel_key_deletion", KeyId=key)
    scene.permits("enable_key", KeyId=key)
    scene.unless("NumericEquals", window, 30)
    scene.refuses("schedule_key_deletion", KeyId=key)
    scene.when("NumericLessThanEquals", "kms:RotationPeriodInDays", "180")
    scene.permits("enable_key_rotation", KeyId=key, RotationPeriodInDays=180)
    scene.refuses("enable_key_rotation", KeyId=key, RotationPeriodInDays=181)
    scene.refuses("enable_key_rotation", KeyId=key)


def test_the_operations_and_the_grantee_of_a_grant(scene: Scene, keys: dict[str, KmsKey]) -> None:
    key, friend = keys["symmetric"]["Arn"], scene.home.admin.arn
    grant = {"KeyId": key, "GranteePrincipal": friend}
    scene.when("ForAllValues:StringEquals", "kms:GrantOperations", ["Encrypt", "Decrypt"])
    scene.permits("create_grant", **grant, Operations=["Decrypt"])
    scene.refuses("create_grant", **grant, Operations=["Decrypt", "DescribeKey"])
    scene.when("StringEquals", "kms:GranteePrincipal", friend)
    scene.permits("create_grant", **grant, Operations=["Decrypt"])
    scene.refuses(
        "create_grant", KeyId=key, GranteePrincipal=scene.user.arn, Operations=["Decrypt"]
    )
    scene.when("StringEquals", "kms:RetiringPrincipal", friend)
    scene.permits("create_grant", **grant, Operations=["Decrypt"], RetiringPrincipal=friend)
    scene.refuses("create_grant", **grant, Operations=["Decrypt"])
    scene.when("StringEquals", "kms:GrantConstraintType", "EncryptionContextSubset")
    subset = {"EncryptionContextSubset": {"a": "b"}}
    scene.permits("create_grant", **grant, Operations=["Decrypt"], Constraints=subset)
    scene.refuses("create_grant", **grant, Operations=["Decrypt"])
    scene.when("Bool", "kms:GrantIsForAWSResource", "true")
    scene.refuses("create_grant", **grant, Operations=["Decrypt"])


def test_where_a_replica_goes(scene: Scene) -> None:
    key = scene.home.key(MultiRegion=True)["Arn"]
    replica = {"KeyId": key, "ReplicaRegion": OTHER_REGION, "BypassPolicyLockoutSafetyCheck": True}
    scene.unless("StringEquals", "kms:ReplicaRegion", OTHER_REGION)
    scene.refuses("replicate_key", **replica)
    elsewhere = {"StringNotEquals": {"kms:ReplicaRegion": OTHER_REGION}}
    scene.home.permit(
        scene.user.name, allow("kms:*"), deny("kms:ReplicateKey", Condition=elsewhere)
    )

    scene.permits("replicate_key", **replica)


def test_where_a_request_comes_from(scene: Scene, keys: dict[str, KmsKey]) -> None:
    describe = {"KeyId": keys["symmetric"]["Arn"]}
    for operator, key, right, wrong in [
        ("IpAddress", "aws:SourceIp", "127.0.0.0/8", "10.0.0.0/8"),
        ("NotIpAddress", "aws:SourceIp", ["10.0.0.0/8", "192.0.2.1"], "127.0.0.1"),
        ("Bool", "aws:SecureTransport", "false", "true"),
        ("StringEquals", "aws:RequestedRegion", "us-east-1", OTHER_REGION),
        ("StringLike", "aws:UserAgent", "Boto3/*", "curl/*"),
        ("StringEquals", "kms:CallerAccount", scene.home.number, "444455556666"),
        ("StringEquals", "aws:PrincipalAccount", scene.home.number, "444455556666"),
        ("StringEquals", "aws:ResourceAccount", scene.home.number, "444455556666"),
        ("StringEquals", "aws:PrincipalType", "User", "AssumedRole"),
        ("StringEquals", "aws:username", scene.user.name, "admin"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/user-*", "arn:aws:iam::*:role/*"),
        ("Bool", "aws:PrincipalIsAWSService", "false", "true"),
        ("Bool", "aws:ViaAWSService", "false", "true"),
        ("Null", "kms:ViaService", "true", "false"),
        ("Null", "aws:MultiFactorAuthPresent", "true", "false"),
        ("Null", "aws:TokenIssueTime", "true", "false"),
        ("StringNotEqualsIfExists", "kms:ViaService", "s3.us-east-1.amazonaws.com", None),
    ]:
        scene.when(operator, key, right).permits("describe_key", **describe)
        if wrong is not None:
            scene.when(operator, key, wrong).refuses("describe_key", **describe)


def test_what_time_it_is(scene: Scene, keys: dict[str, KmsKey]) -> None:
    describe = {"KeyId": keys["symmetric"]["Arn"]}
    now = datetime.now(UTC)
    before, after = now - timedelta(hours=1), now + timedelta(hours=1)
    for value in [after.strftime("%Y-%m-%dT%H:%M:%SZ"), str(int(after.timestamp())), "2999"]:
        scene.when("DateLessThan", "aws:CurrentTime", value).permits("describe_key", **describe)
    past = before.strftime("%Y-%m-%dT%H:%M:%SZ")
    scene.when("DateLessThan", "aws:CurrentTime", past).refuses("describe_key", **describe)
    epoch = str(int(before.timestamp()))
    scene.when("NumericGreaterThan", "aws:EpochTime", epoch).permits("describe_key", **describe)


def test_a_denial_by_condition_says_that_it_is_one(scene: Scene, keys: dict[str, KmsKey]) -> None:
    key = keys["symmetric"]["Arn"]
    scene.unless("Bool", "aws:SecureTransport", "false")
    told = refusal(scene.user.kms.describe_key, KeyId=key)
    assert told == scene.user.told("kms:DescribeKey", key, BY_IDENTITY)


def test_key_policies_listen_too(home: Account, user: Caller) -> None:
    home.permit(user.name, allow("kms:ListKeys"))
    condition = {"StringEquals": {"kms:EncryptionContext:tenant": "blue"}}
    key = home.key(allow("kms:Encrypt", Principal={"AWS": user.arn}, Condition=condition))
    encrypt = {"KeyId": key["Arn"], "Plaintext": b"x"}
    user.kms.encrypt(**encrypt, EncryptionContext={"tenant": "blue"})
    told = refusal(user.kms.encrypt, **encrypt, EncryptionContext={"tenant": "red"})
    assert told == user.told("kms:Encrypt", key["Arn"])

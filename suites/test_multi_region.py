"""Multi-Region keys: replicated, used in both Regions, led by one and then the other, deleted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from blackbox.deployment import ACCOUNT, OTHER_REGION, REGION, Deployment
from blackbox.refusal import Refusal, refusal
from blackbox.waiting import wait_for

# Below a minute, so that the minute's round is never what ends a state that ends by itself.
SETTLED_S = 30.0


def arn(key_id: str, region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{key_id}"


def member(key_id: str, region: str) -> dict[str, str]:
    return {"Arn": arn(key_id, region), "Region": region}


def described(client: Any, key_id: str) -> dict[str, Any]:
    return client.describe_key(KeyId=key_id)["KeyMetadata"]


def settled(client: Any, key_id: str) -> dict[str, Any]:
    """The key once its state is one that stays."""

    def probe() -> dict[str, Any] | None:
        metadata = described(client, key_id)
        return None if metadata["KeyState"] in ("Creating", "Updating") else metadata

    return wait_for("settled key", probe, SETTLED_S)


def replicated(kms: Any, abroad: Any, key_id: str, **parameters: Any) -> dict[str, Any]:
    """Replicates a key; the replica's metadata once it can be used."""
    kms.replicate_key(KeyId=key_id, ReplicaRegion=OTHER_REGION, **parameters)
    return settled(abroad, key_id)


@pytest.fixture
def primary(kms: Any) -> str:
    """The id of a new multi-Region key."""
    return kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]


@pytest.fixture
def replica(kms: Any, abroad: Any, primary: str) -> str:
    """The id of a new multi-Region key that is in both Regions."""
    replicated(kms, abroad, primary)
    return primary


def test_a_replica_has_the_primary_keys_id_and_material(
    kms: Any, abroad: Any, primary: str
) -> None:
    answer = kms.replicate_key(
        KeyId=primary,
        ReplicaRegion=OTHER_REGION,
        Description="abroad",
        Tags=[{"TagKey": "where", "TagValue": "abroad"}],
    )
    made = answer["ReplicaKeyMetadata"]
    assert made["KeyState"] == "Creating" and made["Enabled"] is False
    assert answer["ReplicaTags"] == [{"TagKey": "where", "TagValue": "abroad"}]
    assert answer["ReplicaPolicy"] == abroad.get_key_policy(KeyId=primary)["Policy"]

    found = settled(abroad, primary)
    assert found == made | {"KeyState": "Enabled", "Enabled": True}
    here = described(kms, primary)
    differ = {"Arn", "CreationDate", "Description", "MultiRegionConfiguration"}
    shared = set(here) - differ
    assert {name: found[name] for name in shared} == {name: here[name] for name in shared}
    for metadata, role in [(here, "PRIMARY"), (found, "REPLICA")]:
        assert metadata["MultiRegionConfiguration"] == {
            "MultiRegionKeyType": role,
            "PrimaryKey": member(primary, REGION),
            "ReplicaKeys": [member(primary, OTHER_REGION)],
        }
    assert abroad.list_resource_tags(KeyId=primary)["Tags"] == answer["ReplicaTags"]
    assert kms.list_resource_tags(KeyId=primary)["Tags"] == []


def test_a_replica_can_be_used_soon_after_it_was_made(kms: Any, abroad: Any, primary: str) -> None:
    begin = time.monotonic()
    replicated(kms, abroad, primary)
    assert time.monotonic() - begin < 5


def test_what_one_region_encrypts_the_other_decrypts(kms: Any, abroad: Any, replica: str) -> None:
    context = {"for": "both"}
    for one, other, region in [(kms, abroad, OTHER_REGION), (abroad, kms, REGION)]:
        sealed = one.encrypt(KeyId=replica, Plaintext=b"secret", EncryptionContext=context)
        opened = other.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
        assert opened["Plaintext"] == b"secret"
        assert opened["KeyId"] == arn(replica, region)
        assert opened["KeyMaterialId"] == described(other, replica)["CurrentKeyMaterialId"]


def test_what_one_region_signs_the_other_verifies(kms: Any, abroad: Any) -> None:
    made = kms.create_key(MultiRegion=True, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    key = made["KeyMetadata"]["KeyId"]
    replicated(kms, abroad, key)
    public = [client.get_public_key(KeyId=key)["PublicKey"] for client in (kms, abroad)]
    assert public[0] == public[1]
    algorithm = {"SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(KeyId=key, Message=b"message", **algorithm)["Signature"]
    told = abroad.verify(KeyId=key, Message=b"message", Signature=signature, **algorithm)
    assert told["SignatureValid"] is True


def test_each_member_is_enabled_tagged_and_named_on_its_own(
    kms: Any, abroad: Any, replica: str
) -> None:
    kms.disable_key(KeyId=replica)
    assert abroad.encrypt(KeyId=replica, Plaintext=b"secret")["KeyId"] == arn(replica, OTHER_REGION)
    alias = f"alias/{replica}"
    abroad.create_alias(AliasName=alias, TargetKeyId=replica)
    assert refusal(kms.describe_key, KeyId=alias).code == "NotFoundException"
    abroad.delete_alias(AliasName=alias)


def test_a_region_holds_one_member_of_a_set(kms: Any, abroad: Any, replica: str) -> None:
    parameters = {"KeyId": replica, "ReplicaRegion": OTHER_REGION}
    assert refusal(kms.replicate_key, **parameters).code == "AlreadyExistsException"
    abroad.schedule_key_deletion(KeyId=replica)
    assert refusal(kms.replicate_key, **parameters).code == "AlreadyExistsException"


def test_only_a_primary_key_is_replicated(kms: Any, abroad: Any, key: Any, replica: str) -> None:
    for client, key_id in [(kms, key["KeyId"]), (abroad, replica)]:
        told = refusal(client.replicate_key, KeyId=key_id, ReplicaRegion="us-west-2")
        assert told.code == "UnsupportedOperationException"
    told = refusal(kms.replicate_key, KeyId=replica, ReplicaRegion="us-west-2")
    assert told.code == "UnsupportedOperationException"
    told = refusal(kms.replicate_key, KeyId=replica, ReplicaRegion=REGION)
    assert told.code == "ValidationException"


def test_a_key_without_its_material_is_not_replicated(kms: Any) -> None:
    made = kms.create_key(MultiRegion=True, Origin="EXTERNAL")["KeyMetadata"]
    told = refusal(kms.replicate_key, KeyId=made["KeyId"], ReplicaRegion=OTHER_REGION)
    assert told == Refusal("KMSInvalidStateException", f"{made['Arn']} is pending import.")


def test_the_roles_of_two_members_change(kms: Any, abroad: Any, replica: str) -> None:
    sealed = kms.encrypt(KeyId=replica, Plaintext=b"secret")["CiphertextBlob"]
    kms.update_primary_region(KeyId=replica, PrimaryRegion=OTHER_REGION)
    for client, role in [(kms, "REPLICA"), (abroad, "PRIMARY")]:
        # Whether or not it is still Updating, it works.
        assert client.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"
        metadata = settled(client, replica)
        assert metadata["KeyState"] == "Enabled"
        assert metadata["MultiRegionConfiguration"] == {
            "MultiRegionKeyType": role,
            "PrimaryKey": member(replica, OTHER_REGION),
            "ReplicaKeys": [member(replica, REGION)],
        }
    told = refusal(kms.update_primary_region, KeyId=replica, PrimaryRegion=OTHER_REGION)
    assert told.code == "UnsupportedOperationException"
    abroad.update_primary_region(KeyId=replica, PrimaryRegion=REGION)
    assert settled(kms, replica)["MultiRegionConfiguration"]["PrimaryKey"]["Region"] == REGION


def test_a_region_without_a_replica_cannot_lead(kms: Any, primary: str) -> None:
    told = refusal(kms.update_primary_region, KeyId=primary, PrimaryRegion=OTHER_REGION)
    text = f"Key '{arn(primary, OTHER_REGION)}' does not exist"
    assert told == Refusal("NotFoundException", text)


def test_a_primary_key_with_replicas_waits_for_them(kms: Any, abroad: Any, replica: str) -> None:
    answer = kms.schedule_key_deletion(KeyId=replica, PendingWindowInDays=7)
    del answer["ResponseMetadata"]
    assert answer == {
        "KeyId": arn(replica, REGION),
        "KeyState": "PendingReplicaDeletion",
        "PendingWindowInDays": 7,
    }
    metadata = described(kms, replica)
    assert metadata["PendingDeletionWindowInDays"] == 7 and "DeletionDate" not in metadata
    told = refusal(kms.encrypt, KeyId=replica, Plaintext=b"a")
    text = f"{arn(replica, REGION)} is pending replica deletion."
    assert told == Refusal("KMSInvalidStateException", text)
    abroad.encrypt(KeyId=replica, Plaintext=b"a")
    assert kms.cancel_key_deletion(KeyId=replica)["KeyId"] == arn(replica, REGION)
    assert described(kms, replica)["KeyState"] == "Disabled"


def test_both_regions_keep_a_record(
    deployment: Deployment, kms: Any, abroad: Any, primary: str
) -> None:
    answer = kms.replicate_key(KeyId=primary, ReplicaRegion=OTHER_REGION)
    settled(abroad, primary)
    changed = kms.update_primary_region(KeyId=primary, PrimaryRegion=OTHER_REGION)
    record = deployment.record_of(answer)
    assert record["awsRegion"] == REGION and record["eventName"] == "ReplicateKey"
    assert deployment.record_of(changed)["responseElements"] == {"keyId": arn(primary, REGION)}
    there = [
        record
        for record in deployment.records()
        if record["awsRegion"] == OTHER_REGION
        and arn(primary, OTHER_REGION) in [key["ARN"] for key in record.get("resources", [])]
        and record["readOnly"] is False
    ]
    told = [(record["eventName"], record["userIdentity"].get("invokedBy")) for record in there]
    assert told == [
        ("CreateKey", "AWS Internal"),
        ("UpdatePrimaryRegion", "kms.amazonaws.com"),
    ]


def test_a_replica_is_there_after_the_server_was_killed(deploy: Callable[..., Deployment]) -> None:
    one = deploy("--region", REGION, "--region", OTHER_REGION).start()
    kms, abroad = one.client(), one.client(region=OTHER_REGION)
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)
    one.kill()
    one.start()
    kms, abroad = one.client(), one.client(region=OTHER_REGION)
    assert settled(abroad, key)["KeyState"] == "Enabled"
    sealed = abroad.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"

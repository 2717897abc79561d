"""Every operation of the API model, called by boto3 at least once with success.

Nobody lists the calls: each answer is noted, and the API model says which operations there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from blackbox.deployment import ACCOUNT, OTHER_REGION, Deployment
from blackbox.importing import bring, imported
from blackbox.operations import SUCCESS, unfulfilled
from blackbox.waiting import wait_for

CONTEXT = {"tenant": "blue"}
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


class Calls:
    """Notes what each answer of the clients said; every one was held to the model before."""

    def __init__(self, *clients: Any) -> None:
        self.answers: defaultdict[str, set[str]] = defaultdict(set)
        for client in clients:
            client.meta.events.register("after-call.kms", self.note)

    def note(self, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
        self.answers[model.name].add(parsed.get("Error", {}).get("Code", SUCCESS))


@pytest.fixture
def clients(deployment: Deployment) -> tuple[Any, Any]:
    """The root of the first account in both Regions, noted by no other test."""
    return deployment.client(), deployment.client(region=OTHER_REGION)


def test_every_operation_succeeds_or_is_refused_as_documented(clients: tuple[Any, Any]) -> None:
    kms, abroad = clients
    calls = Calls(kms, abroad)
    for part in [
        keys_and_their_states,
        names_tags_and_policies,
        symmetric_encryption,
        signatures_and_codes,
        agreement_and_encapsulation,
        grants,
        rotation,
        imports,
        custom_key_stores,
    ]:
        part(kms)
    two_regions(kms, abroad)

    assert not unfulfilled(calls.answers)


def made(kms: Any, spec: str = "SYMMETRIC_DEFAULT", usage: str = "ENCRYPT_DECRYPT") -> str:
    """The id of a new key."""
    return kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]


def keys_and_their_states(kms: Any) -> None:
    key = made(kms)
    kms.update_key_description(KeyId=key, Description="described")
    kms.disable_key(KeyId=key)
    kms.enable_key(KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=key)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (metadata["Description"], metadata["KeyState"]) == ("described", "Disabled")
    assert key in {entry["KeyId"] for entry in pages(kms, "list_keys", "Keys")}


def pages(kms: Any, operation: str, member: str, **parameters: Any) -> Iterator[Any]:
    """What a list has, over all its pages."""
    for page in kms.get_paginator(operation).paginate(**parameters):
        yield from page[member]


def names_tags_and_policies(kms: Any) -> None:
    key, other = made(kms), made(kms)
    alias = f"alias/every/{key}"
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    kms.update_alias(AliasName=alias, TargetKeyId=other)
    [entry] = kms.list_aliases(KeyId=other)["Aliases"]
    assert entry["AliasName"] == alias
    kms.delete_alias(AliasName=alias)

    tags = [{"TagKey": "team", "TagValue": "red"}, {"TagKey": "cost", "TagValue": "7"}]
    kms.tag_resource(KeyId=key, Tags=tags)
    kms.untag_resource(KeyId=key, TagKeys=["cost"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == tags[:1]

    policy = kms.get_key_policy(KeyId=key)["Policy"]
    kms.put_key_policy(KeyId=key, Policy=policy)
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]


def symmetric_encryption(kms: Any) -> None:
    key, other = made(kms), made(kms)
    same = {"KeyId": key, "EncryptionContext": CONTEXT}
    sealed = kms.encrypt(Plaintext=b"secret", **same)["CiphertextBlob"]
    moved = kms.re_encrypt(
        CiphertextBlob=sealed, SourceEncryptionContext=CONTEXT, DestinationKeyId=other
    )
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"secret"
    kms.generate_data_key(KeySpec="AES_256", **same)
    kms.generate_data_key_without_plaintext(KeySpec="AES_256", **same)
    kms.generate_data_key_pair(KeyPairSpec="ECC_NIST_P256", **same)
    kms.generate_data_key_pair_without_plaintext(KeyPairSpec="ECC_NIST_P256", **same)
    assert len(kms.generate_random(NumberOfBytes=24)["Plaintext"]) == 24
    assert "Operation" in kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]


def signatures_and_codes(kms: Any) -> None:
    key = made(kms, "ECC_NIST_P256", "SIGN_VERIFY")
    same = {"KeyId": key, "Message": b"message", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(**same)["Signature"]
    assert kms.verify(Signature=signature, **same)["SignatureValid"]
    same = {
        "KeyId": made(kms, "HMAC_256", "GENERATE_VERIFY_MAC"),
        "Message": b"message",
        "MacAlgorithm": "HMAC_SHA_256",
    }
    assert kms.verify_mac(Mac=kms.generate_mac(**same)["Mac"], **same)["MacValid"]


def agreement_and_encapsulation(kms: Any) -> None:
    ours, theirs = (made(kms, "ECC_NIST_P256", "KEY_AGREEMENT") for _ in range(2))
    secrets = [
        kms.derive_shared_secret(
            KeyId=one,
            KeyAgreementAlgorithm="ECDH",
            PublicKey=kms.get_public_key(KeyId=other)["PublicKey"],
        )["SharedSecret"]
        for one, other in [(ours, theirs), (theirs, ours)]
    ]
    assert secrets[0] == secrets[1]
    same = {
        "KeyId": made(kms, "ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
        "EncapsulationAlgorithm": "ML_KEM",
    }
    given = kms.encapsulate(**same)
    opened = kms.decapsulate(SharedSecretCiphertextBlob=given["SharedSecretCiphertextBlob"], **same)
    assert opened["SharedSecret"] == given["SharedSecret"]


def grants(kms: Any) -> None:
    key = made(kms)
    wanted = {
        "KeyId": key,
        "GranteePrincipal": ROOT,
        "RetiringPrincipal": ROOT,
        "Operations": ["Decrypt", "RetireGrant"],
    }
    first, second = (kms.create_grant(Name=name, **wanted)["GrantId"] for name in "ab")
    assert {grant["GrantId"] for grant in kms.list_grants(KeyId=key)["Grants"]} == {first, second}
    retirable = pages(kms, "list_retirable_grants", "Grants", RetiringPrincipal=ROOT)
    assert {first, second} <= {grant["GrantId"] for grant in retirable}
    kms.retire_grant(KeyId=key, GrantId=first)
    kms.revoke_grant(KeyId=key, GrantId=second)
    assert kms.list_grants(KeyId=key)["Grants"] == []


def rotation(kms: Any) -> None:
    key = made(kms)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 90
    kms.disable_key_rotation(KeyId=key)
    sealed = kms.encrypt(KeyId=key, Plaintext=b"before")
    kms.rotate_key_on_demand(KeyId=key)

    def rotated() -> bool | None:
        return True if kms.list_key_rotations(KeyId=key)["Rotations"] else None

    wait_for("rotation", rotated)
    assert kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"] == b"before"


def imports(kms: Any) -> None:
    material = bytes(range(32))
    key = imported(kms, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", material)
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret")["CiphertextBlob"]
    kms.delete_imported_key_material(KeyId=key["KeyId"])
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingImport"
    bring(kms, key, material)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"


def custom_key_stores(kms: Any) -> None:
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    absent = {"CustomKeyStoreId": "cks-1234567890abcdef0"}
    store = {"CustomKeyStoreName": "every"}
    cluster = {
        "CloudHsmClusterId": "cluster-1a23b4cdefg",
        "KeyStorePassword": "kmsPswd",
        "TrustAnchorCertificate": "-----BEGIN CERTIFICATE-----",
    }
    proxy = {
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyUriEndpoint": "https://xks.example.com",
        "XksProxyUriPath": "/kms/xks/v1",
        "XksProxyConnectivity": "PUBLIC_ENDPOINT",
        "XksProxyAuthenticationCredential": {
            "AccessKeyId": "ABCDEFGHIJKLMNOPQRST2",
            "RawSecretAccessKey": "a" * 43,
        },
    }
    for call, parameters in [
        (kms.create_custom_key_store, store | cluster),
        (kms.create_custom_key_store, store | proxy),
        (kms.connect_custom_key_store, absent),
        (kms.disconnect_custom_key_store, absent),
        (kms.update_custom_key_store, absent | {"NewCustomKeyStoreName": "other"}),
        (kms.delete_custom_key_store, absent),
    ]:
        with pytest.raises(ClientError):
            call(**parameters)


def two_regions(kms: Any, abroad: Any) -> None:
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion=OTHER_REGION)

    def settled() -> bool | None:
        state = abroad.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        return True if state == "Enabled" else None

    wait_for("replica", settled)
    kms.update_primary_region(KeyId=key, PrimaryRegion=OTHER_REGION)
    sealed = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert abroad.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"

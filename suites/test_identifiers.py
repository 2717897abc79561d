"""The four ways to name a key, and what each wrong one is answered with."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from blackbox.deployment import ACCOUNT, OTHER_REGION, REGION
from blackbox.refusal import Refusal, invalid, must, refusal, too_long

HERE = f"arn:aws:kms:{REGION}:{ACCOUNT}"


@pytest.fixture
def names(kms: Any, key: Any) -> dict[str, str]:
    """The names of one key."""
    alias = f"alias/names/{key['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    return {
        "key id": key["KeyId"],
        "key ARN": key["Arn"],
        "alias name": alias,
        "alias ARN": f"{HERE}:{alias}",
    }


def test_every_name_of_a_key_works_wherever_aliases_are_allowed(
    kms: Any, key: Any, names: dict[str, str]
) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for name in names.values():
        assert kms.describe_key(KeyId=name)["KeyMetadata"] == key
        for answer in [
            kms.encrypt(KeyId=name, Plaintext=b"x"),
            kms.decrypt(KeyId=name, CiphertextBlob=blob),
            kms.generate_data_key(KeyId=name, KeySpec="AES_128"),
            kms.generate_data_key_without_plaintext(KeyId=name, KeySpec="AES_128"),
            kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=name, DestinationKeyId=name),
        ]:
            assert answer["KeyId"] == key["Arn"], "an alias is never echoed"


def test_a_key_id_and_its_arn_work_where_aliases_do_not(
    kms: Any, key: Any, names: dict[str, str]
) -> None:
    policy = kms.get_key_policy(KeyId=key["Arn"])["Policy"]
    tags = [{"TagKey": "a", "TagValue": "b"}]
    for name in [names["key id"], names["key ARN"]]:
        kms.disable_key(KeyId=name)
        kms.enable_key(KeyId=name)
        kms.put_key_policy(KeyId=name, Policy=policy)
        kms.list_key_policies(KeyId=name)
        kms.tag_resource(KeyId=name, Tags=tags)
        assert kms.list_resource_tags(KeyId=name)["Tags"] == tags
        kms.untag_resource(KeyId=name, TagKeys=["a"])
        assert len(kms.list_aliases(KeyId=name)["Aliases"]) == 1
        kms.update_alias(AliasName=names["alias name"], TargetKeyId=name)
        kms.schedule_key_deletion(KeyId=name)
        kms.cancel_key_deletion(KeyId=name)
        kms.enable_key(KeyId=name)


def test_an_alias_is_refused_where_only_keys_are_named(kms: Any, names: dict[str, str]) -> None:
    refused = Refusal("InvalidArnException", "Key Aliases are not supported for this operation.")
    for name in [names["alias name"], names["alias ARN"]]:
        for call, parameters in [
            (kms.cancel_key_deletion, {}),
            (kms.disable_key, {}),
            (kms.enable_key, {}),
            (kms.get_key_policy, {}),
            (kms.list_aliases, {}),
            (kms.list_key_policies, {}),
            (kms.list_resource_tags, {}),
            (kms.put_key_policy, {"Policy": "{}"}),
            (kms.schedule_key_deletion, {}),
            (kms.tag_resource, {"Tags": []}),
            (kms.untag_resource, {"TagKeys": []}),
            (kms.update_key_description, {"Description": ""}),
        ]:
            if call == kms.put_key_policy:
                # The document is looked at before the key is.
                parameters = {"Policy": kms.get_key_policy(KeyId=names["key id"])["Policy"]}
            assert refusal(call, KeyId=name, **parameters) == refused, call


ABSENT = str(uuid.UUID(int=0, version=4))
WRONG = {
    "an id of no key": (ABSENT, f"Key '{HERE}:key/{ABSENT}' does not exist"),
    "an ARN of no key": (f"{HERE}:key/{ABSENT}", f"Key '{HERE}:key/{ABSENT}' does not exist"),
    "an alias of nothing": ("alias/nothing", f"Alias {HERE}:alias/nothing is not found."),
    "an alias ARN of nothing": (
        f"{HERE}:alias/nothing",
        f"Alias {HERE}:alias/nothing is not found.",
    ),
    "an ARN of another Region": (
        f"arn:aws:kms:{OTHER_REGION}:{ACCOUNT}:key/{ABSENT}",
        f"Invalid arn {OTHER_REGION}",
    ),
    "an ARN of another partition": (
        f"arn:aws-cn:kms:{REGION}:{ACCOUNT}:key/{ABSENT}",
        f"Invalid arn {REGION}",
    ),
    "an ARN of another service": (
        f"arn:aws:s3:{REGION}:{ACCOUNT}:key/{ABSENT}",
        f"Invalid arn arn:aws:s3:{REGION}:{ACCOUNT}:key/{ABSENT}",
    ),
    "an ARN of something else": (f"{HERE}:tree/{ABSENT}", f"Invalid arn {HERE}:tree/{ABSENT}"),
    "half an ARN": ("arn:aws:kms", "Invalid arn arn:aws:kms"),
    "no kind of name": ("my key", "Invalid keyId 'my key'"),
    "an id in capitals": (ABSENT.upper() + "-A", f"Invalid keyId '{ABSENT.upper()}-A'"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_name_of_no_key_is_not_found(kms: Any, kind: str) -> None:
    name, text = WRONG[kind]
    for call, parameters in [
        (kms.describe_key, {}),
        (kms.encrypt, {"Plaintext": b"x"}),
        (kms.generate_data_key, {"KeySpec": "AES_256"}),
    ]:
        assert refusal(call, KeyId=name, **parameters) == ("NotFoundException", text)


def test_a_name_has_one_to_2048_characters(deployment: Any, kms: Any) -> None:
    unchecked = deployment.client(parameter_validation=False)
    assert too_long(refusal(kms.describe_key, KeyId="k" * 2049), "keyId", 2048)
    assert refusal(unchecked.describe_key, KeyId="") == invalid(
        must("keyId", "", "have length greater than or equal to 1")
    )
    assert refusal(unchecked.describe_key) == invalid(
        "Value null at 'keyId' failed to satisfy constraint: Member must not be null"
    )

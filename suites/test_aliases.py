"""Aliases: made, moved, listed, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from blackbox.deployment import ACCOUNT, REGION
from blackbox.refusal import Refusal, invalid, must, refusal

HERE = f"arn:aws:kms:{REGION}:{ACCOUNT}"


def test_an_alias_names_a_key_until_it_is_deleted(kms: Any, key: Any) -> None:
    alias = f"alias/app/{key['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["Arn"])
    [entry] = kms.list_aliases(KeyId=key["KeyId"])["Aliases"]
    assert entry["CreationDate"] == entry["LastUpdatedDate"]
    assert {name: entry[name] for name in ("AliasName", "AliasArn", "TargetKeyId")} == {
        "AliasName": alias,
        "AliasArn": f"{HERE}:{alias}",
        "TargetKeyId": key["KeyId"],
    }
    kms.delete_alias(AliasName=alias)
    missing = Refusal("NotFoundException", f"Alias {HERE}:{alias} is not found.")
    assert refusal(kms.describe_key, KeyId=alias) == missing
    assert refusal(kms.delete_alias, AliasName=alias) == missing
    assert kms.list_aliases(KeyId=key["KeyId"])["Aliases"] == []


def test_an_alias_moves_to_another_key_and_old_ciphertexts_still_open(kms: Any, key: Any) -> None:
    alias = f"alias/moves/{key['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    [made] = kms.list_aliases(KeyId=key["KeyId"])["Aliases"]
    old = kms.encrypt(KeyId=alias, Plaintext=b"old")["CiphertextBlob"]
    target = kms.create_key()["KeyMetadata"]

    kms.update_alias(AliasName=alias, TargetKeyId=target["KeyId"])

    [moved] = kms.list_aliases(KeyId=target["KeyId"])["Aliases"]
    assert moved["CreationDate"] == made["CreationDate"]
    assert moved["LastUpdatedDate"] >= made["LastUpdatedDate"]
    assert kms.encrypt(KeyId=alias, Plaintext=b"new")["KeyId"] == target["Arn"]
    assert kms.decrypt(CiphertextBlob=old)["KeyId"] == key["Arn"]
    assert refusal(kms.decrypt, CiphertextBlob=old, KeyId=alias) == (
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )


def test_an_alias_is_made_once(kms: Any, key: Any) -> None:
    alias = f"alias/once/{key['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for target in [key["KeyId"], kms.create_key()["KeyMetadata"]["KeyId"]]:
        assert refusal(kms.create_alias, AliasName=alias, TargetKeyId=target) == (
            "AlreadyExistsException",
            f"An alias with the name {HERE}:{alias} already exists",
        )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "app",
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ),
        ("alias/a:b", "alias/a:b contains invalid characters for an alias"),
        ("alias/", "alias/ contains invalid characters for an alias"),
    ],
)
def test_a_name_that_no_alias_may_have_is_refused(kms: Any, key: Any, name: str, text: str) -> None:
    expected = Refusal("ValidationException", text)
    assert refusal(kms.create_alias, AliasName=name, TargetKeyId=key["KeyId"]) == expected


def test_a_name_outside_the_pattern_or_too_long_is_refused(kms: Any, key: Any) -> None:
    pattern = "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"
    for name in ["alias/a b", "alias/ä", "alias/a\n"]:
        assert refusal(kms.create_alias, AliasName=name, TargetKeyId=key["KeyId"]) == invalid(
            must("aliasName", name, pattern)
        )
    long = "alias/" + "a" * 251
    assert refusal(kms.create_alias, AliasName=long, TargetKeyId=key["KeyId"]) == invalid(
        must("aliasName", long, "have length less than or equal to 256")
    )
    kms.create_alias(AliasName=long[:-1], TargetKeyId=key["KeyId"])


def test_the_names_of_services_are_reserved(kms: Any, key: Any) -> None:
    kms.describe_key(KeyId="alias/aws/rds")
    assert (
        refusal(kms.create_alias, AliasName="alias/aws/mine", TargetKeyId=key["KeyId"]).code
        == "InvalidAliasNameException"
    )
    assert refusal(kms.delete_alias, AliasName="alias/aws/rds").code == "AccessDeniedException"


def test_an_alias_names_a_key_and_not_an_alias(kms: Any, key: Any) -> None:
    alias = f"alias/chain/{key['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for target in [alias, f"{HERE}:{alias}"]:
        for call, name in [(kms.create_alias, f"{alias}/2"), (kms.update_alias, alias)]:
            assert refusal(call, AliasName=name, TargetKeyId=target) == (
                "ValidationException",
                "Aliases must refer to keys. Not aliases",
            )


def test_an_alias_that_is_not_there_does_not_move(kms: Any, key: Any) -> None:
    assert refusal(kms.update_alias, AliasName="alias/absent", TargetKeyId=key["KeyId"]) == (
        "NotFoundException",
        f"Alias {HERE}:alias/absent is not found.",
    )


def test_aliases_are_listed_page_by_page_in_the_order_of_their_names(kms: Any, key: Any) -> None:
    made = [f"alias/page/{key['KeyId']}/{n}" for n in range(7)]
    for name in reversed(made):
        kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    pages = kms.get_paginator("list_aliases").paginate(
        KeyId=key["KeyId"], PaginationConfig={"PageSize": 3}
    )
    assert [[alias["AliasName"] for alias in page["Aliases"]] for page in pages] == [
        made[:3],
        made[3:6],
        made[6:],
    ]
    everything = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 5})
    names = [alias["AliasName"] for page in everything for alias in page["Aliases"]]
    assert names == sorted(set(names)) and set(made) <= set(names)


def test_a_page_of_aliases_holds_one_hundred_at_most(kms: Any) -> None:
    assert refusal(kms.list_aliases, Limit=101) == invalid(
        must("limit", 101, "have value less than or equal to 100")
    )


def test_a_key_has_fifty_aliases_at_most(kms: Any, key: Any) -> None:
    for n in range(50):
        kms.create_alias(AliasName=f"alias/many/{key['KeyId']}/{n}", TargetKeyId=key["KeyId"])
    assert refusal(
        kms.create_alias, AliasName=f"alias/many/{key['KeyId']}/50", TargetKeyId=key["KeyId"]
    ) == (
        "LimitExceededException",
        "Aliases per key quota for this account in this region is 50, current usage is 50.",
    )

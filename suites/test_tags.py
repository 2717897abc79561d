"""Tags: put, replaced, listed, removed."""

from __future__ import annotations

from typing import Any

from blackbox.refusal import invalid, must, refusal


def tags(**values: str) -> list[dict[str, str]]:
    return [{"TagKey": name, "TagValue": value} for name, value in values.items()]


def tags_of(kms: Any, key_id: str) -> dict[str, str]:
    listed = kms.get_paginator("list_resource_tags").paginate(KeyId=key_id).build_full_result()
    return {tag["TagKey"]: tag["TagValue"] for tag in listed["Tags"]}


def test_tags_are_put_replaced_and_removed(kms: Any, key: Any) -> None:
    kms.tag_resource(KeyId=key["KeyId"], Tags=tags(team="red", Team="blue", empty=""))
    kms.tag_resource(KeyId=key["KeyId"], Tags=tags(team="green"))
    assert tags_of(kms, key["KeyId"]) == {"team": "green", "Team": "blue", "empty": ""}
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["Team", "never there"])
    assert tags_of(kms, key["KeyId"]) == {"team": "green", "empty": ""}


def test_a_key_can_be_made_with_tags(kms: Any) -> None:
    key = kms.create_key(Tags=tags(Zweck="Gehälter + Löhne", owner="a@b.c"))["KeyMetadata"]
    assert tags_of(kms, key["KeyId"]) == {"Zweck": "Gehälter + Löhne", "owner": "a@b.c"}


def test_tags_are_listed_page_by_page(kms: Any, key: Any) -> None:
    many = {f"tag-{n:02}": str(n) for n in range(50)}
    kms.tag_resource(KeyId=key["KeyId"], Tags=tags(**many))
    pages = list(
        kms.get_paginator("list_resource_tags").paginate(
            KeyId=key["KeyId"], PaginationConfig={"PageSize": 20}
        )
    )
    assert [len(page["Tags"]) for page in pages] == [20, 20, 10]
    assert tags_of(kms, key["KeyId"]) == many


def test_a_key_has_fifty_tags_at_most(kms: Any, key: Any) -> None:
    kms.tag_resource(KeyId=key["KeyId"], Tags=tags(**{f"t{n}": "" for n in range(50)}))
    one_more = refusal(kms.tag_resource, KeyId=key["KeyId"], Tags=tags(one="more"))
    assert one_more.code == "LimitExceededException"
    kms.tag_resource(KeyId=key["KeyId"], Tags=tags(t0="replaced"))
    assert len(tags_of(kms, key["KeyId"])) == 50
    too_many = tags(**{f"u{n}": "" for n in range(51)})
    for call, parameters in [(kms.tag_resource, {"KeyId": key["KeyId"]}), (kms.create_key, {})]:
        assert refusal(call, Tags=too_many, **parameters) == ("TagException", "Too many tags")


def test_a_tag_set_that_breaks_a_rule_is_refused(kms: Any, key: Any) -> None:
    twice = tags(a="1") + tags(a="2")
    reserved = "aws: prefixed tag key names are not allowed for external use."
    for broken, text in [
        (twice, "Duplicate tag keys"),
        (tags(**{"aws:mine": "x"}), reserved),
        (tags(**{"AWS:mine": "x"}), reserved),
    ]:
        for call, parameters in [(kms.tag_resource, {"KeyId": key["KeyId"]}), (kms.create_key, {})]:
            assert refusal(call, Tags=broken, **parameters) == ("TagException", text)
    assert refusal(kms.untag_resource, KeyId=key["KeyId"], TagKeys=["aws:x"]).code == "TagException"
    assert tags_of(kms, key["KeyId"]) == {}


def test_a_tag_that_is_too_long_is_named_by_its_place(kms: Any, key: Any) -> None:
    long_key, long_value = "k" * 129, "v" * 257
    broken = tags(fine="x") + tags(**{long_key: long_value})
    assert refusal(kms.tag_resource, KeyId=key["KeyId"], Tags=broken) == invalid(
        must("tags.2.member.tagKey", long_key, "have length less than or equal to 128"),
        must("tags.2.member.tagValue", long_value, "have length less than or equal to 256"),
    )

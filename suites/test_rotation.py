"""Rotation: by date, on demand, and what is left of the material that was current before.

Nobody moves the clock here, so no date comes; rotations on demand end in the background.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from blackbox.deployment import ACCOUNT, OTHER_REGION, REGION
from blackbox.refusal import Refusal, invalid, must, refusal, refusal_of
from blackbox.waiting import wait_for
from blackbox.wire import Wire

# Below a minute, so that the minute's round is never what ends a rotation on demand.
ROTATED_S = 30.0


def status(client: Any, key_id: str) -> dict[str, Any]:
    answer = client.get_key_rotation_status(KeyId=key_id)
    del answer["ResponseMetadata"]
    return answer


def versions(client: Any, key_id: str) -> list[dict[str, Any]]:
    listed = client.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    return listed["Rotations"]


def current(client: Any, key_id: str) -> str:
    return client.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"]


def rotated(client: Any, key_id: str) -> dict[str, Any]:
    """Rotates a key on demand; the newest version once it is current."""
    before = current(client, key_id)
    client.rotate_key_on_demand(KeyId=key_id)

    def probe() -> dict[str, Any] | None:
        if "OnDemandRotationStartDate" in status(client, key_id):
            return None
        return versions(client, key_id)[-1]

    newest = wait_for("rotated key", probe, ROTATED_S)
    assert newest["KeyMaterialId"] == current(client, key_id) != before
    return newest


def test_a_key_rotates_on_demand_and_keeps_what_it_sealed_before(kms: Any, key: Any) -> None:
    key_id, first = key["KeyId"], key["CurrentKeyMaterialId"]
    old = kms.encrypt(KeyId=key_id, Plaintext=b"old")
    assert kms.rotate_key_on_demand(KeyId=key_id)["KeyId"] == key["Arn"]
    wait_for("rotation", lambda: current(kms, key_id) != first or None, ROTATED_S)
    new = kms.encrypt(KeyId=key_id, Plaintext=b"new")

    opened = kms.decrypt(CiphertextBlob=old["CiphertextBlob"])
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (b"old", first)
    opened = kms.decrypt(CiphertextBlob=new["CiphertextBlob"])
    assert (opened["Plaintext"], opened["KeyMaterialId"]) == (b"new", current(kms, key_id))
    again = kms.re_encrypt(CiphertextBlob=old["CiphertextBlob"], DestinationKeyId=key_id)
    assert again["SourceKeyMaterialId"] == first
    assert again["DestinationKeyMaterialId"] == current(kms, key_id)


def test_data_keys_of_before_a_rotation_open(kms: Any, key: Any) -> None:
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    rotated(kms, key["KeyId"])
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]


def test_rotations_are_listed_oldest_first_page_by_page(kms: Any, key: Any) -> None:
    key_id, before = key["KeyId"], datetime.now(UTC)
    assert kms.list_key_rotations(KeyId=key_id)["Rotations"] == []
    made = [rotated(kms, key_id) for _ in range(3)]
    for version in made[:-1]:
        version["KeyMaterialState"] = "NON_CURRENT"
    assert [version["KeyMaterialState"] for version in made] == ["NON_CURRENT"] * 2 + ["CURRENT"]
    for version in made:
        assert version["RotationType"] == "ON_DEMAND" and version["KeyId"] == key_id
        assert abs(version["RotationDate"] - before) < timedelta(seconds=60)
    assert kms.list_key_rotations(KeyId=key_id)["Rotations"] == made
    first = {
        "KeyId": key_id,
        "KeyMaterialId": key["CurrentKeyMaterialId"],
        "KeyMaterialState": "NON_CURRENT",
    }
    assert versions(kms, key_id) == [first, *made]
    pages = kms.get_paginator("list_key_rotations").paginate(
        KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL", PaginationConfig={"PageSize": 1}
    )
    assert [page["Rotations"] for page in pages] == [[version] for version in [first, *made]]


def test_rotation_by_date_is_enabled_changed_and_disabled(kms: Any, key: Any) -> None:
    key_id = key["KeyId"]
    off = {"KeyId": key_id, "KeyRotationEnabled": False}
    assert status(kms, key_id) == off
    for parameters, days in [({"RotationPeriodInDays": 90}, 90), ({}, 365)]:
        before = datetime.now(UTC)
        kms.enable_key_rotation(KeyId=key["Arn"], **parameters)
        told = status(kms, key_id)
        due = told.pop("NextRotationDate") - timedelta(days=days)
        assert abs(due - before) < timedelta(seconds=30)
        assert told == {
            "KeyId": key_id,
            "KeyRotationEnabled": True,
            "RotationPeriodInDays": days,
        }
    for _ in range(2):
        kms.disable_key_rotation(KeyId=key_id)
        assert status(kms, key_id) == off


@pytest.mark.parametrize(
    ("days", "rule"),
    [(89, "greater than or equal to 90"), (2561, "less than or equal to 2560")],
)
def test_a_period_outside_its_range_is_refused(wire: Wire, key: Any, days: int, rule: str) -> None:
    parameters = {"KeyId": key["KeyId"], "RotationPeriodInDays": days}
    told = refusal_of(wire.call("EnableKeyRotation", parameters))
    assert told == invalid(must("rotationPeriodInDays", days, f"have value {rule}"))


def test_the_dates_outlive_disabling_a_key_and_a_cancelled_deletion(kms: Any, key: Any) -> None:
    key_id = key["KeyId"]
    kms.enable_key_rotation(KeyId=key_id)
    enabled = status(kms, key_id)
    kms.disable_key(KeyId=key_id)
    assert status(kms, key_id) == enabled
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert status(kms, key_id) == {"KeyId": key_id, "KeyRotationEnabled": False}
    kms.cancel_key_deletion(KeyId=key_id)
    assert status(kms, key_id) == enabled


def test_a_rotation_on_demand_leaves_the_dates_alone(kms: Any, key: Any) -> None:
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    before = status(kms, key["KeyId"])
    rotated(kms, key["KeyId"])
    assert status(kms, key["KeyId"]) == before


def test_a_key_rotates_on_demand_25_times(kms: Any, key: Any) -> None:
    for _ in range(25):
        rotated(kms, key["KeyId"])
    told = refusal(kms.rotate_key_on_demand, KeyId=key["KeyId"])
    assert told.code == "LimitExceededException" and "25" in (told.message or "")
    assert len(versions(kms, key["KeyId"])) == 26


def test_requests_that_meet_make_no_more_rotations_than_succeeded(kms: Any, key: Any) -> None:
    def call(_: int) -> str | None:
        try:
            kms.rotate_key_on_demand(KeyId=key["KeyId"])
        except ClientError as error:
            return error.response["Error"]["Code"]
        return None

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(call, range(16)))
    assert set(codes) <= {None, "ConflictException"}
    wait_for(
        "end of the rotations",
        lambda: "OnDemandRotationStartDate" not in status(kms, key["KeyId"]) or None,
        ROTATED_S,
    )
    assert len(versions(kms, key["KeyId"])) == 1 + codes.count(None)


CHANGES = ["enable_key_rotation", "disable_key_rotation", "rotate_key_on_demand"]


@pytest.mark.parametrize("operation", CHANGES)
def test_a_key_that_cannot_be_used_is_refused(kms: Any, key: Any, operation: str) -> None:
    call, arn = getattr(kms, operation), key["Arn"]
    kms.disable_key(KeyId=key["KeyId"])
    disabled = Refusal("DisabledException", f"{arn} is disabled.")
    assert refusal(call, KeyId=key["KeyId"]) == disabled
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    deleted = Refusal("KMSInvalidStateException", f"{arn} is pending deletion.")
    assert refusal(call, KeyId=key["KeyId"]) == deleted


@pytest.mark.parametrize("operation", [*CHANGES, "list_key_rotations"])
@pytest.mark.parametrize(
    ("spec", "usage"), [("ECC_NIST_P256", "SIGN_VERIFY"), ("HMAC_256", "GENERATE_VERIFY_MAC")]
)
def test_a_key_with_one_material_for_ever_is_refused(
    kms: Any, operation: str, spec: str, usage: str
) -> None:
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    told = refusal(getattr(kms, operation), KeyId=key["KeyId"])
    assert told == Refusal("UnsupportedOperationException", None)
    assert status(kms, key["KeyId"]) == {"KeyId": key["KeyId"], "KeyRotationEnabled": False}


def test_a_key_for_imported_material_does_not_rotate_by_date(kms: Any) -> None:
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    key_id, arn = key["KeyId"], key["Arn"]
    text = f"{arn} origin is EXTERNAL which is not valid for this operation."
    for operation in CHANGES[:2]:
        told = refusal(getattr(kms, operation), KeyId=key_id)
        assert told == Refusal("UnsupportedOperationException", text)
    told = refusal(kms.rotate_key_on_demand, KeyId=key_id)
    assert told == Refusal("KMSInvalidStateException", f"{arn} is pending import.")
    assert status(kms, key_id) == {"KeyId": key_id, "KeyRotationEnabled": False}


def test_an_aws_managed_key_rotates_every_year_and_nobody_changes_that(kms: Any) -> None:
    key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    told = status(kms, key["KeyId"])
    assert told.pop("NextRotationDate") - key["CreationDate"] == timedelta(days=365)
    assert told == {
        "KeyId": key["KeyId"],
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": 365,
    }
    for operation in CHANGES:
        told = refusal(getattr(kms, operation), KeyId=key["KeyId"])
        assert told.code == "AccessDeniedException"


def test_a_multi_region_key_rotates_in_every_region_at_once(kms: Any, abroad: Any) -> None:
    key_id = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key_id, ReplicaRegion=OTHER_REGION)

    def replica() -> dict[str, Any] | None:
        metadata = abroad.describe_key(KeyId=key_id)["KeyMetadata"]
        return metadata if metadata["Enabled"] else None

    arn = wait_for("replica", replica, ROTATED_S)["Arn"]
    for operation in CHANGES:
        told = refusal(getattr(abroad, operation), KeyId=key_id)
        text = f"{arn} is not a multi-Region primary key."
        assert told == Refusal("UnsupportedOperationException", text)
    before = kms.encrypt(KeyId=key_id, Plaintext=b"before")["CiphertextBlob"]
    kms.enable_key_rotation(KeyId=key_id)
    rotated(kms, key_id)
    assert status(abroad, key_id) == status(kms, key_id)
    assert versions(abroad, key_id) == versions(kms, key_id)
    after = abroad.encrypt(KeyId=key_id, Plaintext=b"after")["CiphertextBlob"]
    assert abroad.decrypt(CiphertextBlob=before)["Plaintext"] == b"before"
    assert kms.decrypt(CiphertextBlob=after)["Plaintext"] == b"after"


def test_a_rotation_is_told_by_a_service_event(deployment: Any, kms: Any, key: Any) -> None:
    key_id, arn = key["KeyId"], key["Arn"]
    answer = kms.rotate_key_on_demand(KeyId=key_id)
    record = deployment.record_of(answer)
    assert record["eventName"] == "RotateKeyOnDemand"
    assert record["requestParameters"] == {"keyId": key_id}
    assert record["responseElements"] == {"keyId": arn}

    def event() -> dict[str, Any] | None:
        of_key = [
            record
            for record in deployment.records()
            if record["eventName"] == "RotateKey" and record["resources"][0]["ARN"] == arn
        ]
        return of_key[0] if of_key else None

    found = wait_for("service event", event, ROTATED_S)
    assert (found["eventType"], found["awsRegion"]) == ("AwsServiceEvent", REGION)
    assert found["recipientAccountId"] == ACCOUNT
    assert found["serviceEventDetails"] == {
        "rotationType": "ON_DEMAND",
        "keyOrigin": "AWS_KMS",
        "previousKeyMaterialId": key["CurrentKeyMaterialId"],
        "currentKeyMaterialId": current(kms, key_id),
        "keyId": key_id,
    }


def test_a_killed_process_loses_no_rotation(deploy: Any) -> None:
    served = deploy("--region", REGION)
    served.start()
    kms = served.client()
    key = kms.create_key()["KeyMetadata"]
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    served.kill()
    served.start()
    kms = served.client()

    def ended() -> list[dict[str, Any]] | None:
        found = versions(kms, key["KeyId"])
        return found if len(found) == 2 else None

    wait_for("rotation after the restart", ended, ROTATED_S)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"

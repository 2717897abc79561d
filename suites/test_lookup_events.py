"""CloudTrail's LookupEvents, through boto3 and the AWS CLI, and the trail it tells of."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from blackbox import model
from blackbox.deployment import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    Deployment,
    clean_environment,
    run,
)
from blackbox.principals import BY_IDENTITY, IDENTITY, Account, Caller, allow, deny, fresh, trust
from blackbox.refusal import Refusal, refusal, refusal_of
from blackbox.wire import Scope

AWS = Path(sys.executable).with_name("aws")
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/keyward"


def deliver(deployment: Deployment) -> None:
    """Everything recorded so far into log files."""
    run("audit", "deliver", "--data-dir", deployment.directory)


def by(key: str, value: str) -> dict[str, Any]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def look_up(caller: Caller, region: str = REGION, **wanted: Any) -> list[dict[str, Any]]:
    """The events of all pages."""
    pages = caller.client("cloudtrail", region).get_paginator("lookup_events").paginate(**wanted)
    return [event for page in pages for event in page["Events"]]


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["EventName"] for event in events]


def record(event: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(event["CloudTrailEvent"])
    return whole


def unchecked(caller: Caller) -> Any:
    """A client that sends what the model forbids."""
    client = boto3.client(
        "cloudtrail",
        region_name=REGION,
        endpoint_url=caller.deployment.endpoint,
        aws_access_key_id=caller.keys.access_key_id,
        aws_secret_access_key=caller.keys.secret_access_key,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    client.meta.events.register_first("after-call.cloudtrail", model.check_answer)
    return client


@pytest.mark.parametrize("is_delivered", [False, True], ids=["at once", "from log files"])
def test_every_attribute_finds_the_call(
    home: Account, town: Deployment, is_delivered: bool
) -> None:
    user = home.user(allow("kms:*"))
    key = home.key()["Arn"]
    answer = user.kms.encrypt(KeyId=key, Plaintext=b"x")
    if is_delivered:
        deliver(town)
    expected = town.record_of(answer)
    expected.pop("operatorNote", None)
    found = look_up(home.root, **by("EventId", expected["eventID"]))
    assert [record(event) for event in found] == [expected]
    event = found[0]
    at = datetime.strptime(expected["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert event["EventTime"] == at
    assert {k: v for k, v in event.items() if k not in {"CloudTrailEvent", "EventTime"}} == {
        "EventId": expected["eventID"],
        "EventName": "Encrypt",
        "ReadOnly": "true",
        "AccessKeyId": user.keys.access_key_id,
        "EventSource": "kms.amazonaws.com",
        "Username": user.name,
        "Resources": [{"ResourceType": "AWS::KMS::Key", "ResourceName": key}],
    }
    for attribute, value in {
        "Username": user.name,
        "AccessKeyId": user.keys.access_key_id,
    }.items():
        assert look_up(home.root, **by(attribute, value)) == found, attribute
    of_key = look_up(home.root, **by("ResourceName", key))
    assert sorted(names(of_key)) == ["CreateKey", "Encrypt"]
    since = at - timedelta(seconds=5)
    for attribute, value in {
        "EventName": "Encrypt",
        "EventSource": "kms.amazonaws.com",
        "ReadOnly": "true",
        "ResourceType": "AWS::KMS::Key",
    }.items():
        several = look_up(home.root, StartTime=since, **by(attribute, value))
        assert event in several, attribute
    for attribute, value in {
        "Username": user.name.upper(),
        "EventId": str(uuid.uuid4()),
        "ResourceName": key[:-1],
    }.items():
        assert look_up(home.root, **by(attribute, value)) == [], attribute


def test_sessions_are_found_by_their_names_and_root_as_root(home: Account) -> None:
    name = fresh("session")
    role = home.role(trust({"AWS": home.admin.arn}), allow("kms:*"))
    session = home.admin.assume(role, name)
    session.kms.generate_random(NumberOfBytes=1)
    assert names(look_up(home.root, **by("Username", name))) == ["GenerateRandom"]
    home.root.kms.generate_random(NumberOfBytes=1)
    [event, *_] = look_up(home.root, **by("Username", "root"))
    assert record(event)["userIdentity"]["type"] == "Root"


def test_pages_hold_every_event_once_newest_first(home: Account, town: Deployment) -> None:
    user = home.user(allow("kms:*"))
    for number in range(120):
        user.kms.generate_random(NumberOfBytes=1)
        if number in {40, 90}:
            deliver(town)
    client = home.root.client("cloudtrail")
    seen: list[dict[str, Any]] = []
    sizes = []
    token: dict[str, str] = {}
    while True:
        page = client.lookup_events(**by("Username", user.name), **token)
        sizes.append(len(page["Events"]))
        seen += page["Events"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
        deliver(town)
    assert sizes == [50, 50, 20]
    assert len({event["EventId"] for event in seen}) == 120
    times = [event["EventTime"] for event in seen]
    assert times == sorted(times, reverse=True)
    small = client.lookup_events(MaxResults=1, **by("Username", user.name))
    assert small["Events"] == seen[:1]
    for parameters in [by("Username", "other"), {}, by("Username", user.name) | {"StartTime": 0}]:
        told = refusal(client.lookup_events, NextToken=small["NextToken"], **parameters)
        text = "The next token is not valid, or was returned to other parameters."
        assert told == Refusal("InvalidNextTokenException", text)


def test_the_command_line_pages_and_filters(home: Account, town: Deployment) -> None:
    user = home.user(allow("kms:*"))
    for _ in range(60):
        user.kms.generate_random(NumberOfBytes=1)
    environment = clean_environment(AWS_EC2_METADATA_DISABLED="true", **town.aws_environment)

    def aws(*arguments: str) -> Any:
        done = subprocess.run(
            [AWS, "cloudtrail", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    attribute = ["--lookup-attributes", f"AttributeKey=Username,AttributeValue={user.name}"]
    whole = aws("lookup-events", *attribute)["Events"]
    assert names(whole) == ["GenerateRandom"] * 60
    first = aws("lookup-events", *attribute, "--max-items", "25", "--page-size", "10")
    rest = aws(
        "lookup-events", *attribute, "--page-size", "10", "--starting-token", first["NextToken"]
    )
    assert first["Events"] + rest["Events"] == whole
    assert aws("lookup-events", *attribute, "--end-time", "2020-01-01T00:00:00Z")["Events"] == []
    assert [trail["TrailARN"] for trail in aws("describe-trails")["trailList"]] == [TRAIL]
    assert aws("get-trail-status", "--name", "keyward")["IsLogging"] is True


def test_both_ends_of_a_range_belong_to_it(home: Account) -> None:
    user = home.user(allow("kms:*"))
    user.kms.generate_random(NumberOfBytes=1)
    [event] = look_up(home.root, **by("Username", user.name))
    at = event["EventTime"]
    second = timedelta(seconds=1)
    for start, end, is_found in [
        (at, at, True),
        (at - second, at + second, True),
        (at + second / 2, at + second, False),
        (at - second, at - second / 2, False),
        (at - second / 2, at + second / 2, True),
    ]:
        found = look_up(home.root, StartTime=start, EndTime=end, **by("Username", user.name))
        assert found == ([event] if is_found else []), (start, end)


def test_accounts_and_regions_have_logs_of_their_own(home: Account, away: Account) -> None:
    mine, theirs = home.key()["Arn"], away.key()["Arn"]
    assert names(look_up(home.root, **by("ResourceName", mine))) == ["CreateKey"]
    assert look_up(home.root, **by("ResourceName", theirs)) == []
    assert look_up(away.root, **by("ResourceName", mine)) == []
    assert look_up(home.root, OTHER_REGION, **by("ResourceName", mine)) == []
    for account in (home, away):
        recent = account.root.client("cloudtrail").lookup_events()["Events"]
        assert {record(event)["recipientAccountId"] for event in recent} == {account.number}
        assert {record(event)["awsRegion"] for event in recent} == {REGION}


def test_events_of_iam_are_in_the_global_region(home: Account) -> None:
    name = fresh("user")
    home.admin.client("iam", OTHER_REGION).create_user(UserName=name)
    created = by("EventName", "CreateUser")

    def made(events: list[dict[str, Any]]) -> list[str]:
        return [record(event)["requestParameters"]["userName"] for event in events]

    assert name in made(look_up(home.root, "us-east-1", **created))
    assert name not in made(look_up(home.root, OTHER_REGION, **created))


def test_looking_needs_a_permission_and_leaves_a_record(home: Account) -> None:
    text = "User: {arn} is not authorized to perform: cloudtrail:LookupEvents {reason}"
    without = home.user(allow("kms:*"))
    told = refusal(without.client("cloudtrail").lookup_events)
    reason = IDENTITY.format(action="cloudtrail:LookupEvents")
    expected = text.format(arn=without.arn, reason=reason)
    assert told == Refusal("AccessDeniedException", expected)
    denied = home.user(allow("*"), deny("cloudtrail:LookupEvents"))
    told = refusal(denied.client("cloudtrail").lookup_events)
    expected = text.format(arn=denied.arn, reason=BY_IDENTITY)
    assert told == Refusal("AccessDeniedException", expected)
    [event] = look_up(home.root, **by("Username", without.name))
    assert (event["EventName"], event["EventSource"]) == (
        "LookupEvents",
        "cloudtrail.amazonaws.com",
    )
    assert record(event)["errorCode"] == "AccessDenied"

    reader = home.user()
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    home.iam.attach_user_policy(UserName=reader.name, PolicyArn=policy)
    reader.client("cloudtrail").lookup_events(MaxResults=1)
    [event] = look_up(home.root, **by("Username", reader.name))
    assert record(event)["requestParameters"] == {"maxResults": 1}
    assert event["ReadOnly"] == "true"


ATTRIBUTES = "InvalidLookupAttributesException"
LENGTH = "The lookup attribute value must have 1 to 2000 characters."


@pytest.mark.parametrize(
    ("wanted", "code", "text"),
    [
        (
            {"LookupAttributes": 2 * by("EventName", "a")["LookupAttributes"]},
            ATTRIBUTES,
            "At most one lookup attribute can be specified.",
        ),
        (by("Eventname", "a"), ATTRIBUTES, "The lookup attribute key is not valid."),
        (by("EventName", ""), ATTRIBUTES, LENGTH),
        (by("EventName", "x" * 2001), ATTRIBUTES, LENGTH),
        ({"MaxResults": 0}, "InvalidMaxResultsException", "MaxResults must be between 1 and 50."),
        ({"MaxResults": 51}, "InvalidMaxResultsException", "MaxResults must be between 1 and 50."),
        (
            {"StartTime": 2_000_000_000, "EndTime": 1_999_999_999},
            "InvalidTimeRangeException",
            "The start time is after the end time.",
        ),
        (
            {"EventCategory": "data"},
            "InvalidEventCategoryException",
            "The event category is not valid.",
        ),
        (
            {"NextToken": "x"},
            "InvalidNextTokenException",
            "The next token is not valid, or was returned to other parameters.",
        ),
    ],
    ids=lambda it: it if isinstance(it, str) and it.endswith("Exception") else "",
)
def test_what_cannot_be_asked_is_refused(
    home: Account, wanted: dict[str, Any], code: str, text: str
) -> None:
    assert refusal(unchecked(home.root).lookup_events, **wanted) == Refusal(code, text)


@pytest.mark.parametrize("prefix", ["com.amazonaws.cloudtrail.v20131101.", ""])
def test_both_spellings_of_the_target_are_understood(town: Deployment, prefix: str) -> None:
    target = {"X-Amz-Target": f"{prefix}CloudTrail_20131101.LookupEvents"}
    scope = Scope(REGION, "cloudtrail")
    answer = town.wire().send({"MaxResults": 1}, target, scope=scope)
    assert answer.status == 200
    assert "Events" in answer.json
    told = refusal_of(town.wire().send({}, target, scope=Scope(REGION, "kms")))
    assert told.code == "InvalidSignatureException"


def test_there_are_no_insights(home: Account) -> None:
    answer = home.root.client("cloudtrail").lookup_events(EventCategory="insight")
    assert answer["Events"] == []
    assert "NextToken" not in answer


def test_the_last_use_of_a_key_leads_to_its_record(home: Account, town: Deployment) -> None:
    key = home.key()["Arn"]
    for is_delivered in (False, True):
        answer = home.kms.encrypt(KeyId=key, Plaintext=b"x")
        if is_delivered:
            deliver(town)
        use = home.kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
        [event] = look_up(home.root, **by("EventId", use["CloudTrailEventId"]))
        assert record(event)["requestID"] == use["KmsRequestId"]
        assert use["KmsRequestId"] == answer["ResponseMetadata"]["RequestId"]
        assert event["EventName"] == use["Operation"] == "Encrypt"
        assert event["EventTime"] == use["Timestamp"].replace(microsecond=0)


def test_the_last_use_by_another_account_leads_to_the_copy_of_the_owner(
    home: Account, away: Account, town: Deployment
) -> None:
    key = home.key(allow("kms:Encrypt", Principal={"AWS": away.arn("root")}))["Arn"]
    user = away.user(allow("kms:Encrypt", key))
    user.kms.encrypt(KeyId=key, Plaintext=b"x")
    for is_delivered in (False, True):
        if is_delivered:
            deliver(town)
        use = home.kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
        [copy] = look_up(home.root, **by("EventId", use["CloudTrailEventId"]))
        assert record(copy)["recipientAccountId"] == ACCOUNT
        assert set(record(copy)["userIdentity"]) == {"type", "principalId", "accountId"}
        assert "Username" not in copy
        assert "AccessKeyId" not in copy
        assert look_up(away.root, **by("EventId", use["CloudTrailEventId"])) == []
        [own] = look_up(away.root, **by("Username", user.name))
        assert record(own)["sharedEventID"] == record(copy)["sharedEventID"]
        assert record(own)["recipientAccountId"] == OTHER_ACCOUNT
        assert record(own)["requestID"] == use["KmsRequestId"]


def test_the_trail_takes_everything_and_cannot_be_changed(home: Account) -> None:
    cloudtrail = home.admin.client("cloudtrail")
    [trail] = cloudtrail.describe_trails()["trailList"]
    assert trail == {
        "Name": "keyward",
        "S3BucketName": "keyward-audit",
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": True,
        "HomeRegion": REGION,
        "TrailARN": TRAIL,
        "LogFileValidationEnabled": True,
        "HasCustomEventSelectors": False,
        "HasInsightSelectors": False,
        "IsOrganizationTrail": False,
    }
    assert cloudtrail.get_trail(Name="keyward")["Trail"] == trail
    told = Refusal(
        "OperationNotPermittedException",
        "Everything is recorded here. The trail cannot be changed.",
    )
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": False}
    for change, parameters in [
        (cloudtrail.stop_logging, {"Name": TRAIL}),
        (cloudtrail.start_logging, {"Name": TRAIL}),
        (cloudtrail.delete_trail, {"Name": "keyward"}),
        (cloudtrail.update_trail, {"Name": "keyward", "S3BucketName": "mine"}),
        (cloudtrail.put_event_selectors, {"TrailName": TRAIL, "EventSelectors": [selector]}),
    ]:
        assert refusal(change, **parameters) == told, change
    told = refusal(cloudtrail.create_trail, Name="mine", S3BucketName="mine")
    text = "There is one trail here, and everything is recorded in it."
    assert told == Refusal("UnsupportedOperationException", text)
    told = refusal(cloudtrail.stop_logging, Name="other")
    arn = TRAIL.replace("keyward", "other")
    text = f"Unknown trail: {arn} for the user: {ACCOUNT}"
    assert told == Refusal("TrailNotFoundException", text)
    assert cloudtrail.get_trail_status(Name="keyward")["IsLogging"] is True
    [event] = look_up(home.root, **by("EventName", "PutEventSelectors"))
    assert record(event)["errorCode"] == "OperationNotPermittedException"


def test_what_is_older_than_the_history_is_not_found(
    deploy: Callable[..., Deployment], tmp_path: Path
) -> None:
    made = deploy("--dev")
    settings = tmp_path / "keyward.toml"
    settings.write_text("[audit]\nhistory_days = 2\n")
    made.start("--config", str(settings))
    account = Account(made, ACCOUNT, "keyward")
    made_key = by("ResourceName", account.key()["Arn"])
    assert names(look_up(account.root, **made_key)) == ["CreateKey"]
    deliver(made)
    run("dev", "advance", "1d", "--data-dir", made.directory)
    assert names(look_up(account.root, **made_key)) == ["CreateKey"]
    run("dev", "advance", "2d", "--data-dir", made.directory)
    assert look_up(account.root, **made_key) == []

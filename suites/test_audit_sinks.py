"""Audit records on their way to receivers: webhook, syslog and OTLP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from blackbox import metrics
from blackbox.deployment import ACCOUNT, REGION, Deployment, run
from blackbox.importing import wrap
from blackbox.receivers import HttpReceiver, Request, SyslogReceiver
from blackbox.refusal import refused
from blackbox.waiting import asked, wait_for

Deploy = Callable[..., Deployment]

SECRET = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    made = HttpReceiver()
    yield made
    made.stop()


@pytest.fixture
def collector() -> Iterator[SyslogReceiver]:
    made = SyslogReceiver()
    yield made
    made.stop()


def settings(deployment: Deployment, text: str) -> list[str]:
    """The arguments for a configuration of this text."""
    file = deployment.directory.with_name("keyward.toml")
    file.write_text(text)
    return ["--config", str(file)]


def webhook(deployment: Deployment, receiver: HttpReceiver, more: str = "") -> list[str]:
    secret = deployment.directory.with_name("secret")
    secret.write_text(f"whsec_{SECRET}\n")
    return settings(
        deployment,
        f"[audit_webhook]\nurl = '{receiver.url}/hook?token=hidden'\nfrom = 'oldest'\n"
        f"secret_file = '{secret}'\nallow_http_to_loopback = true\n{more}",
    )


def otlp(deployment: Deployment, receiver: HttpReceiver, more: str = "") -> list[str]:
    headers = deployment.directory.with_name("headers")
    headers.write_text("Authorization: Bearer hidden\n")
    return settings(
        deployment,
        f"[audit_otlp]\nendpoint = '{receiver.url}'\nfrom = 'oldest'\n"
        f"headers_file = '{headers}'\nallow_http_to_loopback = true\n{more}",
    )


def logs(receiver: HttpReceiver) -> list[dict[str, Any]]:
    """Every log record posted, in order."""
    found = []
    for request in list(receiver.requests):
        for resource in request.json["resourceLogs"]:
            for scope in resource["scopeLogs"]:
                found += scope["logRecords"]
    return found


def ids(records: list[dict[str, Any]]) -> list[str]:
    """The event ids in the order of their first coming."""
    return list(dict.fromkeys(record["eventID"] for record in records))


def bodies(receiver: HttpReceiver) -> list[dict[str, Any]]:
    return [json.loads(log["body"]["stringValue"]) for log in logs(receiver)]


def wait_for_all(deployment: Deployment, found: Callable[[], list[dict[str, Any]]]) -> None:
    """Waits until every record of the journal has come, in the journal's order."""
    expected = ids(deployment.records())
    wait_for("last record", lambda: set(expected) <= set(ids(found())) or None)
    assert ids(found())[: len(expected)] == expected


def ready(deployment: Deployment) -> httpx.Response:
    return asked(f"{deployment.endpoint}/health/ready")


def advance(deployment: Deployment, time: str) -> None:
    run("dev", "advance", time, "--data-dir", deployment.directory)


def test_events_of_keys_are_posted_signed_and_again_until_they_are_taken(
    deploy: Deploy, receiver: HttpReceiver
) -> None:
    answers = [500, 429]
    receiver.answer = lambda _: answers.pop() if answers else 200
    receiver.start()
    deployment = deploy("--dev")
    deployment.start(*webhook(deployment, receiver))
    kms = deployment.client()
    rotated = kms.create_key()["KeyMetadata"]
    kms.enable_key_rotation(KeyId=rotated["KeyId"], RotationPeriodInDays=90)
    deleted = kms.create_key()["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=deleted["KeyId"], PendingWindowInDays=7)
    advance(deployment, "8d")
    advance(deployment, "90d")

    wait_for("fourth request", lambda: len(receiver.requests) >= 4 or None)
    events = {request.json["id"]: request.json for request in receiver.requests}
    assert len(events) == 2, "an event keeps its id when it is sent again"
    by_type = {event["detail-type"]: event for event in events.values()}
    deletion, rotation = by_type["KMS CMK Deletion"], by_type["KMS CMK Rotation"]
    assert deletion["detail"] == {"key-id": deleted["KeyId"]}
    assert deletion["resources"] == [deleted["Arn"]]
    assert rotation["detail"].keys() == {
        "key-id",
        "key-origin",
        "rotation-type",
        "previous-key-material-id",
        "current-key-material-id",
    }
    assert rotation["detail"]["key-id"] == rotated["KeyId"]
    for event in events.values():
        assert (event["version"], event["source"]) == ("0", "aws.kms")
        assert (event["account"], event["region"]) == (ACCOUNT, REGION)
    recorded = {record["eventID"] for record in deployment.records()}
    assert events.keys() <= recorded
    for request in receiver.requests:
        check_signature(request)
    assert deployment.stop() == 0
    assert not (deployment.directory / "audit" / "dead-letters.jsonl").exists()


def test_the_expiry_of_imported_material_is_posted(deploy: Deploy, receiver: HttpReceiver) -> None:
    receiver.start()
    deployment = deploy("--dev")
    deployment.start(*webhook(deployment, receiver))
    kms = deployment.client()
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    given = kms.get_parameters_for_import(
        KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    imported = kms.import_key_material(
        KeyId=key["KeyId"],
        ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=wrap("RSAES_OAEP_SHA_256", given["PublicKey"], bytes(range(32))),
        ValidTo=datetime.now(UTC) + timedelta(days=30),
    )
    advance(deployment, "29d")
    assert receiver.requests == []
    advance(deployment, "2d")

    wait_for("event", lambda: receiver.requests or None)
    [request] = receiver.requests
    check_signature(request)
    [record] = [it for it in deployment.records() if it["eventID"] == request.json["id"]]
    assert record["eventName"] == "DeleteExpiredKeyMaterial"
    assert request.json == {
        "version": "0",
        "id": record["eventID"],
        "detail-type": "KMS Imported Key Material Expiration",
        "source": "aws.kms",
        "account": ACCOUNT,
        "time": record["eventTime"],
        "region": REGION,
        "resources": [key["Arn"]],
        "detail": {"key-id": key["KeyId"], "key-material-id": imported["KeyMaterialId"]},
    }


def check_signature(request: Request) -> None:
    """As a receiver of Standard Webhooks does."""
    assert request.path == "/hook?token=hidden"
    assert request.headers["content-type"] == "application/json"
    time = request.headers["webhook-timestamp"]
    assert abs(int(time) - datetime.now(UTC).timestamp()) < 60
    signed = f"{request.headers['webhook-id']}.{time}.".encode() + request.body
    mac = hmac.digest(base64.b64decode(SECRET), signed, hashlib.sha256)
    assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert request.json["id"] == request.headers["webhook-id"]


def test_what_is_refused_for_good_is_a_dead_letter_and_the_next_event_comes(
    deploy: Deploy, receiver: HttpReceiver
) -> None:
    receiver.answer = lambda request: 400 if b"CreateAlias" in request.body else 200
    receiver.start()
    deployment = deploy()
    deployment.start(*webhook(deployment, receiver, "api_calls = 'writes'\n"))
    kms = deployment.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.list_keys()
    kms.create_alias(AliasName="alias/app", TargetKeyId=key)
    kms.disable_key(KeyId=key)

    wait_for("third event", lambda: len(receiver.requests) >= 3 or None)
    events = [request.json for request in receiver.requests]
    # They go out side by side.
    by_name = {event["detail"]["eventName"]: event for event in events}
    assert len(events) == 3
    assert by_name.keys() == {"CreateKey", "CreateAlias", "DisableKey"}, "reads are no events here"
    assert {event["detail-type"] for event in events} == {"AWS API Call via CloudTrail"}
    assert all("operatorNote" not in event["detail"] for event in events)
    letters = deployment.directory / "audit" / "dead-letters.jsonl"
    (letter,) = [json.loads(line) for line in letters.read_text().splitlines()]
    assert letter["event"] == by_name["CreateAlias"]
    assert letter["attempts"] == 1 and letter["reason"].endswith("answered 400")
    assert letters.stat().st_mode & 0o777 == 0o600
    assert "hidden" not in letters.read_text() + deployment.log.read_text()


def test_log_records_come_all_and_in_order_after_a_kill_and_a_time_without_receiver(
    deploy: Deploy, receiver: HttpReceiver
) -> None:
    deployment = deploy()
    arguments = otlp(deployment, receiver)
    deployment.start(*arguments)
    kms = deployment.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for _ in range(50):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    wait_for("note", lambda: "the audit sink `otlp` fails" in ready(deployment).text or None)
    assert ready(deployment).status_code == 200, "requests are served while records wait"
    deployment.kill()

    deployment.start(*arguments)
    kms = deployment.client()
    refused(kms.describe_key, KeyId="alias/none")
    receiver.start()
    wait_for_all(deployment, lambda: bodies(receiver))
    wait_for("end of the note", lambda: ready(deployment).text == "ready\n" or None)

    for _ in range(20):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    wait_for_all(deployment, lambda: bodies(receiver))
    deployment.kill()
    deployment.start(*arguments)
    deployment.client().list_keys()
    wait_for_all(deployment, lambda: bodies(receiver))
    assert deployment.stop() == 0
    count = len(logs(receiver))
    deployment.start(*arguments)
    deployment.client().list_aliases()
    wait_for_all(deployment, lambda: bodies(receiver))
    assert len(logs(receiver)) == count + 1, "a clean stop repeats nothing"
    assert "hidden" not in deployment.log.read_text()

    request = receiver.requests[0]
    assert request.path == "/v1/logs"
    assert request.headers["authorization"] == "Bearer hidden"
    log = next(log for log in logs(receiver) if log["eventName"] == "DescribeKey")
    attributes = {item["key"]: item["value"]["stringValue"] for item in log["attributes"]}
    assert attributes["error.type"] == "NotFoundException" and log["severityNumber"] == 13
    assert (attributes["rpc.service"], attributes["rpc.method"]) == ("KMS", "DescribeKey")
    assert (attributes["cloud.account.id"], attributes["cloud.region"]) == (ACCOUNT, REGION)


def test_a_required_sink_that_is_stuck_refuses_requests_until_it_moves(
    deploy: Deploy, receiver: HttpReceiver
) -> None:
    deployment = deploy()
    deployment.start(*otlp(deployment, receiver, "stuck_after_s = 2\n"))
    kms = deployment.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    reason = "the audit sink `otlp` does not take records in time"
    wait_for("reason", lambda: reason in ready(deployment).text or None)
    assert ready(deployment).status_code == 503
    before = len(deployment.records())
    for call in (kms.create_key, lambda: kms.encrypt(KeyId=key, Plaintext=b"x")):
        error = refused(call)
        assert error.response["Error"]["Code"] == "KMSInternalException", error.response
    assert len(deployment.records()) == before, "nothing is done that is not on record"

    receiver.start()
    wait_for("ready server", lambda: ready(deployment).status_code == 200 or None, 90)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    wait_for_all(deployment, lambda: bodies(receiver))
    assert ready(deployment).text == "ready\n"


def test_a_required_sink_whose_receiver_refuses_everything_as_bad_is_stuck(
    deploy: Deploy, receiver: HttpReceiver
) -> None:
    receiver.answer = lambda _: 400
    receiver.start()
    deployment = deploy()
    arguments = otlp(deployment, receiver, "stuck_after_s = 5\n")
    deployment.start(*arguments)
    kms = deployment.client()
    for _ in range(20):
        kms.list_keys()
    wait_for("stuck sink", lambda: ready(deployment).status_code == 503 or None)
    refused(kms.list_keys)
    letters = deployment.directory / "audit" / "dead-letters.jsonl"
    assert len(letters.read_text().splitlines()) == 1
    deployment.kill()

    # While it refuses still, no server gets ready.
    receiver.answer = lambda _: 200
    deployment.start(*arguments)
    deployment.client().list_keys()


def test_a_sink_that_is_not_required_stops_nobody(deploy: Deploy, receiver: HttpReceiver) -> None:
    deployment = deploy()
    deployment.start(*otlp(deployment, receiver, "stuck_after_s = 1\nrequired = false\n"))
    kms = deployment.client()
    kms.create_key()
    wait_for("stuck sink", lambda: "a sink is stuck" in deployment.log.read_text() or None)
    kms.create_key()
    assert ready(deployment).status_code == 200


def messages(collector: SyslogReceiver) -> list[dict[str, Any]]:
    """The records of all messages."""
    return [json.loads(message.split("] ", 1)[1]) for message in list(collector.messages)]


def test_syslog_messages_come_over_tcp_and_wait_while_nobody_listens(
    deploy: Deploy, collector: SyslogReceiver
) -> None:
    collector.start()
    deployment = deploy()
    arguments = settings(
        deployment,
        f"[audit_syslog]\naddress = 'tcp://127.0.0.1:{collector.port}'\nfrom = 'oldest'\n",
    )
    deployment.start(*arguments)
    kms = deployment.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    refused(kms.describe_key, KeyId="alias/none")
    wait_for_all(deployment, lambda: messages(collector))
    for message, record in zip(collector.messages, messages(collector), strict=True):
        severity = 4 if "errorCode" in record else 6
        data = (
            f'eventID="{record["eventID"]}" eventName="{record["eventName"]}" '
            f'account="{ACCOUNT}" region="{REGION}"'
        )
        head = (
            rf"<{13 * 8 + severity}>1 {record['eventTime']} \S+ keyward \d+ "
            rf"{record['eventName'][:32]} \[keyward@32473 {data}\] "
        )
        assert re.match(head, message), message
        assert "operatorNote" not in record

    collector.stop()
    for _ in range(30):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    deployment.kill()
    deployment.start(*arguments)
    deployment.client().list_keys()
    collector.start()
    wait_for_all(deployment, lambda: messages(collector))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "collector.pem"
    file.write_bytes(certificate.public_bytes(pem) + private)
    return file


def test_syslog_messages_come_over_tls_only_to_whom_the_operator_trusts(
    deploy: Deploy, collector: SyslogReceiver, certificate: Path
) -> None:
    collector.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    collector.tls.load_cert_chain(certificate)
    collector.start()
    deployment = deploy()
    address = f"[audit_syslog]\naddress = 'tls://localhost:{collector.port}'\nfrom = 'oldest'\n"
    deployment.start(*settings(deployment, address))
    deployment.client().list_keys()
    wait_for("failure", lambda: "a sink takes no records" in deployment.log.read_text() or None)
    assert collector.messages == []
    assert deployment.stop() == 0

    collector.stop()
    collector.start()
    deployment.start(*settings(deployment, f"{address}ca_file = '{certificate}'\n"))
    deployment.client().list_keys()
    wait_for_all(deployment, lambda: messages(collector))


def test_metrics_tell_of_each_sink(
    deploy: Deploy, receiver: HttpReceiver, collector: SyslogReceiver
) -> None:
    hook = HttpReceiver()
    deployment = deploy()
    more = f"""
[audit_webhook]
url = '{hook.url}/hook?token=hidden'
from = 'oldest'
api_calls = 'all'
allow_http_to_loopback = true
[audit_syslog]
address = 'tcp://127.0.0.1:{collector.port}'
from = 'oldest'
[metrics]
listen = '127.0.0.1:0'
"""
    deployment.start(*otlp(deployment, receiver, more))
    deployment.client().list_keys()

    def metric(sink: str, name: str) -> float:
        assert "hidden" not in metrics.page(deployment)
        return metrics.series(deployment)[f'keyward_audit_sink_{name}{{sink="{sink}"}}']

    def until(what: str, sink: str, name: str, holds: Callable[[float], bool]) -> None:
        wait_for(f"{what} of {sink}", lambda: holds(metric(sink, name)) or None, 90)

    sinks = ["webhook", "otlp", "syslog"]
    for sink in sinks:
        until("failure", sink, "failures_total", lambda value: value > 0)
        assert metric(sink, "lag_bytes") > 100
        assert metric(sink, "records_total") == 0
    hook.start()
    receiver.start()
    collector.start()
    try:
        for sink in sinks:
            until("end of the lag", sink, "lag_bytes", lambda value: value == 0)
            assert metric(sink, "records_total") >= 1
            assert metric(sink, "gaps_total") == 0
    finally:
        hook.stop()

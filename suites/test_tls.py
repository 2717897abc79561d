"""TLS: under the private CA that `init --tls-name` makes."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import SSLError

from blackbox.deployment import ACCOUNT, REGION, Deployment
from blackbox.wire import CONTENT_TYPE


@pytest.fixture
def tls(deploy: Callable[..., Deployment]) -> Deployment:
    return deploy("--tls-name", "localhost", "--tls-name", "127.0.0.1").start()


def test_the_profile_trusts_the_server_and_nothing_else_does(tls: Deployment) -> None:
    assert tls.setting("endpoint_url") == tls.endpoint
    kms = tls.client()
    key = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

    strangers = tls.session().client("kms", verify=True)
    with pytest.raises(SSLError):
        strangers.list_keys()


def test_the_record_tells_how_the_connection_was_secured(tls: Deployment) -> None:
    answer = tls.client().list_keys()
    details = tls.record_of(answer)["tlsDetails"]
    assert details["tlsVersion"] == "TLSv1.3"
    assert details["cipherSuite"].startswith("TLS_AES_")
    assert details["clientProvidedHostHeader"] == tls.endpoint.removeprefix("https://")


@pytest.mark.parametrize(
    ("version", "name", "cipher_suite"),
    [
        (ssl.TLSVersion.TLSv1_2, "TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        (ssl.TLSVersion.TLSv1_3, "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    ],
)
def test_a_record_of_a_call_over_tls_is_whole(
    tls: Deployment, version: ssl.TLSVersion, name: str, cipher_suite: str
) -> None:
    wire = tls.wire()
    wire.trust.minimum_version = wire.trust.maximum_version = version
    wire.trust.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    wire.trust.set_ecdh_curve("prime256v1")
    answer = wire.call("ListKeys", extra={"User-Agent": "by hand"})
    assert answer.status == 200
    record = tls.record_of(answer)
    expected = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "accountId": ACCOUNT,
            "accessKeyId": tls.credentials().access_key_id,
        },
        "eventTime": record["eventTime"],
        "eventSource": "kms.amazonaws.com",
        "eventName": "ListKeys",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "by hand",
        "requestParameters": None,
        "responseElements": None,
        "requestID": answer.headers["x-amzn-requestid"],
        "eventID": record["eventID"],
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": name,
            "cipherSuite": cipher_suite,
            "clientProvidedHostHeader": tls.endpoint.removeprefix("https://"),
            "keyExchange": "secp256r1",
        },
    }
    record.pop("operatorNote")
    assert list(record.items()) == list(expected.items())


def test_http_2_is_offered_in_the_handshake(tls: Deployment) -> None:
    wire = tls.wire()
    headers = wire.sign(
        b"{}", {"Content-Type": CONTENT_TYPE, "X-Amz-Target": "TrentService.ListKeys"}
    )
    with httpx.Client(http2=True, verify=tls.trust, trust_env=False) as client:
        answer = client.post(tls.endpoint + "/", headers=headers, content=b"{}")
    assert (answer.status_code, answer.http_version) == (200, "HTTP/2")
    assert wire.call("ListKeys").status == 200


@pytest.mark.parametrize(
    ("version", "is_served"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_1_2_and_1_3_are_served_and_nothing_older(
    tls: Deployment, version: ssl.TLSVersion, is_served: bool
) -> None:
    context: Any = tls.trust
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    try:
        answer = httpx.get(tls.endpoint + "/health/ready", verify=context, trust_env=False)
        assert is_served and answer.status_code == 200
    except httpx.ConnectError:
        assert not is_served


def test_plain_http_is_not_served_on_a_tls_port(tls: Deployment) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(tls.endpoint.replace("https", "http") + "/health/ready", trust_env=False)

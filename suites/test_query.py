"""IAM and STS at the endpoint of the key service, through the AWS command line and boto3."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.signers import RequestSigner

from blackbox.deployment import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    Deployment,
    clean_environment,
)

AWS = Path(sys.executable).with_name("aws")
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
PROOF = "Action=GetCallerIdentity&Version=2011-06-15"


def client(deployment: Deployment, service: str, region: str = REGION) -> Any:
    session: boto3.Session = deployment.session()
    return session.client(service, region_name=region, verify=not deployment.is_tls)


def proof(deployment: Deployment, method: str, headers: dict[str, str], region: str) -> str:
    """A presigned address, made as token issuers make it."""
    session = deployment.session()
    sts = client(deployment, "sts", region)
    signer = RequestSigner(
        sts.meta.service_model.service_id,
        region,
        "sts",
        "v4",
        session.get_credentials(),
        session.events,
    )
    request = {
        "method": method,
        "url": f"{deployment.endpoint}/?{PROOF}",
        "body": {},
        "headers": headers,
        "context": {},
    }
    return str(
        signer.generate_presigned_url(request, region_name=region, expires_in=60, operation_name="")
    )


def test_the_command_line_is_told_who_it_is(deployment: Deployment) -> None:
    for profile, account in (("keyward", ACCOUNT), (f"keyward-{OTHER_ACCOUNT}", OTHER_ACCOUNT)):
        environment = deployment.aws_environment | {"AWS_PROFILE": profile}
        done = subprocess.run(
            [AWS, "sts", "get-caller-identity"],
            env=clean_environment(AWS_EC2_METADATA_DISABLED="true", **environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        arn = f"arn:aws:iam::{account}:root"
        assert json.loads(done.stdout) == {"UserId": account, "Account": account, "Arn": arn}


@pytest.mark.parametrize("region", [REGION, OTHER_REGION])
def test_sts_answers_in_every_region(deployment: Deployment, region: str) -> None:
    assert client(deployment, "sts", region).get_caller_identity()["Arn"] == ROOT


@pytest.mark.parametrize("region", [REGION, OTHER_REGION])
def test_iam_is_one_service_for_all_regions(deployment: Deployment, region: str) -> None:
    assert client(deployment, "iam", region).list_account_aliases()["AccountAliases"] == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("region", [REGION, OTHER_REGION])
def test_a_presigned_address_proves_an_identity(
    deployment: Deployment, method: str, region: str
) -> None:
    headers = {"x-k8s-aws-id": "cluster"}
    url = proof(deployment, method, headers, region)
    answer = httpx.request(method, url, headers=headers, verify=deployment.trust)
    assert answer.status_code == 200, answer.text
    assert f"<Arn>{ROOT}</Arn>" in answer.text
    moved = httpx.request(method, url, headers={"x-k8s-aws-id": "b"}, verify=deployment.trust)
    assert moved.status_code == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in moved.text


def test_the_presigned_address_of_the_sdk_is_one(deployment: Deployment) -> None:
    url = client(deployment, "sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    assert f"<Arn>{ROOT}</Arn>" in httpx.get(url, verify=deployment.trust).text


def test_errors_are_those_the_sdk_knows(deployment: Deployment) -> None:
    sts = client(deployment, "sts")
    with pytest.raises(ClientError) as caught:
        sts.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    response = caught.value.response
    assert response["Error"]["Code"] == "ValidationError"
    assert response["Error"]["Type"] == "Sender"
    metadata = response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 400
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]


def test_what_is_asked_without_a_signature_is_refused(deployment: Deployment) -> None:
    answer = httpx.get(f"{deployment.endpoint}/?{PROOF}", verify=deployment.trust)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "text/xml"
    assert "<Code>MissingAuthenticationToken</Code>" in answer.text

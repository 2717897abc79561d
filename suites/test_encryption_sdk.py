"""The AWS Encryption SDK for Python: files sealed under data keys of the service."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import aws_encryption_sdk
import pytest
from aws_encryption_sdk import (
    CommitmentPolicy,
    DiscoveryAwsKmsMasterKeyProvider,
    StrictAwsKmsMasterKeyProvider,
)
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError

from blackbox.deployment import Deployment

CONTEXT = {"purpose": "test", "tenant": "blue"}


@pytest.fixture(scope="module")
def sdk() -> Any:
    return aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    )


def strict(deployment: Deployment, *key_arns: str) -> Any:
    session = deployment.session()._session
    return StrictAwsKmsMasterKeyProvider(key_ids=list(key_arns), botocore_session=session)


def test_a_file_is_sealed_and_opened(
    deployment: Deployment, sdk: Any, key: Any, tmp_path: Path
) -> None:
    plain, sealed, opened = (tmp_path / name for name in ("plain", "sealed", "opened"))
    plain.write_bytes(os.urandom(3_000_000))
    provider = strict(deployment, key["Arn"])
    with (
        plain.open("rb") as source,
        sealed.open("wb") as target,
        sdk.stream(
            mode="e", source=source, key_provider=provider, encryption_context=CONTEXT
        ) as stream,
    ):
        for chunk in stream:
            target.write(chunk)
    with sealed.open("rb") as source, opened.open("wb") as target:
        with sdk.stream(mode="d", source=source, key_provider=provider) as stream:
            assert CONTEXT.items() <= stream.header.encryption_context.items()
            for chunk in stream:
                target.write(chunk)
    assert opened.read_bytes() == plain.read_bytes()
    assert plain.read_bytes()[:1000] not in sealed.read_bytes()


def test_a_changed_context_is_refused(deployment: Deployment, sdk: Any, key: Any) -> None:
    provider = strict(deployment, key["Arn"])
    sealed, _ = sdk.encrypt(source=b"secret", key_provider=provider, encryption_context=CONTEXT)
    changed = sealed.replace(b"blue", b"BLUE")
    assert changed != sealed
    with pytest.raises(AWSEncryptionSDKClientError):
        sdk.decrypt(source=changed, key_provider=provider)


def test_another_key_does_not_open_it(deployment: Deployment, sdk: Any, kms: Any, key: Any) -> None:
    sealed, _ = sdk.encrypt(source=b"secret", key_provider=strict(deployment, key["Arn"]))
    stranger = kms.create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(AWSEncryptionSDKClientError):
        sdk.decrypt(source=sealed, key_provider=strict(deployment, stranger))


def test_either_of_two_keys_opens_it(
    deployment: Deployment, sdk: Any, kms: Any, abroad: Any, key: Any
) -> None:
    second = kms.create_key()["KeyMetadata"]
    both = strict(deployment, key["Arn"], second["Arn"])
    sealed, header = sdk.encrypt(source=b"secret", key_provider=both)
    assert len(header.encrypted_data_keys) == 2
    kms.disable_key(KeyId=key["KeyId"])
    opened, _ = sdk.decrypt(source=sealed, key_provider=both)
    assert opened == b"secret"


def test_the_message_tells_which_key_to_ask(deployment: Deployment, sdk: Any, key: Any) -> None:
    sealed, _ = sdk.encrypt(
        source=io.BytesIO(b"secret"), key_provider=strict(deployment, key["Arn"])
    )
    discovery = DiscoveryAwsKmsMasterKeyProvider(botocore_session=deployment.session()._session)
    opened, header = sdk.decrypt(source=sealed, key_provider=discovery)
    assert opened == b"secret"
    [data_key] = header.encrypted_data_keys
    assert data_key.key_provider.key_info == key["Arn"].encode()

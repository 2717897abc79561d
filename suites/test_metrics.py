"""The metrics page: what CloudWatch would show, for Prometheus."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from blackbox.deployment import ACCOUNT, REGION, ROOT, Deployment, run
from blackbox.metrics import page, series
from blackbox.receivers import HttpReceiver, SyslogReceiver
from blackbox.refusal import refused

Deploy = Callable[..., Deployment]

SUCCESSFUL = "kms_successful_request_total"
CALLS = "aws_usage_call_count_total"
EXPIRATION = "kms_seconds_until_key_material_expiration"


def metered(deployment: Deployment, *keys: str, settings: str = "") -> Deployment:
    """The deployment, served with metrics that name these keys."""
    file = deployment.directory.with_name("keyward.toml")
    listed = ", ".join(f'"{arn}"' for arn in keys)
    file.write_text(f'[metrics]\nlisten = "127.0.0.1:0"\nkeys = [{listed}]\n{settings}')
    return deployment.start("--config", str(file))


def uses(operation: str, key_arn: str = "other") -> str:
    return f'{SUCCESSFUL}{{operation="{operation}",key_arn="{key_arn}"}}'


def calls(resource: str) -> str:
    return f'{CALLS}{{service="KMS",type="API",resource="{resource}",class="None"}}'


def test_uses_of_listed_keys_are_counted_by_key_and_all_others_together(deploy: Deploy) -> None:
    deployment = deploy().start()
    kms = deployment.client()
    listed, other = (kms.create_key()["KeyMetadata"] for _ in range(2))
    assert deployment.stop() == 0
    metered(deployment, listed["Arn"])
    kms = deployment.client()
    sealed = kms.encrypt(KeyId=listed["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for _ in range(2):
        kms.decrypt(CiphertextBlob=sealed)
    kms.encrypt(KeyId=other["KeyId"], Plaintext=b"x")
    moved = kms.re_encrypt(CiphertextBlob=sealed, DestinationKeyId=other["KeyId"])
    kms.re_encrypt(CiphertextBlob=moved["CiphertextBlob"], DestinationKeyId=other["KeyId"])

    found = series(deployment)
    assert found[uses("Encrypt", listed["Arn"])] == 1
    assert found[uses("Decrypt", listed["Arn"])] == 2
    assert found[uses("Encrypt")] == 1
    assert found[uses("Decrypt")] == 0
    for source, destination, count in [(listed["Arn"], "other", 1), ("other", "other", 1)]:
        keys = f'source_key_arn="{source}",destination_key_arn="{destination}"'
        assert found[f'{SUCCESSFUL}{{operation="ReEncrypt",{keys}}}'] == count
    shown = page(deployment)
    assert other["KeyId"] not in shown
    assert set(re.findall(r"arn:[^\"]*", shown)) == {listed["Arn"]}


def test_what_is_refused_and_a_dry_run_are_no_successes(deploy: Deploy) -> None:
    deployment = metered(deploy())
    kms = deployment.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    refused(kms.encrypt, KeyId=key, Plaintext=b"x", DryRun=True)
    kms.disable_key(KeyId=key)
    refused(kms.encrypt, KeyId=key, Plaintext=b"x")
    found = series(deployment)
    assert found[uses("Encrypt")] == 0
    assert found[calls("CryptographicOperationsSymmetric")] == 2
    assert found['keyward_requests_total{operation="Encrypt",code="DisabledException"}'] == 1


def test_calls_are_counted_by_request_quota(deploy: Deploy) -> None:
    deployment = metered(deploy(), settings="[request_quotas]\nrates = { ListAliases = 1 }\n")
    kms = deployment.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    pair = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.sign(KeyId=pair, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")
    kms.generate_random(NumberOfBytes=8)
    kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="ECC_NIST_P384")
    for _ in range(20):
        with suppress(kms.exceptions.ClientError):
            kms.list_aliases()
    found = series(deployment)
    assert found[calls("CreateKey")] == 2
    assert found[calls("CryptographicOperationsEcc")] == 1
    assert found[calls("CryptographicOperationsSymmetric")] == 1
    assert found[calls("GenerateDataKeyPair-ECC_NIST_P384")] == 1
    assert found[calls("ListAliases")] == 20
    throttled = found['keyward_requests_total{operation="ListAliases",code="ThrottlingException"}']
    assert throttled > 0
    assert found['keyward_throttled_requests_total{resource="ListAliases"}'] == throttled
    assert found['keyward_throttled_requests_total{resource="CreateKey"}'] == 0


def test_denied_requests_are_counted_by_operation(deploy: Deploy) -> None:
    deployment = deploy()
    metered(deployment)
    stranger = deployment.client(deployment.add_account())
    key = deployment.client().create_key()["KeyMetadata"]["Arn"]
    for _ in range(3):
        refused(stranger.describe_key, KeyId=key)
    denied = 'keyward_access_denied_total{operation="DescribeKey"}'
    assert series(deployment)[denied] == 3


def import_until(kms: Any, key_id: str, valid_to: datetime) -> None:
    """Brings material that expires."""
    given = kms.get_parameters_for_import(
        KeyId=key_id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    wrapping_key = load_der_public_key(given["PublicKey"])
    assert isinstance(wrapping_key, RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    kms.import_key_material(
        KeyId=key_id,
        ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=wrapping_key.encrypt(bytes(range(32)), oaep),
        ValidTo=valid_to,
    )


def test_the_time_until_material_expires_is_shown_until_it_is_over(deploy: Deploy) -> None:
    deployment = metered(deploy("--dev"))
    kms = deployment.client()
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]
    key_id = key["KeyId"]
    kms.create_key()
    assert EXPIRATION not in page(deployment)
    day = timedelta(days=1).total_seconds()
    import_until(kms, key_id, datetime.now(UTC) + timedelta(days=30))
    left = series(deployment)[f'{EXPIRATION}{{key_id="other"}}']
    assert left == pytest.approx(30 * day, abs=60)
    assert key_id not in page(deployment)
    assert deployment.stop() == 0
    metered(deployment, key["Arn"])
    name = f'{EXPIRATION}{{key_id="{key_id}",account="{ACCOUNT}",region="{REGION}"}}'
    assert f'{EXPIRATION}{{key_id="other"}}' not in series(deployment)
    run("dev", "advance", "29d", "--data-dir", deployment.directory)
    assert series(deployment)[name] == pytest.approx(left - 29 * day, abs=60)
    run("dev", "advance", "25h", "--data-dir", deployment.directory)
    assert EXPIRATION not in page(deployment)


# What there is only once it has happened.
NOT_FROM_THE_START = {EXPIRATION}


def test_the_documentation_has_every_series_once_and_no_other(deploy: Deploy) -> None:
    hook, collector, syslog = HttpReceiver(), HttpReceiver(), SyslogReceiver()
    sinks = f"""
[audit_webhook]
url = "{hook.url}/"
allow_http_to_loopback = true
[audit_otlp]
endpoint = "{collector.url}"
allow_http_to_loopback = true
[audit_syslog]
address = "tcp://127.0.0.1:{syslog.port}"
"""
    deployment = metered(deploy(), settings=sinks)
    deployment.client().list_keys()
    text = (ROOT / "docs/METRICS.md").read_text()
    documented = Counter(re.findall(r"^\| `(\w+)`", text, re.M))
    families = Counter(re.findall(r"^# TYPE (\w+) ", page(deployment), re.M))
    assert max(documented.values()) == max(families.values()) == 1
    assert families - documented == Counter()
    assert set(documented - families) == NOT_FROM_THE_START
    described = set(re.findall(r"^# HELP (\w+) \w", page(deployment), re.M))
    assert set(families) - described == set()


def test_a_key_to_count_is_named_by_its_arn(deploy: Deploy) -> None:
    deployment = deploy()
    with pytest.raises(RuntimeError, match="not the ARN of a key"):
        metered(deployment, "alias/app")

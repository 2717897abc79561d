"""GenerateMac and VerifyMac."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

import pytest

from blackbox.importing import imported
from blackbox.keys import KeyOf
from blackbox.refusal import Refusal, refusal

MESSAGE = b"attack at dawn"
INVALID = Refusal("KMSInvalidMacException", None)
SPECS = [("HMAC_224", 28), ("HMAC_256", 32), ("HMAC_384", 48), ("HMAC_512", 64)]


def algorithm(spec: str) -> str:
    return spec.replace("HMAC_", "HMAC_SHA_")


@pytest.mark.parametrize(("spec", "size"), SPECS)
def test_a_code_is_whole_the_same_again_and_matches_its_message_only(
    kms: Any, key_of: KeyOf, spec: str, size: int
) -> None:
    key = key_of(spec, "GENERATE_VERIFY_MAC")
    assert key["MacAlgorithms"] == [algorithm(spec)]
    same = {"KeyId": key["KeyId"], "MacAlgorithm": algorithm(spec)}
    made = kms.generate_mac(Message=MESSAGE, **same)
    mac = made["Mac"]
    assert len(mac) == size
    assert (made["KeyId"], made["MacAlgorithm"]) == (key["Arn"], algorithm(spec))
    assert kms.generate_mac(Message=MESSAGE, **same)["Mac"] == mac
    verified = kms.verify_mac(Message=MESSAGE, Mac=mac, **same)
    del verified["ResponseMetadata"]
    assert verified == {"KeyId": key["Arn"], "MacValid": True, "MacAlgorithm": algorithm(spec)}
    for message, wrong in [
        (MESSAGE + b"!", mac),
        (MESSAGE, mac[:-1]),
        (MESSAGE, mac + b"\x00"),
        (MESSAGE, bytes([mac[0] ^ 1]) + mac[1:]),
        (MESSAGE, bytes(6144)),
    ]:
        assert refusal(kms.verify_mac, Message=message, Mac=wrong, **same) == INVALID


def test_two_keys_make_different_codes(kms: Any) -> None:
    codes = set()
    for _ in range(3):
        key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
        made = kms.generate_mac(KeyId=key["KeyId"], Message=MESSAGE, MacAlgorithm="HMAC_SHA_256")
        codes.add(made["Mac"])
    assert len(codes) == 3


def test_a_key_has_the_one_algorithm_of_its_spec(kms: Any, key_of: KeyOf) -> None:
    for spec, _ in SPECS:
        key = key_of(spec, "GENERATE_VERIFY_MAC")
        for other, _ in SPECS:
            same = {"KeyId": key["KeyId"], "Message": MESSAGE, "MacAlgorithm": algorithm(other)}
            if other == spec:
                continue
            expected = (
                "InvalidKeyUsageException",
                f"Algorithm {algorithm(other)} is incompatible with key spec {spec}.",
            )
            assert refusal(kms.generate_mac, **same) == expected
            assert refusal(kms.verify_mac, Mac=b"x", **same) == expected


def test_keys_for_something_else_make_no_codes(kms: Any, key: Any, key_of: KeyOf) -> None:
    for other in [key, key_of("ECC_NIST_P256", "SIGN_VERIFY")]:
        same = {"KeyId": other["KeyId"], "Message": MESSAGE, "MacAlgorithm": "HMAC_SHA_256"}
        usage = f"{other['Arn']} key usage is {other['KeyUsage']} which is not valid for "
        assert refusal(kms.generate_mac, **same) == (
            "InvalidKeyUsageException",
            f"{usage}GenerateMac.",
        )
        assert refusal(kms.verify_mac, Mac=b"x", **same) == (
            "InvalidKeyUsageException",
            f"{usage}VerifyMac.",
        )


def test_a_dry_run_compares_first(kms: Any, key_of: KeyOf) -> None:
    key = key_of("HMAC_256", "GENERATE_VERIFY_MAC")
    same = {"KeyId": key["KeyId"], "Message": MESSAGE, "MacAlgorithm": "HMAC_SHA_256"}
    mac = kms.generate_mac(**same)["Mac"]
    assert refusal(kms.generate_mac, DryRun=True, **same).code == "DryRunOperationException"
    assert refusal(kms.verify_mac, DryRun=True, Mac=mac, **same).code == "DryRunOperationException"
    assert refusal(kms.verify_mac, DryRun=True, Mac=mac[:-1], **same) == INVALID


@pytest.mark.parametrize(("spec", "size"), SPECS)
def test_others_compute_the_same_codes_with_the_same_key(kms: Any, spec: str, size: int) -> None:
    # An imported key is as long as the code at least, and has 128 bytes at most.
    for length in [size, size + 1, 128]:
        material = secrets.token_bytes(length)
        key = imported(kms, spec, "GENERATE_VERIFY_MAC", material)
        same = {"KeyId": key["KeyId"], "MacAlgorithm": algorithm(spec)}
        for message in [b"\x00", MESSAGE, secrets.token_bytes(4096)]:
            expected = hmac.digest(material, message, f"sha{size * 8}")
            assert kms.generate_mac(Message=message, **same)["Mac"] == expected
            assert kms.verify_mac(Message=message, Mac=expected, **same)["MacValid"]

"""DryRun: everything is checked, nothing is done."""

from __future__ import annotations

from typing import Any

from blackbox.refusal import INVALID_CIPHERTEXT, Refusal, refusal

WOULD_SUCCEED = Refusal(
    "DryRunOperationException", "The request would have succeeded, but the DryRun option is set."
)


def calls(kms: Any, key_id: str, blob: bytes) -> list[tuple[Any, dict[str, Any]]]:
    return [
        (kms.encrypt, {"KeyId": key_id, "Plaintext": b"x"}),
        (kms.decrypt, {"CiphertextBlob": blob}),
        (kms.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key_id}),
        (kms.generate_data_key, {"KeyId": key_id, "KeySpec": "AES_256"}),
        (kms.generate_data_key_without_plaintext, {"KeyId": key_id, "KeySpec": "AES_256"}),
    ]


def test_a_dry_run_that_would_work_says_so(kms: Any, key: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    for call, parameters in calls(kms, key["KeyId"], blob):
        assert refusal(call, DryRun=True, **parameters) == WOULD_SUCCEED
        call(DryRun=False, **parameters)


def test_a_dry_run_that_would_fail_says_why(kms: Any, key: Any) -> None:
    context = {"tenant": "blue"}
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)[
        "CiphertextBlob"
    ]
    assert refusal(kms.decrypt, CiphertextBlob=blob, DryRun=True) == INVALID_CIPHERTEXT
    assert (
        refusal(kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=key["KeyId"], DryRun=True)
        == INVALID_CIPHERTEXT
    )
    kms.disable_key(KeyId=key["KeyId"])
    for call, parameters in calls(kms, key["KeyId"], blob):
        told = refusal(call, DryRun=True, **parameters)
        assert told == ("DisabledException", f"{key['Arn']} is disabled.")


def test_a_dry_run_may_leave_the_ciphertext_out(kms: Any, key: Any) -> None:
    ignore = {"DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
    key_id = key["KeyId"]
    assert refusal(kms.decrypt, KeyId=key_id, **ignore) == WOULD_SUCCEED
    assert refusal(kms.decrypt, KeyId=key_id, CiphertextBlob=b"x", **ignore) == WOULD_SUCCEED
    assert (
        refusal(kms.re_encrypt, SourceKeyId=key_id, DestinationKeyId=key_id, **ignore)
        == WOULD_SUCCEED
    )
    assert refusal(kms.decrypt, **ignore).code == "ValidationException"
    wet = {"DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
    assert refusal(kms.decrypt, KeyId=key_id, **wet).code == "ValidationException"

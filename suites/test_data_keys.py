"""GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom."""

from __future__ import annotations

from typing import Any

import pytest

from blackbox.refusal import INVALID_CIPHERTEXT, invalid, must, refusal

EITHER = "Please specify either number of bytes or key spec."


@pytest.mark.parametrize(
    ("size", "parameters"),
    [(32, {"KeySpec": "AES_256"}), (16, {"KeySpec": "AES_128"})]
    + [(size, {"NumberOfBytes": size}) for size in (1, 31, 64, 1024)],
)
def test_a_data_key_has_the_length_asked_for_and_opens_from_its_blob(
    kms: Any, key: Any, size: int, parameters: dict[str, Any]
) -> None:
    context = {"file": "report.pdf"}
    made = kms.generate_data_key(KeyId=key["KeyId"], EncryptionContext=context, **parameters)
    assert len(made["Plaintext"]) == size
    assert made["KeyId"] == key["Arn"]
    assert made["KeyMaterialId"] == key["CurrentKeyMaterialId"]
    blob = made["CiphertextBlob"]
    assert (
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"]
        == made["Plaintext"]
    )
    assert refusal(kms.decrypt, CiphertextBlob=blob) == INVALID_CIPHERTEXT


def test_a_data_key_can_be_made_without_showing_it(kms: Any, key: Any) -> None:
    made = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], KeySpec="AES_256")
    assert "Plaintext" not in made
    assert made["KeyId"] == key["Arn"]
    assert made["KeyMaterialId"] == key["CurrentKeyMaterialId"]
    assert len(kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"]) == 32


def test_no_two_data_keys_are_the_same(kms: Any, key: Any) -> None:
    made = [kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256") for _ in range(10)]
    assert len({one["Plaintext"] for one in made}) == 10
    assert len({one["CiphertextBlob"] for one in made}) == 10


def test_a_data_key_needs_one_statement_of_its_length(kms: Any, key: Any) -> None:
    for parameters in [{}, {"KeySpec": "AES_256", "NumberOfBytes": 32}]:
        for call in [kms.generate_data_key, kms.generate_data_key_without_plaintext]:
            assert refusal(call, KeyId=key["KeyId"], **parameters) == (
                "ValidationException",
                EITHER,
            )


@pytest.mark.parametrize(("size", "side"), [(0, "greater"), (-5, "greater"), (1025, "less")])
def test_a_length_out_of_range_is_refused(deployment: Any, key: Any, size: int, side: str) -> None:
    unchecked = deployment.client(parameter_validation=False)
    bound = 1024 if side == "less" else 1
    expected = invalid(must("numberOfBytes", size, f"have value {side} than or equal to {bound}"))
    assert refusal(unchecked.generate_random, NumberOfBytes=size) == expected
    for call in [unchecked.generate_data_key, unchecked.generate_data_key_without_plaintext]:
        assert refusal(call, KeyId=key["KeyId"], NumberOfBytes=size) == expected


def test_an_unknown_spec_is_answered_with_the_specs_of_keys(kms: Any, key: Any) -> None:
    told = refusal(kms.generate_data_key, KeyId=key["KeyId"], KeySpec="AES-256")
    assert told.code == "ValidationException"
    assert told.message is not None
    assert told.message.startswith(
        "1 validation error detected: Value 'AES-256' at 'keySpec' failed to satisfy constraint: "
        "Member must satisfy enum value set: [RSA_2048, ECC_NIST_P384, ECC_NIST_P256, "
    )


def test_random_bytes_are_as_many_as_asked_for_and_never_the_same(kms: Any) -> None:
    for size in [1, 32, 1024]:
        assert len(kms.generate_random(NumberOfBytes=size)["Plaintext"]) == size
    drawn = {kms.generate_random(NumberOfBytes=16)["Plaintext"] for _ in range(20)}
    assert len(drawn) == 20


def test_random_bytes_need_a_number(kms: Any) -> None:
    assert refusal(kms.generate_random) == ("ValidationException", EITHER)
    assert (
        refusal(kms.generate_random, NumberOfBytes=8, CustomKeyStoreId="cks-1234567890abcdef0").code
        == "CustomKeyStoreNotFoundException"
    )

"""Encrypt, Decrypt, ReEncrypt: what opens, what does not, and that a refusal says nothing more."""

from __future__ import annotations

import os
from typing import Any

import pytest

from blackbox.refusal import INVALID_CIPHERTEXT, Refusal, invalid, must, refusal
from blackbox.wire import Wire

INCORRECT_KEY = Refusal(
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
)


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def seal(kms: Any, key: Any, plaintext: bytes = b"attack at dawn", **context: str) -> bytes:
    return kms.encrypt(KeyId=key["KeyId"], Plaintext=plaintext, EncryptionContext=context)[
        "CiphertextBlob"
    ]


def test_what_was_encrypted_is_decrypted(kms: Any, key: Any) -> None:
    for size in [1, 15, 16, 17, 4095, 4096]:
        plaintext = os.urandom(size)
        sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=plaintext)
        assert sealed["KeyId"] == key["Arn"]
        assert sealed["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
        assert "KeyMaterialId" not in sealed
        assert len(sealed["CiphertextBlob"]) <= 6144
        opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])
        assert opened["Plaintext"] == plaintext
        assert opened["KeyId"] == key["Arn"]
        assert opened["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
        assert opened["KeyMaterialId"] == key["CurrentKeyMaterialId"]


def test_the_same_plaintext_never_gives_the_same_ciphertext(kms: Any, key: Any) -> None:
    sealed = {seal(kms, key) for _ in range(20)}
    assert len(sealed) == 20
    assert not any(b"attack" in blob for blob in sealed)


def test_every_changed_byte_of_a_ciphertext_is_noticed(kms: Any, key: Any) -> None:
    blob = seal(kms, key)
    # With the key named, a blob is either of another key or broken; without it, a blob that names
    # a key which is not there is refused like one of a foreign key.
    named = {INVALID_CIPHERTEXT, INCORRECT_KEY}
    for at in range(len(blob)):
        broken = flip(blob, at)
        assert refusal(kms.decrypt, CiphertextBlob=broken, KeyId=key["Arn"]) in named, at
        unnamed = refusal(kms.decrypt, CiphertextBlob=broken)
        assert unnamed.code in {"InvalidCiphertextException", "AccessDeniedException"}, at


def test_a_cut_stretched_or_invented_ciphertext_is_refused(kms: Any, key: Any) -> None:
    blob = seal(kms, key)
    cut = [blob[:size] for size in (1, 2, 16, len(blob) // 2, len(blob) - 16, len(blob) - 1)]
    invented = [b"\0", b"x" * 6144, os.urandom(200), blob + b"\0", b"\0" + blob, blob + blob]
    for broken in cut + invented:
        assert refusal(kms.decrypt, CiphertextBlob=broken) == INVALID_CIPHERTEXT
        assert (
            refusal(kms.re_encrypt, CiphertextBlob=broken, DestinationKeyId=key["KeyId"])
            == INVALID_CIPHERTEXT
        )


def test_the_encryption_context_must_be_the_same(kms: Any, key: Any) -> None:
    context = {"Tenant": "blue", "purpose": "backup", "": "", "ä": "日本"}
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)[
        "CiphertextBlob"
    ]
    turned = dict(reversed(context.items()))
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=turned)["Plaintext"] == b"x"
    for changed in [
        {},
        {"Tenant": "blue"},
        context | {"more": "x"},
        context | {"Tenant": "Blue"},
        context | {"Tenant": "blue "},
        {"tenant" if name == "Tenant" else name: value for name, value in context.items()},
        context | {"Tenant": "backup", "purpose": "blue"},
        # The same letter, composed and decomposed.
        {"a\u0308" if name == "ä" else name: value for name, value in context.items()},
    ]:
        assert (
            refusal(kms.decrypt, CiphertextBlob=blob, EncryptionContext=changed)
            == INVALID_CIPHERTEXT
        ), changed


def test_pairs_of_a_context_cannot_be_joined_or_split(kms: Any, key: Any) -> None:
    contexts = [{"a": "bc"}, {"ab": "c"}, {"a": "b", "c": ""}, {"abc": ""}, {"": "abc"}]
    for context in contexts:
        blob = seal(kms, key, **context)
        for changed in contexts:
            if changed == context:
                kms.decrypt(CiphertextBlob=blob, EncryptionContext=changed)
            else:
                assert (
                    refusal(kms.decrypt, CiphertextBlob=blob, EncryptionContext=changed)
                    == INVALID_CIPHERTEXT
                )


def test_an_empty_context_is_no_context(kms: Any, key: Any) -> None:
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={})["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_numbers_and_booleans_in_a_context_are_the_text_that_was_sent(
    kms: Any, key: Any, wire: Wire
) -> None:
    context = '{"n": 10103.0, "i": -7, "e": 1E+2, "t": true, "f": false}'
    body = f'{{"KeyId": "{key["KeyId"]}", "Plaintext": "eA==", "EncryptionContext": {context}}}'
    answer = wire.call("Encrypt", body)
    assert answer.status == 200, answer
    blob = answer.json["CiphertextBlob"]
    same = {"n": "10103.0", "i": "-7", "e": "1E+2", "t": "true", "f": "false"}
    opened = wire.call("Decrypt", {"CiphertextBlob": blob, "EncryptionContext": same})
    assert opened.json["Plaintext"] == "eA=="
    as_sent = f'{{"CiphertextBlob": "{blob}", "EncryptionContext": {context}}}'
    assert wire.call("Decrypt", as_sent).json["Plaintext"] == "eA=="
    for name, value in [("n", "10103"), ("i", "-7.0"), ("e", "100"), ("t", "True"), ("f", "0")]:
        changed = {"CiphertextBlob": blob, "EncryptionContext": same | {name: value}}
        assert wire.call("Decrypt", changed).json == {"__type": "InvalidCiphertextException"}


def test_a_context_has_a_greatest_size(kms: Any, key: Any) -> None:
    # Two bytes count the pairs and two the length of each name and value.
    fits = {"k": "v" * (8192 - 2 - 2 - 1 - 2)}
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=fits)["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob, EncryptionContext=fits)
    over = {"k": fits["k"] + "v"}
    for call, parameters in [
        (kms.encrypt, {"KeyId": key["KeyId"], "Plaintext": b"x"}),
        (kms.decrypt, {"CiphertextBlob": blob}),
        (kms.generate_data_key, {"KeyId": key["KeyId"], "KeySpec": "AES_256"}),
    ]:
        assert refusal(call, EncryptionContext=over, **parameters).code == "ValidationException"


def test_another_key_does_not_open_it(kms: Any, key: Any) -> None:
    stranger = kms.create_key()["KeyMetadata"]
    blob = seal(kms, key)
    for name in [stranger["KeyId"], stranger["Arn"]]:
        assert refusal(kms.decrypt, CiphertextBlob=blob, KeyId=name) == INCORRECT_KEY
        assert (
            refusal(
                kms.re_encrypt,
                CiphertextBlob=blob,
                SourceKeyId=name,
                DestinationKeyId=key["KeyId"],
            )
            == INCORRECT_KEY
        )


def test_re_encryption_changes_key_and_context(kms: Any, key: Any) -> None:
    target = kms.create_key()["KeyMetadata"]
    blob = seal(kms, key, old="context")
    moved = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceEncryptionContext={"old": "context"},
        DestinationKeyId=target["KeyId"],
        DestinationEncryptionContext={"new": "context"},
    )
    assert moved["SourceKeyId"] == key["Arn"] and moved["KeyId"] == target["Arn"]
    assert moved["SourceEncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    assert moved["DestinationEncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    assert moved["SourceKeyMaterialId"] == key["CurrentKeyMaterialId"]
    assert moved["DestinationKeyMaterialId"] == target["CurrentKeyMaterialId"]

    opened = kms.decrypt(
        CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"new": "context"}
    )
    assert (opened["KeyId"], opened["Plaintext"]) == (target["Arn"], b"attack at dawn")
    old = {"CiphertextBlob": moved["CiphertextBlob"], "EncryptionContext": {"old": "context"}}
    assert refusal(kms.decrypt, **old) == INVALID_CIPHERTEXT


def test_re_encryption_needs_the_old_context_too(kms: Any, key: Any) -> None:
    blob = seal(kms, key, old="context")
    for context in [{}, {"old": "Context"}]:
        assert (
            refusal(
                kms.re_encrypt,
                CiphertextBlob=blob,
                SourceEncryptionContext=context,
                DestinationKeyId=key["KeyId"],
            )
            == INVALID_CIPHERTEXT
        )


def test_re_encryption_under_the_same_key_is_allowed(kms: Any, key: Any) -> None:
    blob = seal(kms, key)
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key["KeyId"])
    assert moved["CiphertextBlob"] != blob
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"attack at dawn"


def test_a_plaintext_that_is_too_long_is_refused_and_not_shown(kms: Any, key: Any) -> None:
    assert refusal(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x" * 4097) == invalid(
        "Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096"
    )


def test_an_empty_plaintext_or_ciphertext_is_refused(deployment: Any, key: Any) -> None:
    unchecked = deployment.client(parameter_validation=False)
    assert refusal(unchecked.encrypt, KeyId=key["KeyId"], Plaintext=b"") == invalid(
        "Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )
    assert refusal(unchecked.decrypt, CiphertextBlob=b"").code == "ValidationException"
    assert refusal(unchecked.decrypt, CiphertextBlob=b"x" * 6145).code == "ValidationException"
    assert refusal(unchecked.decrypt) == invalid(
        "Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null"
    )


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"])
def test_an_algorithm_of_other_keys_is_refused(kms: Any, key: Any, algorithm: str) -> None:
    text = f"Algorithm {algorithm} is incompatible with key spec SYMMETRIC_DEFAULT."
    blob = seal(kms, key)
    for call, parameters in [
        (kms.encrypt, {"Plaintext": b"x"}),
        (kms.decrypt, {"CiphertextBlob": blob}),
    ]:
        assert refusal(call, KeyId=key["KeyId"], EncryptionAlgorithm=algorithm, **parameters) == (
            "InvalidKeyUsageException",
            text,
        )


def test_an_algorithm_that_does_not_exist_is_answered_with_those_that_do(
    kms: Any, key: Any
) -> None:
    known = "[RSAES_OAEP_SHA_256, RSAES_OAEP_SHA_1, SYMMETRIC_DEFAULT, SM2PKE]"
    assert refusal(
        kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x", EncryptionAlgorithm="ROT13"
    ) == invalid(must("encryptionAlgorithm", "ROT13", f"satisfy enum value set: {known}"))


def test_every_broken_rule_is_named_in_one_answer(deployment: Any) -> None:
    unchecked = deployment.client(parameter_validation=False)
    told = refusal(unchecked.encrypt, Plaintext=b"x" * 4097, EncryptionAlgorithm="ROT13")
    assert told.message is not None
    assert told.message.startswith("3 validation errors detected: ")
    for path in ["keyId", "plaintext", "encryptionAlgorithm"]:
        assert f"at '{path}'" in told.message


def test_a_grant_token_that_is_no_grant_token_is_refused(kms: Any, key: Any) -> None:
    for call, parameters in [
        (kms.encrypt, {"Plaintext": b"x"}),
        (kms.describe_key, {}),
        (kms.generate_data_key, {"KeySpec": "AES_256"}),
    ]:
        told = refusal(call, KeyId=key["KeyId"], GrantTokens=["made-up"], **parameters)
        assert told.code == "InvalidGrantTokenException"


def test_a_ciphertext_of_one_region_does_not_open_in_another(
    kms: Any, abroad: Any, key: Any
) -> None:
    told = refusal(abroad.decrypt, CiphertextBlob=seal(kms, key))
    assert told.code == "AccessDeniedException"
    assert "on the resource associated with this ciphertext" in (told.message or "")

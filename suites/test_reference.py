"""The reference algorithms that other suites check against, checked themselves."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM1024PrivateKey

from blackbox.reference import ed25519ph, ml_kem, sm2


def test_ed25519ph_gives_the_signature_of_the_rfc() -> None:
    # RFC 8032, 7.3.
    seed = bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42")
    public = bytes.fromhex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf")
    signature = bytes.fromhex(
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    assert ed25519ph.sign(seed, b"abc") == signature
    assert ed25519ph.verifies(public, b"abc", signature)
    assert not ed25519ph.verifies(public, b"abd", signature)
    assert not ed25519ph.verifies(public, hashlib.sha512(b"abc").digest(), signature)


def test_sm2_verifies_the_signature_of_the_standard() -> None:
    # GB/T 32918.5, A.2: digest, public key and signature.
    hashed = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
    spki = sm2.SPKI_FRAME + bytes.fromhex(
        "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
    r = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
    s = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
    signature = sm2.encode_dss_signature(r, s)
    assert sm2.digest(spki, b"message digest") == hashed
    assert sm2.verifies(spki, hashed, signature)
    assert not sm2.verifies(spki, hashlib.new("sm3", b"message digest").digest(), signature)


def test_sm2_agrees_with_itself() -> None:
    (one, one_spki), (two, two_spki) = sm2.generate(), sm2.generate()
    assert sm2.shared_secret(one, two_spki) == sm2.shared_secret(two, one_spki)
    hashed = sm2.digest(one_spki, b"message")
    assert sm2.verifies(one_spki, hashed, sm2.sign(one, hashed))


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [(ml_kem.ML_KEM_768, MLKEM768PrivateKey), (ml_kem.ML_KEM_1024, MLKEM1024PrivateKey)],
)
def test_another_ml_kem_opens_what_this_one_encapsulates(
    parameters: ml_kem.Parameters, kind: Any
) -> None:
    private = kind.generate()
    secret, ciphertext = ml_kem.encapsulate(parameters, private.public_key().public_bytes_raw())
    assert private.decapsulate(ciphertext) == secret

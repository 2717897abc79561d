"""A private attester and the enclave it speaks for: documents as the Nitro hypervisor signs them,
and the enclave's own reading of CiphertextForRecipient."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

MODULE_ID = "i-1234567890abcdef0-enc0123456789abcde"

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def cbor(value: Any) -> bytes:
    """The few kinds of values that stand in a document (RFC 8949)."""
    match value:
        case None:
            return b"\xf6"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            pairs = [cbor(name) + cbor(of) for name, of in value.items()]
            return _head(5, len(value)) + b"".join(pairs)
    raise TypeError(value)


def _head(major: int, number: int) -> bytes:
    for extra, size in [(24, 1), (25, 2), (26, 4), (27, 8)]:
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise OverflowError(number)


@dataclass
class Authority:
    """A key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


class Attester:
    """A root, a CA below it, and a signer of three hours."""

    def __init__(self) -> None:
        self.root = _issue("root", None, days=3650)
        self.ca = _issue("region", self.root, days=18)
        self.signer = _issue("attester", self.ca, days=0.125, is_ca=False)

    @property
    def root_pem(self) -> str:
        return self.root.certificate.public_bytes(Encoding.PEM).decode()

    def attest(self, public_key: bytes | None, **fields: Any) -> bytes:
        """A document for the holder of a key; `fields` replace what it says."""
        payload = {
            "module_id": MODULE_ID,
            "digest": "SHA384",
            "timestamp": int(datetime.datetime.now(datetime.UTC).timestamp() * 1000),
            "pcrs": {index: bytes([index + 1]) * 48 for index in (0, 1, 2, 3, 4, 8)},
            "certificate": self.signer.der,
            "cabundle": [self.root.der, self.ca.der],
            "public_key": public_key,
            "user_data": None,
            "nonce": None,
        }
        return self.sign(cbor(payload | fields))

    def sign(self, payload: bytes) -> bytes:
        """COSE_Sign1 with ES384 (RFC 9052, section 4)."""
        protected = cbor({1: -35})
        signed = cbor(["Signature1", protected, b"", payload])
        r, s = decode_dss_signature(self.signer.key.sign(signed, ec.ECDSA(hashes.SHA384())))
        signature = r.to_bytes(48, "big") + s.to_bytes(48, "big")
        return cbor([protected, {}, payload, signature])


def _issue(name: str, issuer: Authority | None, days: float, is_ca: bool = True) -> Authority:
    key = ec.generate_private_key(ec.SECP384R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.keyward.test")])
    now = datetime.datetime.now(datetime.UTC)
    others = [
        *["content_commitment", "key_encipherment", "data_encipherment", "key_agreement"],
        *["crl_sign", "encipher_only", "decipher_only"],
    ]
    usage = dict.fromkeys(others, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=is_ca, **usage), critical=True
        )
        .sign(issuer.key if issuer else key, hashes.SHA384())
    )
    return Authority(key, certificate)


@dataclass
class Enclave:
    """Who receives: an RSA key, and the rules by which the enclave SDK for C reads."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def open(self, enveloped: bytes) -> bytes:
        """Steps into elements of indefinite length only, and wants the recipients definite."""
        reader = Reader(enveloped)
        reader.step_into(0x30)
        assert reader.read(0x06).hex() == "2a864886f70d010703"
        reader.step_into(0xA0)
        reader.step_into(0x30)
        assert reader.read(0x02) == b"\x02"
        recipients = Reader(reader.read(0x31))
        recipient = Reader(recipients.read(0x30))
        assert recipients.rest == b""
        assert recipient.read(0x02) == b"\x02"
        recipient.skip()
        recipient.skip()
        content_key = self.key.decrypt(recipient.read(0x04), OAEP)
        reader.step_into(0x30)
        assert reader.read(0x06).hex() == "2a864886f70d010701"
        algorithm = Reader(reader.read(0x30))
        assert algorithm.read(0x06).hex() == "60864801650304012a"
        iv = algorithm.read(0x04)
        reader.step_into(0xA0)
        content = b""
        while reader.rest[:1] == b"\x04":
            content += reader.read(0x04)
        assert reader.rest == bytes(2 * 5)
        decryptor = Cipher(algorithms.AES256(content_key), modes.CBC(iv)).decryptor()
        unpadder = PKCS7(128).unpadder()
        padded = decryptor.update(content) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()


class Reader:
    """Reads BER elements off the front."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def step_into(self, tag: int) -> None:
        assert self.rest[:2] == bytes([tag, 0x80]), self.rest[:2].hex()
        self.rest = self.rest[2:]

    def read(self, tag: int) -> bytes:
        """The content of an element of definite length."""
        assert self.rest[0] == tag, self.rest[:2].hex()
        return self.skip()

    def skip(self) -> bytes:
        length, start = self.rest[1], 2
        assert length != 0x80
        if length > 0x80:
            start += length & 0x7F
            length = int.from_bytes(self.rest[2:start], "big")
        content, self.rest = self.rest[start : start + length], self.rest[start + length :]
        assert len(content) == length
        return content

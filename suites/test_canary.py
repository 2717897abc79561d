"""Marked secrets through everything that takes or gives one, then a search for them wherever the
program writes: the trail in each of its forms, the database, logs, metrics, errors."""

from __future__ import annotations

import base64
import gzip
import json
import re
import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel, Shape
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from blackbox import metrics, otp
from blackbox.attestation import Attester, Enclave
from blackbox.canary import Canaries, files_below, unpacked
from blackbox.deployment import ACCOUNT, OTHER_REGION, REGION, Deployment, run
from blackbox.importing import imported, wrap
from blackbox.issuer import ISSUER, Issuer
from blackbox.principals import document, trust
from blackbox.receivers import HttpReceiver, SyslogReceiver
from blackbox.waiting import wait_for

PASSPHRASE = "a passphrase that nobody may ever read again"
HOOK_TOKEN = "hook-5f1d2c0b9a8e7766"
BEARER = "bearer-0c9b8a7f6e5d4c3b"
CONTEXT = {"open": "a-context-that-is-in-clear-by-design"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
# Operations with secrets that there are none of here: docs/WIRE.md.
NOT_OFFERED = {
    "kms": set[str](),
    "iam": {
        "ChangePassword",
        "CreateLoginProfile",
        "CreateSAMLProvider",
        "CreateServiceSpecificCredential",
        "GetCredentialReport",
        "ResetServiceSpecificCredential",
        "UpdateLoginProfile",
        "UpdateSAMLProvider",
        "UploadServerCertificate",
    },
    "sts": {
        "AssumeRoleWithSAML",
        "AssumeRoot",
        "GetDelegatedAccessToken",
        "GetWebIdentityToken",
    },
}
# Root credentials stand there so that clients find them.
BY_DESIGN = "aws/credentials"


@dataclass
class Scene:
    """A deployment that has seen every secret, and all it wrote and said."""

    deployment: Deployment
    canaries: Canaries = field(default_factory=Canaries)
    blobs: Canaries = field(default_factory=Canaries)
    codes: list[str] = field(default_factory=list)
    signatures: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    called: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    places: dict[str, bytes] = field(default_factory=dict)

    def client(self, service: str, keys: dict[str, str] | None = None, **config: Any) -> Any:
        """A client whose signatures and refusals are noted."""
        session = self.deployment.session()
        if keys is not None:
            session = boto3.Session(
                keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken")
            )
        client = session.client(
            service,
            region_name=REGION,
            endpoint_url=self.deployment.endpoint,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )
        client.meta.events.register("before-send", self.note_signature)
        client.meta.events.register("after-call", self.note_error)
        return client

    def note_signature(self, request: Any, **_: Any) -> None:
        header = request.headers.get("Authorization", b"")
        text = header.decode() if isinstance(header, bytes) else header
        self.signatures.update(re.findall(r"Signature=([0-9a-f]{64})", text))

    def note_error(self, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
        self.called[model.service_model.service_name].add(model.name)
        if "Error" in parsed:
            self.errors.append(json.dumps(parsed, default=str))

    def keep_credentials(self, name: str, given: dict[str, Any]) -> dict[str, str]:
        """Credentials, whose secret parts nobody may find."""
        self.canaries.keep(f"secret access key of {name}", given["SecretAccessKey"])
        if "SessionToken" in given:
            self.canaries.keep(f"session token of {name}", given["SessionToken"])
        return given


def refused(call: Any, **parameters: Any) -> None:
    with pytest.raises(ClientError):
        call(**parameters)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("canary")
    hook, collector, syslog = HttpReceiver().start(), HttpReceiver().start(), SyslogReceiver()
    issuer, attester = Issuer(), Attester()
    given = settings(home, attester, issuer, (hook, collector, syslog.start()))
    (home / "passphrase").write_text(PASSPHRASE + "\n")
    sealed = ["--passphrase-file", str(home / "passphrase")]
    regions = ["--region", REGION, "--region", OTHER_REGION]
    made = Deployment.make(home / "data", *regions, "--seal", "passphrase", *sealed)
    scene = Scene(made)
    for name, secret in [("passphrase", PASSPHRASE), ("URL", HOOK_TOKEN), ("header", BEARER)]:
        scene.canaries.keep(name, secret)
    scene.canaries.keep("secret access key of root", made.credentials().secret_access_key)
    try:
        made.start("--config", given, *sealed)
        use_keys(scene, attester)
        use_identities(scene, issuer)
        write_by_hand(scene)
        send_unsound(scene)
        scene.places["the metrics page"] = metrics.page(made).encode()
        arrived(made, hook, collector, syslog)
        look_around(scene, "while it ran: ")
        explain(scene, sealed)
        look_up(scene)
        assert made.stop() == 0
        run(
            "audit", "deliver", "--digest", "--data-dir", made.directory, "--config", given, *sealed
        )
        look_around(scene, "in the end: ")
        verified = run("audit", "verify", "--data-dir", made.directory, *sealed)
        scene.places["audit verify"] = verified.encode()
        for name, receiver in [("the webhook", hook), ("OTLP", collector)]:
            scene.places[name] = b"\n".join(request.body for request in receiver.requests)
        scene.places["syslog"] = "\n".join(syslog.messages).encode()
        scene.places["error replies"] = "\n".join(scene.errors).encode()
        for signature in scene.signatures:
            scene.canaries.keep("signature of a request", signature)
        yield scene
    finally:
        made.end()
        for receiver in (hook, collector, syslog):
            receiver.stop()


def settings(home: Path, attester: Attester, issuer: Issuer, to: tuple[Any, Any, Any]) -> str:
    """Everything that writes, as talkative as it gets."""
    hook, collector, syslog = to
    (home / "roots.pem").write_text(attester.root_pem)
    (home / "keys.json").write_text(json.dumps(issuer.key_set()))
    (home / "headers").write_text(f"Authorization: Bearer {BEARER}\n")
    file = home / "keyward.toml"
    file.write_text(f"""
[log]
level = "trace"
[keys]
sm2 = true
[metrics]
listen = "127.0.0.1:0"
[attestation]
roots_file = "{home / "roots.pem"}"
[audit_webhook]
url = "{hook.url}/hook?token={HOOK_TOKEN}"
api_calls = "all"
from = "oldest"
allow_http_to_loopback = true
[audit_otlp]
endpoint = "{collector.url}"
headers_file = "{home / "headers"}"
from = "oldest"
allow_http_to_loopback = true
[audit_syslog]
address = "tcp://127.0.0.1:{syslog.port}"
from = "oldest"
expose_plaintext_to_the_network = true
[oidc.jwks_files]
"{ISSUER}" = "{home / "keys.json"}"
""")
    return str(file)


def arrived(made: Deployment, hook: Any, collector: Any, syslog: Any) -> None:
    """Waits until the last record is everywhere."""
    last = made.records()[-1]["eventID"]

    def everywhere() -> bool | None:
        told = [b"".join(request.body for request in to.requests) for to in (hook, collector)]
        told.append("".join(syslog.messages).encode())
        return all(last.encode() in it for it in told) or None

    wait_for("last record", everywhere)


def look_around(scene: Scene, when: str) -> None:
    """Every file of the deployment, and its log."""
    for name, data in files_below(scene.deployment.directory):
        if name != BY_DESIGN:
            scene.places[when + name] = data
    scene.places[when + "log"] = scene.deployment.log.read_bytes()


def explain(scene: Scene, sealed: list[str]) -> None:
    """What operators are told of every refusal."""
    for record in scene.deployment.records():
        if record.get("errorCode") == "AccessDenied":
            given = ["--data-dir", str(scene.deployment.directory), "--json"]
            said = run("explain", record["requestID"], *given)
            scene.places[f"explain {record['requestID']}"] = said.encode()


def look_up(scene: Scene) -> None:
    """What accounts and operators are told of the trail."""
    pages = scene.client("cloudtrail").get_paginator("lookup_events").paginate()
    events = [event for page in pages for event in page["Events"]]
    scene.places["LookupEvents"] = json.dumps(events, default=str).encode()
    for command in (["tail", "-n", "10000"], ["search"]):
        for form in (["--explain"], ["--json"]):
            said = run("audit", *command, *form, "--data-dir", scene.deployment.directory)
            scene.places[f"audit {command[0]} {form[0]}"] = said.encode()


def use_keys(scene: Scene, attester: Attester) -> None:
    kms, canaries = scene.client("kms"), scene.canaries
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    encrypt(scene, kms, key)
    sign(scene, kms)
    agree(scene, kms)
    bring(scene, kms)
    for_an_enclave(scene, kms, key, attester)
    root = f"arn:aws:iam::{ACCOUNT}:root"
    grant = kms.create_grant(
        KeyId=key, GranteePrincipal=root, RetiringPrincipal=root, Operations=["Decrypt"]
    )
    canaries.keep("grant token", grant["GrantToken"])
    made_up = base64.urlsafe_b64encode(canaries.make("made-up grant token", 60)).decode()
    kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[grant["GrantToken"]])
    refused(kms.encrypt, KeyId=key, Plaintext=b"x", GrantTokens=[made_up])
    refused(kms.retire_grant, GrantToken=made_up)
    kms.retire_grant(GrantToken=grant["GrantToken"])
    custom_key_stores(scene, kms)
    many = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=many, ReplicaRegion=OTHER_REGION)


def encrypt(scene: Scene, kms: Any, key: str) -> None:
    canaries, blobs = scene.canaries, scene.blobs
    plaintext = canaries.make("plaintext")
    same = {"KeyId": key, "EncryptionContext": CONTEXT}
    sealed = kms.encrypt(Plaintext=plaintext, **same)["CiphertextBlob"]
    blobs.keep("ciphertext", sealed)
    assert kms.decrypt(CiphertextBlob=sealed, **same)["Plaintext"] == plaintext
    refused(kms.decrypt, CiphertextBlob=sealed, KeyId=key)
    refused(kms.encrypt, Plaintext=plaintext, DryRun=True, **same)
    long = canaries.make("plaintext that is too long", 4097)
    canaries.keep("start of a plaintext that is too long", long[:32])
    refused(scene.client("kms", parameter_validation=False).encrypt, Plaintext=long, **same)
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    moved = kms.re_encrypt(
        CiphertextBlob=sealed, SourceEncryptionContext=CONTEXT, DestinationKeyId=other
    )
    blobs.keep("ciphertext", moved["CiphertextBlob"])
    made = kms.generate_data_key(KeySpec="AES_256", **same)
    canaries.keep("data key", made["Plaintext"])
    blobs.keep("data key", made["CiphertextBlob"])
    made = kms.generate_data_key_without_plaintext(KeySpec="AES_256", **same)
    blobs.keep("data key", made["CiphertextBlob"])
    canaries.keep(
        "data key",
        kms.decrypt(EncryptionContext=CONTEXT, CiphertextBlob=made["CiphertextBlob"])["Plaintext"],
    )
    for spec in ("ECC_NIST_P256", "RSA_2048", "SM2"):
        made = kms.generate_data_key_pair(KeyPairSpec=spec, **same)
        canaries.keep(f"private key {spec}", made["PrivateKeyPlaintext"])
        # The parts that are in no public key: the end of RSA's numbers, the scalar of the others.
        at = slice(-96, -16) if spec == "RSA_2048" else slice(36, 68)
        canaries.keep(f"private scalar {spec}", made["PrivateKeyPlaintext"][at])
        blobs.keep("private key", made["PrivateKeyCiphertextBlob"])
    made = kms.generate_data_key_pair_without_plaintext(KeyPairSpec="ECC_NIST_P256", **same)
    sealed_key = made["PrivateKeyCiphertextBlob"]
    blobs.keep("private key", sealed_key)
    opened = kms.decrypt(EncryptionContext=CONTEXT, CiphertextBlob=sealed_key)["Plaintext"]
    canaries.keep("private key that nobody was shown", opened)
    canaries.keep("private scalar that nobody was shown", opened[36:68])
    canaries.keep("random bytes", kms.generate_random(NumberOfBytes=32)["Plaintext"])
    rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    same = {"KeyId": rsa, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    plaintext = canaries.make("plaintext for RSA")
    sealed = kms.encrypt(Plaintext=plaintext, **same)["CiphertextBlob"]
    blobs.keep("ciphertext of RSA", sealed)
    assert kms.decrypt(CiphertextBlob=sealed, **same)["Plaintext"] == plaintext


def sign(scene: Scene, kms: Any) -> None:
    canaries = scene.canaries
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    same = {"KeyId": made["KeyId"], "SigningAlgorithm": "ECDSA_SHA_256"}
    message = canaries.make("message")
    signature = kms.sign(Message=message, **same)["Signature"]
    canaries.keep("signature", signature)
    assert kms.verify(Message=message, Signature=signature, **same)["SignatureValid"]
    refused(kms.verify, Message=b"another", Signature=signature, **same)
    made = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
    same = {"KeyId": made["KeyId"], "MacAlgorithm": "HMAC_SHA_256"}
    mac = kms.generate_mac(Message=message, **same)["Mac"]
    canaries.keep("MAC", mac)
    assert kms.verify_mac(Message=message, Mac=mac, **same)["MacValid"]
    refused(kms.verify_mac, Message=b"another", Mac=mac, **same)


def agree(scene: Scene, kms: Any) -> None:
    usage = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}
    ours, theirs = (kms.create_key(**usage)["KeyMetadata"]["KeyId"] for _ in range(2))
    public = kms.get_public_key(KeyId=theirs)["PublicKey"]
    shared = kms.derive_shared_secret(KeyId=ours, KeyAgreementAlgorithm="ECDH", PublicKey=public)
    scene.canaries.keep("shared secret", shared["SharedSecret"])
    made = kms.create_key(KeySpec="ML_KEM_768", KeyUsage="ENCAPSULATE_DECAPSULATE")["KeyMetadata"]
    same = {"KeyId": made["KeyId"], "EncapsulationAlgorithm": "ML_KEM"}
    given = kms.encapsulate(**same)
    scene.canaries.keep("encapsulated secret", given["SharedSecret"])
    scene.blobs.keep("encapsulation", given["SharedSecretCiphertextBlob"])
    kms.decapsulate(SharedSecretCiphertextBlob=given["SharedSecretCiphertextBlob"], **same)


def bring(scene: Scene, kms: Any) -> None:
    """Material from outside, once as it must be and once spoilt."""
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    material = scene.canaries.make("imported material", 32)
    for is_spoilt in (True, False):
        given = kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )
        wrapped = wrap("RSAES_OAEP_SHA_256", given["PublicKey"], material)
        # It ends with its id, which names the wrapping key.
        scene.canaries.keep("import token", given["ImportToken"], parts=False)
        scene.blobs.keep("wrapped material", wrapped)
        sent = {
            "KeyId": key,
            "ImportToken": given["ImportToken"],
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        }
        if is_spoilt:
            refused(kms.import_key_material, EncryptedKeyMaterial=wrapped[::-1], **sent)
        else:
            kms.import_key_material(EncryptedKeyMaterial=wrapped, **sent)
    mac = scene.canaries.make("imported HMAC key", 32)
    imported(kms, "HMAC_256", "GENERATE_VERIFY_MAC", mac)
    curve_key = ec.generate_private_key(ec.SECP256R1())
    scalar = curve_key.private_numbers().private_value
    scene.canaries.keep("imported scalar", scalar.to_bytes(32, "big"))
    modulus_key = rsa.generate_private_key(65537, 2048)
    for name, number in [
        ("prime", modulus_key.private_numbers().p),
        ("d", modulus_key.private_numbers().d),
    ]:
        text = number.to_bytes((number.bit_length() + 7) // 8, "big")
        scene.canaries.keep(f"{name} of an imported key", text)
    for spec, made in [("ECC_NIST_P256", curve_key), ("RSA_2048", modulus_key)]:
        material = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        scene.canaries.keep(
            f"imported {spec}", material[:-70] if spec == "ECC_NIST_P256" else material
        )
        imported(kms, spec, "SIGN_VERIFY", material)


def for_an_enclave(scene: Scene, kms: Any, key: str, attester: Attester) -> None:
    enclave = Enclave()
    attested = attester.attest(enclave.public_key)
    scene.canaries.keep("attestation document", attested)
    recipient = {
        "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
        "AttestationDocument": attested,
    }
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", Recipient=recipient)
    scene.canaries.keep("data key for an enclave", enclave.open(made["CiphertextForRecipient"]))
    scene.blobs.keep("data key for an enclave", made["CiphertextForRecipient"])
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], Recipient=recipient)
    scene.blobs.keep("data key for an enclave", opened["CiphertextForRecipient"])
    made = kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256", Recipient=recipient)
    private = enclave.open(made["CiphertextForRecipient"])
    scene.canaries.keep("private scalar for an enclave", private[36:68])
    scene.blobs.keep("private key for an enclave", made["CiphertextForRecipient"])
    usage = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}
    ours, theirs = (kms.create_key(**usage)["KeyMetadata"]["KeyId"] for _ in range(2))
    shared = kms.derive_shared_secret(
        KeyId=ours,
        KeyAgreementAlgorithm="ECDH",
        PublicKey=kms.get_public_key(KeyId=theirs)["PublicKey"],
        Recipient=recipient,
    )
    secret = enclave.open(shared["CiphertextForRecipient"])
    scene.canaries.keep("shared secret for an enclave", secret)
    scene.blobs.keep("shared secret for an enclave", shared["CiphertextForRecipient"])
    refused(
        kms.generate_random,
        NumberOfBytes=32,
        Recipient=recipient | {"AttestationDocument": attested[:-1]},
    )


def custom_key_stores(scene: Scene, kms: Any) -> None:
    password = scene.canaries.make("password of a key store", 12).hex()
    secret = scene.canaries.make("secret of a proxy", 15).hex()
    credential = {"AccessKeyId": "ABCDEFGHIJKLMNOPQRST2", "RawSecretAccessKey": "A" * 13 + secret}
    hsm = {
        "CloudHsmClusterId": "cluster-2a23b4cdefg",
        "KeyStorePassword": password,
        "TrustAnchorCertificate": "-----BEGIN CERTIFICATE-----",
    }
    proxy = {
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyUriEndpoint": "https://xks.example.com",
        "XksProxyUriPath": "/kms/xks/v1",
        "XksProxyConnectivity": "PUBLIC_ENDPOINT",
        "XksProxyAuthenticationCredential": credential,
    }
    kms.describe_custom_key_stores()
    refused(kms.create_custom_key_store, CustomKeyStoreName="one", **hsm)
    refused(kms.create_custom_key_store, CustomKeyStoreName="two", **proxy)
    absent = {"CustomKeyStoreId": "cks-1234567890abcdef0"}
    refused(kms.update_custom_key_store, KeyStorePassword=password, **absent)
    refused(kms.update_custom_key_store, XksProxyAuthenticationCredential=credential, **absent)


def use_identities(scene: Scene, issuer: Issuer) -> None:
    iam, canaries = scene.client("iam"), scene.canaries
    iam.create_user(UserName="dana")
    iam.put_user_policy(UserName="dana", PolicyName="all", PolicyDocument=document(EVERYTHING))
    keys = iam.create_access_key(UserName="dana")["AccessKey"]
    dana = scene.keep_credentials("dana", keys)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    seed = device["Base32StringSeed"]
    canaries.keep("MFA seed", seed)
    canaries.keep("MFA seed", base64.b32decode(seed))
    now = otp.now()
    wrong = otp.code(base64.b32encode(secrets.token_bytes(20)), now)
    scene.codes += [wrong, *(otp.code(seed, step) for step in range(now - 3, now + 6))]
    codes = {f"AuthenticationCode{n + 1}": otp.code(seed, now - 1 + n) for n in range(2)}
    serial = device["SerialNumber"]
    iam.enable_mfa_device(UserName="dana", SerialNumber=serial, **codes)
    sts = scene.client("sts", dana)
    # Used up; and the next one.
    refused(sts.get_session_token, SerialNumber=serial, TokenCode=otp.code(seed, now - 1))
    given = sts.get_session_token(SerialNumber=serial, TokenCode=otp.code(seed, now + 1))
    session = scene.keep_credentials("a session", given["Credentials"])
    refused(sts.get_session_token, SerialNumber=serial, TokenCode=wrong)
    codes = {f"AuthenticationCode{n + 1}": otp.code(seed, now + 2 + n) for n in range(2)}
    iam.resync_mfa_device(UserName="dana", SerialNumber=serial, **codes)
    iam.list_virtual_mfa_devices()
    role = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    arn = iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust(role, "sts:AssumeRole"))[
        "Role"
    ]["Arn"]
    given = sts.assume_role(RoleArn=arn, RoleSessionName="app-1")
    assumed = scene.keep_credentials("a role", given["Credentials"])
    given = sts.get_federation_token(Name="feda", Policy=document(EVERYTHING))
    federated = scene.keep_credentials("a federated user", given["Credentials"])
    for caller in (session, federated):
        scene.client("kms", caller).list_keys()
    refused(scene.client("kms", assumed).list_keys)
    broken = assumed | {"SessionToken": assumed["SessionToken"][:-8] + "AAAAAAAA"}
    canaries.keep("broken session token", broken["SessionToken"])
    refused(scene.client("kms", broken).list_keys)
    web_identity(scene, iam, issuer)


def web_identity(scene: Scene, iam: Any, issuer: Issuer) -> None:
    iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["app"])
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER.removeprefix('https://')}"
    action = "sts:AssumeRoleWithWebIdentity"
    condition = {"StringEquals": {f"{ISSUER.removeprefix('https://')}:aud": "app"}}
    policy = trust({"Federated": provider}, action, Condition=condition)
    arn = iam.create_role(RoleName="web", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    token = issuer.token()
    anyone = scene.client("sts", signature_version=UNSIGNED)
    asked = {"RoleArn": arn, "RoleSessionName": "web-1"}
    given = anyone.assume_role_with_web_identity(WebIdentityToken=token, **asked)
    scene.keep_credentials("a web identity", given["Credentials"])
    forged = token[:-12] + "AAAAAAAAAAAA"
    refused(anyone.assume_role_with_web_identity, WebIdentityToken=forged, **asked)
    for secret in (token, forged):
        scene.canaries.keep("web identity token", secret)
        scene.canaries.keep("signature of a web identity token", secret.rpartition(".")[2])


def write_by_hand(scene: Scene) -> None:
    """Requests that no SDK sends: broken ones around a secret, and one signed in its URL."""
    wire = scene.deployment.wire()
    for frame in [
        '{{"KeyId": "alias/none", "Plaintext": "{}"',
        '{{"KeyId": 7, "Plaintext": "{}"}}',
        '{{"KeyId": "alias/none", "Plaintext": ["{}"]}}',
        '{{"KeyId": "alias/none", "Plaintext": "{}", "Plaintext": ""}}',
        '{{"KeyId": "alias/none", "Plaintext": "{}?"}}',
    ]:
        secret = scene.canaries.make("plaintext in a broken body")
        answer = wire.call("Encrypt", frame.format(base64.b64encode(secret).decode()))
        assert answer.status == 400
        scene.errors.append(answer.body.decode())
    target, headers = wire.presign("ListKeys", b"{}")
    scene.canaries.keep("signature in a URL", target.rpartition("X-Amz-Signature=")[2])
    assert wire.exchange("POST", target, headers, b"{}").status == 200
    spoilt = target[:-8] + "00000000"
    scene.canaries.keep("wrong signature in a URL", spoilt.rpartition("X-Amz-Signature=")[2])
    answer = wire.exchange("POST", spoilt, headers, b"{}")
    scene.errors.append(answer.body.decode())


# What no record of KMS shows.
HIDDEN = {
    "CiphertextBlob",
    "EncryptedKeyMaterial",
    "GrantToken",
    "GrantTokens",
    "ImportToken",
    "KeyStorePassword",
    "Mac",
    "Message",
    "Plaintext",
    "PublicKey",
    "Recipient",
    "SharedSecretCiphertextBlob",
    "Signature",
    "TrustAnchorCertificate",
    "XksProxyAuthenticationCredential",
}


def send_unsound(scene: Scene) -> None:
    """Hidden members of every operation with values that are refused unread. The reply may repeat
    what was sent; nothing else may."""
    secret = scene.canaries.make("hidden member that is refused unread", 30)
    mark = base64.urlsafe_b64encode(secret).decode()
    values: list[Any] = [
        mark * 300,
        f"{mark}\u0001 \u00e9",
        base64.b64encode(secret + bytes(10_000)).decode(),
        [mark],
        [mark, ""],
        [mark] * 11,
        {mark: mark},
        {"AccessKeyId": mark, "RawSecretAccessKey": mark, "AttestationDocument": mark},
    ]
    wire, model = scene.deployment.wire(), scene.client("kms").meta.service_model
    sent = 0
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        for member in HIDDEN.intersection(shape.members if shape else {}):
            for value in values:
                assert wire.call(name, json.dumps({member: value})).status == 400, (name, member)
                sent += 1
    assert sent > 200
    session = scene.deployment.session()
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    endpoint = {"region_name": REGION, "endpoint_url": scene.deployment.endpoint, "config": config}
    sts, iam = (session.client(service, **endpoint) for service in ("sts", "iam"))
    refused(sts.get_session_token, SerialNumber="arn:aws:iam::111122223333:mfa/x", TokenCode=mark)
    for call in (iam.enable_mfa_device, iam.resync_mfa_device):
        for codes in ((mark, mark), ("123456", mark), (mark, "")):
            same = {"UserName": "dana", "SerialNumber": "arn:aws:iam::111122223333:mfa/x"}
            refused(call, AuthenticationCode1=codes[0], AuthenticationCode2=codes[1], **same)


def test_the_search_finds_what_may_be_found(scene: Scene) -> None:
    marked = Canaries()
    marked.keep("context", CONTEXT["open"])
    finds = {place for place, data in scene.places.items() if marked.found_in(data)}
    for expected in [
        "while it ran: journal/",
        "in the end: audit/keyward-audit/AWSLogs/",
        "OTLP",
        "syslog",
        "the webhook",
    ]:
        assert any(place.startswith(expected) for place in finds), (expected, sorted(finds))
    logs = [place for place in finds if place.endswith(".json.gz")]
    assert logs, "delivered files are packed"


@pytest.mark.parametrize("before", range(4))
def test_the_search_knows_every_form(before: int) -> None:
    marked = Canaries()
    secret = marked.make("secret", 32)
    text = bytes(before) + secret + b"end"
    for hidden in [
        text,
        gzip.compress(text),
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(text),
        base64.urlsafe_b64encode(text),
        base64.encodebytes(text * 3),
        base64.b32encode(text),
        base64.b32encode(text).lower(),
        quote_from_bytes(text, safe="").encode(),
        b"%" + text.hex("%").encode(),
        # `{:?}`, `{:#?}`, `{:x?}`, `{:02X?}` and `{:#04x?}` of bytes, and JSON.
        f"the key is {[*text]} here".encode(),
        json.dumps([*text], indent=4).encode(),
        json.dumps([*text], separators=(",", ":")).encode(),
        f"[{', '.join(f'{byte:x}' for byte in text)}]".encode(),
        f"[{', '.join(f'{byte:02X}' for byte in text)}]".encode(),
        f"[{', '.join(f'{byte:#04x}' for byte in text)}]".encode(),
        # `{:?}` of `bytes::Bytes`, and of texts.
        repr(text).encode(),
        "".join(f"\\x{byte:02x}" for byte in text).encode(),
    ]:
        assert marked.found_in(hidden), hidden
    assert not marked.found_in(bytes(reversed(text)))


def test_the_search_knows_texts_in_texts() -> None:
    marked, text = Canaries(), 'a "quoted" \\ word\n\x07 ü \u2028'
    marked.keep("text", text)
    once = json.dumps(text)
    for hidden in [text, once, json.dumps({"inner": once}), json.dumps(text, ensure_ascii=False)]:
        assert marked.found_in(hidden.encode()), hidden
    # `{:?}` of a text.
    debug = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    debug = debug.replace("\x07", "\\u{7}").replace("\u2028", "\\u{2028}")
    assert marked.found_in(debug.encode())


@pytest.mark.parametrize("part", [slice(0, 30), slice(35, 65), slice(70, 100)])
def test_the_search_finds_parts_of_what_is_long(part: slice) -> None:
    marked = Canaries()
    secret = marked.make("secret", 100)
    marked.keep("start", secret[:24])
    assert marked.found_in(secret[part])


def tells_secrets(shape: Shape | None, seen: tuple[str, ...] = ()) -> bool:
    """Whether a shape of the API model has a member of bytes, or one marked as sensitive."""
    if shape is None or shape.name in seen:
        return False
    if shape.type_name == "blob" or shape.metadata.get("sensitive"):
        return True
    inside = {
        "structure": lambda: shape.members.values(),
        "list": lambda: [shape.member],
        "map": lambda: [shape.key, shape.value],
    }.get(shape.type_name, lambda: [])
    return any(tells_secrets(member, (*seen, shape.name)) for member in inside())


@pytest.mark.parametrize("service", ["kms", "iam", "sts"])
def test_every_operation_that_takes_or_gives_a_secret_was_called(
    scene: Scene, service: str
) -> None:
    model = scene.deployment.session().client(service, region_name=REGION).meta.service_model
    shapes = {
        name: (model.operation_model(name).input_shape, model.operation_model(name).output_shape)
        for name in model.operation_names
    }
    secret = {name for name, both in shapes.items() if any(map(tells_secrets, both))}
    assert secret - scene.called[service] == NOT_OFFERED[service]


def test_every_kind_of_secret_was_there(scene: Scene) -> None:
    assert len(scene.canaries.known) > 90
    assert len(scene.blobs.known) > 10
    for place in ["keyward.db", "log", "journal/", "run/"]:
        assert any(name.startswith(f"while it ran: {place}") for name in scene.places), place
    for said in ["explain", "LookupEvents", "audit search", "audit tail", "audit verify"]:
        assert any(name.startswith(said) for name in scene.places), said


def test_no_secret_is_in_anything_that_was_written_or_said(scene: Scene) -> None:
    leaks = {place: scene.canaries.found_in(data) for place, data in scene.places.items()}
    assert {place: names for place, names in leaks.items() if names} == {}


def test_no_ciphertext_is_kept_or_told(scene: Scene) -> None:
    leaks = {place: scene.blobs.found_in(data) for place, data in scene.places.items()}
    assert {place: names for place, names in leaks.items() if names} == {}


def test_no_code_of_a_device_is_in_the_trail(scene: Scene) -> None:
    code = re.compile(
        rb"(?<![0-9a-zA-Z.-])(" + "|".join(scene.codes).encode() + rb")(?![0-9a-zA-Z.-])"
    )
    told = ["journal/", "audit/"]
    trail = [
        data
        for place, data in scene.places.items()
        if any(f": {name}" in place for name in told) or place in ("OTLP", "syslog", "the webhook")
    ]
    assert len(trail) > 5
    packed = gzip.compress(json.dumps({"tokenCode": scene.codes[0]}).encode())
    assert code.search(unpacked(packed))
    assert any(data != unpacked(data) for data in trail)
    assert not [found for data in trail if (found := code.search(unpacked(data)))]

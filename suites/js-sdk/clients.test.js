// Packages that stand on the SDK: what they sign others verify, what they seal they open.

import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { test } from "node:test";

import esdk from "@aws-crypto/client-node";
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  KMS,
  ReplicateKeyCommand,
  SignCommand,
} from "@aws-sdk/client-kms";
import { KMSSigner } from "@rumblefishdev/eth-signer-kms";
import { Transaction, verifyMessage, verifyTypedData } from "ethers";
import { jwtVerify } from "jose";

const OTHER_REGION = "eu-central-1";

// The keyrings want the client whose operations are methods.
const kms = new KMS({ maxAttempts: 1 });
const abroad = new KMS({ maxAttempts: 1, region: OTHER_REGION });
const { encrypt, decrypt } = esdk.buildClient(
  esdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
);

async function newKey(parameters = {}) {
  return (await kms.send(new CreateKeyCommand(parameters))).KeyMetadata;
}

test("the AWS Encryption SDK opens with any of its keys what it sealed under two", async () => {
  const [one, two, stranger] = await Promise.all([newKey(), newKey(), newKey()]);
  const both = new esdk.KmsKeyringNode({ generatorKeyId: one.Arn, keyIds: [two.Arn] });
  const encryptionContext = { tenant: "blue" };
  const { result } = await encrypt(both, "secret", { encryptionContext });
  for (const settings of [{ keyIds: [one.Arn] }, { keyIds: [two.Arn] }, { discovery: true }]) {
    const opened = await decrypt(new esdk.KmsKeyringNode(settings), result);
    assert.equal(opened.plaintext.toString(), "secret");
    assert.equal(opened.messageHeader.encryptionContext.tenant, "blue");
  }
  await assert.rejects(decrypt(new esdk.KmsKeyringNode({ keyIds: [stranger.Arn] }), result));
});

test("the AWS Encryption SDK opens in one Region what it sealed in another", async () => {
  const { Arn, KeyId } = await newKey({ MultiRegion: true });
  await kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: OTHER_REGION }));
  const here = new esdk.AwsKmsMrkAwareSymmetricKeyringNode({ keyId: Arn, client: kms });
  const { result } = await encrypt(here, "secret");
  await ready(abroad, KeyId);
  const keyId = Arn.replace(/(?<=kms:)[^:]+/, OTHER_REGION);
  const there = new esdk.AwsKmsMrkAwareSymmetricKeyringNode({ keyId, client: abroad });
  assert.equal((await decrypt(there, result)).plaintext.toString(), "secret");
});

// A replica sends no event when it is there.
async function ready(client, KeyId) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
    if (KeyMetadata.KeyState === "Enabled") return;
  }
  assert.fail("the replica is not ready");
}

test("an Ethereum account signs messages, typed data and transactions", async () => {
  const { KeyId } = await newKey({ KeySpec: "ECC_SECG_P256K1", KeyUsage: "SIGN_VERIFY" });
  const account = await KMSSigner.create(null, KeyId, kms);
  const address = await account.getAddress();
  // Half of the signatures have an s that Ethereum refuses and the signer turns over.
  for (let at = 0; at < 16; at += 1) {
    assert.equal(verifyMessage(`message ${at}`, await account.signMessage(`message ${at}`)), address);
  }
  const typed = [{ name: "keyward", chainId: 1 }, { Order: [{ name: "amount", type: "uint256" }] }];
  const signature = await account.signTypedData(...typed, { amount: 7 });
  assert.equal(verifyTypedData(...typed, { amount: 7 }, signature), address);
  const fees = { gasLimit: 21_000n, maxFeePerGas: 2n, maxPriorityFeePerGas: 1n };
  const transfer = { type: 2, chainId: 1n, nonce: 0, from: address, to: address, value: 1n, ...fees };
  assert.equal(Transaction.from(await account.signTransaction(transfer)).from, address);
});

const TOKENS = {
  EdDSA: ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512"],
  ES256: ["ECC_NIST_P256", "ECDSA_SHA_256", 32],
  ES384: ["ECC_NIST_P384", "ECDSA_SHA_384", 48],
  ES512: ["ECC_NIST_P521", "ECDSA_SHA_512", 66],
  PS384: ["RSA_2048", "RSASSA_PSS_SHA_384"],
  RS256: ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"],
};

for (const [alg, [KeySpec, SigningAlgorithm, size]] of Object.entries(TOKENS)) {
  test(`jose takes a token signed with ${alg}`, async () => {
    const { KeyId } = await newKey({ KeySpec, KeyUsage: "SIGN_VERIFY" });
    const encoded = [{ alg, kid: KeyId }, { sub: "alice" }].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const Message = Buffer.from(encoded.join("."));
    const signed = await kms.send(new SignCommand({ KeyId, Message, SigningAlgorithm }));
    const der = Buffer.from(signed.Signature);
    const signature = (size ? halves(der, size) : der).toString("base64url");
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
    const { payload } = await jwtVerify([...encoded, signature].join("."), key);
    assert.equal(payload.sub, "alice");
  });
}

// r and s of an ECDSA signature, each at full length, as tokens have them.
function halves(der, size) {
  const first = der[1] & 0x80 ? 3 : 2;
  const second = first + 2 + der[first + 1];
  const whole = Buffer.alloc(2 * size);
  [first, second].forEach((at, index) => {
    const number = der.subarray(at + 2, at + 2 + der[at + 1]);
    const digits = number.subarray(Math.max(0, number.length - size));
    digits.copy(whole, (index + 1) * size - digits.length);
  });
  return whole;
}

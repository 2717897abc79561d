// What a JavaScript program finds: the SDK, the profile that `keyward init` wrote, and nothing else.
//
// A server runs already; AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE name it.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateRandomCommand,
  InvalidCiphertextException,
  KMSClient,
  ListResourceTagsCommand,
  NotFoundException,
  paginateListKeys,
} from "@aws-sdk/client-kms";

const kms = new KMSClient({ maxAttempts: 1 });

async function newKey(parameters = {}) {
  return (await kms.send(new CreateKeyCommand(parameters))).KeyMetadata;
}

test("what was encrypted is decrypted under the same context only", async () => {
  const { KeyId, Arn } = await newKey();
  const Plaintext = new TextEncoder().encode("attack at dawn");
  const EncryptionContext = { tenant: "blue" };
  const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));

  const { CiphertextBlob } = sealed;
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
  assert.deepEqual(opened.Plaintext, Plaintext);
  assert.equal(opened.KeyId, Arn);

  const changed = { tenant: "red" };
  await assert.rejects(
    kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: changed })),
    InvalidCiphertextException,
  );
});

test("errors are of the class the SDK knows", async () => {
  await assert.rejects(kms.send(new DescribeKeyCommand({ KeyId: "alias/absent" })), (error) => {
    assert(error instanceof NotFoundException);
    assert.match(error.message, /^Alias arn:aws:kms:.*:alias\/absent is not found\.$/);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert(error.$metadata.requestId);
    return true;
  });
  const { KeyId, Arn } = await newKey();
  await kms.send(new DisableKeyCommand({ KeyId }));
  await assert.rejects(kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" })), {
    name: "DisabledException",
    message: `${Arn} is disabled.`,
  });
  await assert.rejects(kms.send(new GenerateRandomCommand({ NumberOfBytes: 0 })), {
    name: "ValidationException",
  });
});

test("a data key comes in clear and wrapped", async () => {
  const { KeyId } = await newKey();
  const made = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
  assert.equal(made.Plaintext.length, 32);
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }));
  assert.deepEqual(opened.Plaintext, made.Plaintext);
});

test("a key has a name, tags and a date", async () => {
  const Tags = [{ TagKey: "team", TagValue: "red" }];
  const key = await newKey({ Tags });
  assert(key.CreationDate instanceof Date);
  const AliasName = `alias/js/${randomUUID()}`;
  await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: key.KeyId }));
  const described = await kms.send(new DescribeKeyCommand({ KeyId: AliasName }));
  assert.deepEqual(described.KeyMetadata, key);
  const listed = await kms.send(new ListResourceTagsCommand({ KeyId: key.KeyId }));
  assert.deepEqual(listed.Tags, Tags);
});

test("keys are listed over as many pages as there are", async () => {
  const made = await Promise.all(Array.from({ length: 5 }, () => newKey()));
  const ids = new Set();
  for await (const page of paginateListKeys({ client: kms, pageSize: 2 }, {})) {
    for (const { KeyId } of page.Keys) ids.add(KeyId);
  }
  assert(made.every(({ KeyId }) => ids.has(KeyId)));
});

//! Which operations share a request quota, and the quotas of the service.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>

use keyward_engine::{Rate, RequestGroup};
use keyward_model::KeySpec;

const SYMMETRIC: &[KeySpec] = &[
    KeySpec::SymmetricDefault,
    KeySpec::Hmac224,
    KeySpec::Hmac256,
    KeySpec::Hmac384,
    KeySpec::Hmac512,
];
const RSA: &[KeySpec] = &[KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096];
const ECC_AND_SM2: &[KeySpec] = &[
    KeySpec::EccNistP256,
    KeySpec::EccNistP384,
    KeySpec::EccNistP521,
    KeySpec::EccSecgP256k1,
    KeySpec::EccNistEdwards25519,
    KeySpec::Sm2,
];
const ML_DSA: &[KeySpec] = &[KeySpec::MlDsa44, KeySpec::MlDsa65, KeySpec::MlDsa87];
const ML_KEM: &[KeySpec] = &[KeySpec::MlKem512, KeySpec::MlKem768, KeySpec::MlKem1024];

const PAIRS: &[&str] = &["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"];

/// Symmetric cryptography in the Regions that have more than the others.
const SYMMETRIC_REGIONS: &[(&str, Rate)] = &[
    ("ap-northeast-1", Rate::per_second(20_000)),
    ("ap-southeast-1", Rate::per_second(20_000)),
    ("ap-southeast-2", Rate::per_second(20_000)),
    ("eu-central-1", Rate::per_second(20_000)),
    ("eu-west-1", Rate::per_second(100_000)),
    ("eu-west-2", Rate::per_second(20_000)),
    ("us-east-1", Rate::per_second(100_000)),
    ("us-east-2", Rate::per_second(20_000)),
    ("us-west-2", Rate::per_second(100_000)),
];

/// The groups. An operation that stands in several counts by the spec of its key, or of the key
/// pair it makes. What the service does not publish (ML-KEM) is taken to be as for its likes.
// WIRE: the `resource` of symmetric, RSA and ECC groups and of data key pairs is the service's; those
// of ML-DSA and ML-KEM are formed alike. Evidence: docs/WIRE.md, "Metrics".
pub static REQUEST_GROUPS: &[RequestGroup] = &[
    RequestGroup {
        name: "symmetric",
        resource: "CryptographicOperationsSymmetric",
        rate: Rate::per_second(10_000),
        regional: SYMMETRIC_REGIONS,
        operations: &[
            "Decrypt",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyWithoutPlaintext",
            "GenerateMac",
            "GenerateRandom",
            "ReEncrypt",
            "VerifyMac",
        ],
        specs: SYMMETRIC,
    },
    shared(
        "rsa",
        "CryptographicOperationsRsa",
        &["Decrypt", "Encrypt", "ReEncrypt", "Sign", "Verify"],
        RSA,
    ),
    shared(
        "ecc",
        "CryptographicOperationsEcc",
        &["Decrypt", "DeriveSharedSecret", "Encrypt", "ReEncrypt", "Sign", "Verify"],
        ECC_AND_SM2,
    ),
    shared("ml-dsa", "CryptographicOperationsMlDsa", &["Sign", "Verify"], ML_DSA),
    shared("ml-kem", "CryptographicOperationsMlKem", &["Decapsulate", "Encapsulate"], ML_KEM),
    pairs(
        "data-key-pair-ECC_NIST_P256",
        "GenerateDataKeyPair-ECC_NIST_P256",
        &[KeySpec::EccNistP256],
        100,
        &[],
    ),
    pairs(
        "data-key-pair-ECC_NIST_P384",
        "GenerateDataKeyPair-ECC_NIST_P384",
        &[KeySpec::EccNistP384],
        100,
        &[],
    ),
    pairs(
        "data-key-pair-ECC_NIST_P521",
        "GenerateDataKeyPair-ECC_NIST_P521",
        &[KeySpec::EccNistP521],
        100,
        &[],
    ),
    pairs(
        "data-key-pair-ECC_SECG_P256K1",
        "GenerateDataKeyPair-ECC_SECG_P256K1",
        &[KeySpec::EccSecgP256k1],
        100,
        &[],
    ),
    pairs(
        "data-key-pair-ECC_NIST_EDWARDS25519",
        "GenerateDataKeyPair-ECC_NIST_EDWARDS25519",
        &[KeySpec::EccNistEdwards25519],
        100,
        &[],
    ),
    pairs(
        "data-key-pair-RSA_2048",
        "GenerateDataKeyPair-RSA_2048",
        &[KeySpec::Rsa2048],
        20,
        &[("cn-north-1", Rate::per_second(1)), ("cn-northwest-1", Rate::per_second(1))],
    ),
    pairs(
        "data-key-pair-RSA_3072",
        "GenerateDataKeyPair-RSA_3072",
        &[KeySpec::Rsa3072],
        4,
        &[("cn-north-1", one_in(2)), ("cn-northwest-1", one_in(2))],
    ),
    pairs(
        "data-key-pair-RSA_4096",
        "GenerateDataKeyPair-RSA_4096",
        &[KeySpec::Rsa4096],
        1,
        &[("cn-north-1", one_in(10)), ("cn-northwest-1", one_in(10))],
    ),
    pairs("data-key-pair-SM2", "GenerateDataKeyPair-SM2", &[KeySpec::Sm2], 25, &[]),
    pairs(
        "data-key-pair-ML_KEM_512",
        "GenerateDataKeyPair-ML_KEM_512",
        &[KeySpec::MlKem512],
        100,
        &[],
    ),
    pairs(
        "data-key-pair-ML_KEM_768",
        "GenerateDataKeyPair-ML_KEM_768",
        &[KeySpec::MlKem768],
        100,
        &[],
    ),
    pairs(
        "data-key-pair-ML_KEM_1024",
        "GenerateDataKeyPair-ML_KEM_1024",
        &[KeySpec::MlKem1024],
        100,
        &[],
    ),
    single(&["CancelKeyDeletion"], 5),
    single(&["ConnectCustomKeyStore"], 5),
    single(&["CreateAlias"], 5),
    single(&["CreateCustomKeyStore"], 5),
    single(&["CreateGrant"], 50),
    single(&["CreateKey"], 5),
    single(&["DeleteAlias"], 15),
    single(&["DeleteCustomKeyStore"], 5),
    single(&["DeleteImportedKeyMaterial"], 15),
    single(&["DescribeCustomKeyStores"], 5),
    single(&["DescribeKey"], 2000),
    single(&["DisableKey"], 5),
    single(&["DisableKeyRotation"], 5),
    single(&["DisconnectCustomKeyStore"], 5),
    single(&["EnableKey"], 5),
    single(&["EnableKeyRotation"], 15),
    single(&["GetKeyLastUsage"], 5),
    single(&["GetKeyPolicy"], 1000),
    single(&["GetKeyRotationStatus"], 1000),
    single(&["GetParametersForImport"], 1),
    single(&["GetPublicKey"], 2000),
    single(&["ImportKeyMaterial"], 15),
    single(&["ListAliases"], 500),
    single(&["ListGrants"], 100),
    single(&["ListKeyPolicies"], 100),
    single(&["ListKeyRotations"], 100),
    single(&["ListKeys"], 500),
    single(&["ListResourceTags"], 2000),
    single(&["ListRetirableGrants"], 100),
    single(&["PutKeyPolicy"], 15),
    single(&["ReplicateKey"], 5),
    single(&["RetireGrant"], 50),
    single(&["RevokeGrant"], 50),
    single(&["RotateKeyOnDemand"], 5),
    single(&["ScheduleKeyDeletion"], 15),
    single(&["TagResource"], 10),
    single(&["UntagResource"], 5),
    single(&["UpdateAlias"], 5),
    single(&["UpdateCustomKeyStore"], 5),
    single(&["UpdateKeyDescription"], 5),
    single(&["UpdatePrimaryRegion"], 5),
];

const fn shared(
    name: &'static str,
    resource: &'static str,
    operations: &'static [&'static str],
    specs: &'static [KeySpec],
) -> RequestGroup {
    let rate = Rate::per_second(1_000);
    RequestGroup { name, resource, rate, regional: &[], operations, specs }
}

const fn pairs(
    name: &'static str,
    resource: &'static str,
    specs: &'static [KeySpec],
    requests: u32,
    regional: &'static [(&'static str, Rate)],
) -> RequestGroup {
    let rate = Rate::per_second(requests);
    RequestGroup { name, resource, rate, regional, operations: PAIRS, specs }
}

/// A group of one operation, which has its name.
const fn single(operations: &'static [&'static str; 1], requests: u32) -> RequestGroup {
    let [name] = *operations;
    let rate = Rate::per_second(requests);
    RequestGroup { name, resource: name, rate, regional: &[], operations, specs: &[] }
}

const fn one_in(seconds: u32) -> Rate {
    Rate { requests: 1, seconds }
}

#[cfg(test)]
mod tests;

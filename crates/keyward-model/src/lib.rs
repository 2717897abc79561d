//! The vocabulary every other crate speaks: accounts, Regions, key ids, ARNs, key specs and
//! states, encryption context, callers, time and the source of ids.
//!
//! Text from a client becomes one of these types once; below the request shapes no function takes
//! an id as `&str`. This crate does no I/O and knows nothing of HTTP, storage, policy or
//! cryptography.

mod account;
mod algorithm;
mod alias;
mod arn;
mod caller;
mod encryption_context;
mod grant;
mod import;
mod key_id;
mod key_material_id;
mod key_ref;
mod key_spec;
mod key_state;
mod lookup_attribute;
mod multi_region;
mod principal;
mod random;
mod region;
mod rotation;
mod time;
mod unique_id;
mod wire_enum;

pub use account::{AccountId, NotAnAccountId};
pub use algorithm::{
    EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, MacAlgorithm, MessageType,
    SigningAlgorithm,
};
pub use alias::{AliasName, NotAnAliasName};
pub use arn::{AliasArn, KeyArn};
pub use caller::{AccessKeyId, Caller, NotAnAccessKeyId};
pub use encryption_context::EncryptionContext;
pub use grant::{GrantId, GrantOperation, NotAGrantId};
pub use import::{ExpirationModel, ImportState, ImportType, WrappingAlgorithm, WrappingKeySpec};
pub use key_id::{KeyId, NotAKeyId};
pub use key_material_id::KeyMaterialId;
pub use key_ref::{BadKeyRef, KeyRef};
pub use key_spec::{KeySpec, KeyUsage};
pub use key_state::{KeyManager, KeyState, Origin};
pub use lookup_attribute::LookupAttribute;
pub use multi_region::{MultiRegionKeyType, MultiRegionSet};
pub use principal::{Federation, Identity, Principal, ServicePrincipal, Session, WebIdentity};
pub use random::{Rng, new_uuid};
pub use region::{NotARegion, Partition, Region};
pub use rotation::{IncludeKeyMaterial, KeyMaterialState, RotationType};
pub use time::{Clock, Timestamp};
pub use unique_id::{NotAUniqueId, UniqueId, UniqueIdKind};
pub use wire_enum::UnknownValue;

/// Identifies one request in its reply, its audit record and the logs.
pub type RequestId = uuid::Uuid;

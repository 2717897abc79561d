//! An operation and its entry in a table.

use std::future::Future;
use std::pin::Pin;

use keyward_audit::{Fragment, KMS_EVENT_SOURCE, Recorded};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::codec::{AwsJson, AwsQuery, Codec};
use crate::{Cx, OpError};

/// What an operation does to the world; decides `readOnly` in its audit record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Uses a key. CloudTrail calls these read-only.
    Cryptographic,
    /// Looks.
    Read,
    /// Changes a resource.
    Write,
}

/// One operation: its wire name, its shapes, and what it does.
pub trait Operation: 'static {
    /// The name on the wire and in the audit record.
    const NAME: &'static str;
    /// What it does to the world.
    const KIND: Kind;
    /// Whether the audit record shows the reply though nothing is changed.
    const SHOWS_REPLY: bool = false;
    /// Its constraints and errors, from the API model.
    const MODEL: &'static keyward_shape::Operation;
    /// The request.
    type Input<'a>: Deserialize<'a> + Recorded + Send;
    /// The reply; `()` for an operation that answers with an empty body.
    type Output: Serialize + Recorded + Send;

    /// Does it. The order of checks is wire behaviour, so it is the order of lines.
    fn run<'a>(
        cx: &'a mut Cx,
        input: Self::Input<'a>,
    ) -> impl Future<Output = Result<Self::Output, OpError>> + Send + 'a;

    /// An upper bound for the reply's length, so that a reply that holds a secret never grows and
    /// leaves copies behind.
    fn reply_bytes_max(_output: &Self::Output) -> usize {
        1024
    }
}

/// How requests and replies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.1.
    AwsJson,
    /// AWS Query: forms in, XML out.
    AwsQuery,
}

/// What all operations of a service have in common.
#[derive(Debug)]
pub struct Api {
    /// `eventSource` in audit records.
    pub event_source: &'static str,
    /// How requests and replies are written.
    pub protocol: Protocol,
    /// The members of requests that no audit record shows: tokens, codes, blobs, passwords. What a
    /// shape records must agree, which [`record_disagreements`](crate::record_disagreements) tells.
    pub hidden: &'static [&'static str],
    /// The members that records name otherwise than by the rule, with their names there.
    pub renamed: &'static [(&'static str, &'static str)],
}

/// The event source of STS.
pub const STS_EVENT_SOURCE: &str = "sts.amazonaws.com";

/// The key service.
pub static KMS: Api = Api {
    event_source: KMS_EVENT_SOURCE,
    protocol: Protocol::AwsJson,
    hidden: &[
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
    ],
    // WIRE: the older of the two names that samples show.
    renamed: &[("CloudHsmClusterId", "clusterId")],
};

/// How the caller of an operation is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By nothing: the request carries no signature, and the operation itself finds out whose it is
    /// ([`Cx::identify`]).
    NoneAndTheOperationIdentifiesItsCaller,
    /// By a signature.
    Signature,
}

/// A response body. It may hold a plaintext, so it is zeroed once written.
pub type Reply = Zeroizing<Vec<u8>>;

/// The dispatcher's one boxed future.
pub type CallFuture<'a> = Pin<Box<dyn Future<Output = Result<Reply, OpError>> + Send + 'a>>;

/// An operation as a plain value: limits and handler together.
pub struct Entry {
    /// The service it belongs to.
    pub api: &'static Api,
    /// How its caller is known.
    pub authentication: Authentication,
    /// The name on the wire.
    pub name: &'static str,
    /// What it does to the world.
    pub kind: Kind,
    /// Its constraints and errors, from the API model.
    pub model: &'static keyward_shape::Operation,
    /// The longest request body.
    pub body_bytes_max: usize,
    /// The members of the hand-written request shape, for the test that holds it to the model.
    pub input_members: fn() -> Option<&'static [&'static str]>,
    /// How the hand-written request shape reads a body, for the same test.
    pub readings: for<'a> fn(&'a [u8]) -> keyward_shape::Readings,
    /// What the audit record shows of a request, in JSON, that can be read; for tests.
    pub shown: for<'a> fn(&'a [u8]) -> Option<Fragment>,
    /// Decodes, runs, commits or records, and encodes. Of a Query operation it takes the form, and
    /// returns the element with its result.
    pub call: for<'a> fn(&'a mut Cx, &'a [u8]) -> CallFuture<'a>,
}

/// The longest body any operation takes: 1 MiB.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// The longest form of the Query protocol: 256 KiB, room for the longest policy, escaped.
pub const FORM_BYTES_MAX: usize = 256 << 10;

/// The entry of an operation of the key service.
pub const fn entry<O: Operation>() -> Entry {
    entry_of::<O, AwsJson>(&KMS)
}

/// The entry of an operation of another service that speaks JSON.
pub const fn json_entry<O: Operation>(api: &'static Api) -> Entry {
    entry_of::<O, AwsJson>(api)
}

/// The entry of an operation of a service that speaks Query.
pub const fn query_entry<O: Operation>(api: &'static Api) -> Entry {
    Entry { body_bytes_max: FORM_BYTES_MAX, ..entry_of::<O, AwsQuery>(api) }
}

/// The entry of an operation that takes no signature: anyone may call it, and it says itself who
/// that is ([`Cx::identify`]).
pub const fn unsigned_query_entry<O: Operation>(api: &'static Api) -> Entry {
    Entry {
        authentication: Authentication::NoneAndTheOperationIdentifiesItsCaller,
        ..query_entry::<O>(api)
    }
}

const fn entry_of<O: Operation, C: Codec>(api: &'static Api) -> Entry {
    Entry {
        api,
        authentication: Authentication::Signature,
        name: O::NAME,
        kind: O::KIND,
        model: O::MODEL,
        body_bytes_max: BODY_BYTES_MAX,
        input_members: keyward_shape::struct_members::<O::Input<'static>>,
        readings: |body| keyward_shape::readings::<O::Input<'_>>(body),
        shown: |body| {
            let input: O::Input<'_> = keyward_shape::decode(O::MODEL.input, body).ok()?;
            Some(Fragment::of(&input))
        },
        call: |cx, body| Box::pin(crate::dispatch::call::<O, C>(cx, body)),
    }
}

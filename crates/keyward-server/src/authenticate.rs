//! Who sent a request: rows 4 to 18 of the table of authentication errors.
//!
//! The signature itself is `keyward-sigv4`'s. Does not know where secrets are stored.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

use keyward_engine::{Credential, CredentialLookup, OpError, Protocol};
use keyward_model::AccessKeyId;
use keyward_sigv4::{Presented, Refusal, RefusalCode, RequestParts, Rules, SigningKey, present};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use crate::refused::style;
use crate::route::Route;
use crate::{Backend, Limits};

/// How many signing keys are kept.
const SIGNING_KEYS_MAX: usize = 10_000;

/// Why a request was not authenticated.
#[derive(Debug)]
pub(crate) enum Unauthenticated {
    /// Too many unknown callers are being looked up.
    Busy,
    /// The access key could not be looked up.
    Failed(OpError),
    /// The client's claims do not hold.
    Refused(Refusal),
}

impl Unauthenticated {
    /// Whether, of a [`Authenticator::verify`], it was the signature that did not hold.
    pub(crate) fn is_signature_mismatch(&self) -> bool {
        matches!(self, Self::Refused(Refusal { code: RefusalCode::InvalidSignature, .. }))
    }
}

impl From<Refusal> for Unauthenticated {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Verifies signatures, and keeps the signing keys it derived for them.
pub(crate) struct Authenticator {
    age_s_max: i64,
    query_age_s_max: i64,
    presigned_age_s_max: i64,
    lead_s_max: i64,
    keys: Cache<Scope, Arc<ScopedKey>>,
}

impl Authenticator {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            age_s_max: limits.signature_age_s_max,
            query_age_s_max: limits.query_signature_age_s_max,
            presigned_age_s_max: limits.presigned_age_s_max,
            lead_s_max: limits.signature_lead_s_max,
            keys: Cache::new(SIGNING_KEYS_MAX),
        }
    }

    /// Every check that needs no secret, and so no body.
    pub(crate) fn present<'a>(
        &self,
        backend: &impl Backend,
        route: &Route,
        parts: &RequestParts<'a>,
    ) -> Result<Presented<'a>, Refusal> {
        let protocol = route.entry.api.protocol;
        let is_query = protocol == Protocol::AwsQuery;
        let rules = Rules {
            service: route.signing_name,
            region_is_served: &|region| route.signing_region.allows(backend, region),
            now: backend.clock().now().unix_s(),
            past_window_s: if is_query { self.query_age_s_max } else { self.age_s_max },
            future_window_s: self.lead_s_max,
            expires_s_max: self.presigned_age_s_max,
            // WIRE: identity proofs are good as long as any signature, whatever they say.
            ignores_expires: is_query,
            style: style(protocol),
        };
        present(parts, &rules)
    }

    /// The checks that need the caller's secret.
    pub(crate) async fn verify(
        &self,
        backend: &impl Backend,
        protocol: Protocol,
        presented: &Presented<'_>,
        body: &[u8],
    ) -> Result<Arc<Credential>, Unauthenticated> {
        let credential = find(backend, protocol, presented).await?;
        presented.verify(&self.signing_key(&credential, presented).key, body)?;
        if presented.session_token().is_some() && credential.caller.session.is_none() {
            // A long-term access key has no session, so no token belongs to it.
            return Err(Refusal::bad_session_token(style(protocol)).into());
        }
        if credential.has_expired(backend.clock().now()) {
            return Err(Refusal::expired_session_token().into());
        }
        Ok(credential)
    }

    fn signing_key(
        &self,
        credential: &Arc<Credential>,
        presented: &Presented<'_>,
    ) -> Arc<ScopedKey> {
        let scope = ScopeRef::of(presented);
        if let Some(kept) = self.keys.get(&scope)
            // A credential that was replaced must not be verified with the key of the old one.
            && kept.owner.as_ptr() == Arc::as_ptr(credential)
        {
            return kept;
        }
        let key = presented.signing_key(credential.secret.expose());
        let key = Arc::new(ScopedKey { owner: Arc::downgrade(credential), key });
        self.keys.insert(scope.to_owned(), Arc::clone(&key));
        key
    }
}

/// Rows 15 and 17. Of a temporary access key, the session token is where its secret is found: a bad
/// one is refused before the signature can be looked at.
async fn find(
    backend: &impl Backend,
    protocol: Protocol,
    presented: &Presented<'_>,
) -> Result<Arc<Credential>, Unauthenticated> {
    let Ok(id) = presented.access_key_id().parse::<AccessKeyId>() else {
        return Err(Refusal::unknown_access_key().into());
    };
    match backend.credential(&id, presented.session_token()).await {
        Ok(CredentialLookup::Found(credential)) => Ok(credential),
        Ok(CredentialLookup::Absent) => Err(Refusal::unknown_access_key().into()),
        Ok(CredentialLookup::BadToken) => Err(Refusal::bad_session_token(style(protocol)).into()),
        Ok(CredentialLookup::Busy) => Err(Unauthenticated::Busy),
        Err(error) => Err(Unauthenticated::Failed(error)),
    }
}

/// A signing key and the credential it was derived from. The credential is not kept alive: when it
/// is replaced its secret is wiped. Its address is not used again while this refers to it.
struct ScopedKey {
    owner: Weak<Credential>,
    key: SigningKey,
}

/// What a signing key is good for.
#[derive(PartialEq, Eq)]
struct Scope {
    access_key_id: Box<str>,
    date: Box<str>,
    region: Box<str>,
    service: Box<str>,
}

impl Scope {
    const fn as_ref(&self) -> ScopeRef<'_> {
        ScopeRef {
            access_key_id: &self.access_key_id,
            date: &self.date,
            region: &self.region,
            service: &self.service,
        }
    }
}

impl Hash for Scope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

/// The same, borrowed from a request.
#[derive(PartialEq, Eq, Hash)]
struct ScopeRef<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> ScopeRef<'a> {
    fn of(presented: &'a Presented<'_>) -> Self {
        Self {
            access_key_id: presented.access_key_id(),
            date: presented.date(),
            region: presented.region(),
            service: presented.service(),
        }
    }

    fn to_owned(&self) -> Scope {
        Scope {
            access_key_id: self.access_key_id.into(),
            date: self.date.into(),
            region: self.region.into(),
            service: self.service.into(),
        }
    }
}

impl Equivalent<Scope> for ScopeRef<'_> {
    fn equivalent(&self, scope: &Scope) -> bool {
        *self == scope.as_ref()
    }
}

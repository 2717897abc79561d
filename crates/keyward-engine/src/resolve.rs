//! From what the client wrote to a key: ids, ARNs and aliases.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id>

use std::sync::Arc;

use keyward_model::{AccountId, AliasArn, AliasName, BadKeyRef, KeyArn, KeyId, KeyRef, Timestamp};
use keyward_store::Scope;

use crate::{Cx, Key, OpError, op_error};

/// A key, and the alias it was named by.
#[derive(Debug)]
pub struct Found {
    pub(crate) key: Arc<Key>,
    /// The alias in the request, if any.
    pub alias: Option<AliasName>,
}

/// The key a request is about. A foreign key that is absent is not refused here: authorization
/// does that, with the words and the work of a denial.
#[derive(Debug)]
pub enum Target {
    /// A key of another account, there or not.
    Foreign {
        /// Its ARN, if the client gave it.
        arn: Option<KeyArn>,
        /// The key.
        found: Option<Found>,
    },
    /// The key a ciphertext names, there or not, of whatever account.
    OfCiphertext(Option<Found>),
    /// A key of the caller's account.
    Own(Found),
}

impl Found {
    /// The key as it is at this time.
    pub(crate) fn at(self, now: Timestamp) -> Self {
        match self.key.expired(now) {
            Some(expired) => Self { key: Arc::new(expired), ..self },
            None => self,
        }
    }
}

impl Target {
    /// Whether both are the same key. What is not there is the same as nothing.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let key = |target: &Self| target.found().map(|found| Arc::clone(&found.key));
        matches!((key(self), key(other)), (Some(one), Some(other)) if one.record.key == other.record.key)
    }

    pub(crate) const fn found(&self) -> Option<&Found> {
        match self {
            Self::Foreign { found, .. } | Self::OfCiphertext(found) => found.as_ref(),
            Self::Own(found) => Some(found),
        }
    }
}

impl Cx {
    /// Resolves a key id, key ARN, alias name or alias ARN. The audit record names the key from now
    /// on, whatever becomes of the request.
    pub async fn resolve(&mut self, named: &str) -> Result<Target, OpError> {
        let target = self.target(named).await?;
        self.note_target(&target);
        Ok(target)
    }

    async fn target(&mut self, named: &str) -> Result<Target, OpError> {
        match named.parse() {
            Ok(KeyRef::Id(key_id)) => self.own_key(key_id).await,
            Ok(KeyRef::Arn(arn)) => self.key_of_arn(arn).await,
            Ok(KeyRef::Alias(name)) => self.key_of_alias(name).await,
            Ok(KeyRef::AliasArn(arn)) => self.key_of_alias_arn(arn).await,
            Err(BadKeyRef::Alias) => Err(self.alias_not_found(named)),
            Err(BadKeyRef::Arn) => Err(op_error!(NotFound, "Invalid arn {named}")),
            Err(BadKeyRef::KeyId) => Err(op_error!(NotFound, "Invalid keyId '{named}'")),
        }
    }

    /// Resolves a key id or key ARN; aliases are refused.
    pub async fn resolve_key(&mut self, named: &str) -> Result<Target, OpError> {
        if names_an_alias(named) {
            return Err(op_error!(InvalidArn, "Key Aliases are not supported for this operation."));
        }
        self.resolve(named).await
    }

    /// Resolves the key a ciphertext was sealed under.
    pub async fn resolve_ciphertext(
        &mut self,
        account: AccountId,
        key_id: KeyId,
    ) -> Result<Target, OpError> {
        let scope = Scope { account, region: self.region().clone() };
        let key = self.engine().key(&scope.key(key_id)).await?;
        let target = Target::OfCiphertext(key.map(|key| Found { key, alias: None }));
        self.note_target(&target);
        Ok(target)
    }

    /// Notes a key of the caller's own account, or a foreign one whose ARN the client said itself:
    /// neither reveals anything.
    fn note_target(&mut self, target: &Target) {
        if let Target::Foreign { arn, .. } = target {
            if let Some(arn) = arn {
                self.note_key(arn.clone());
            }
        } else if let Some(found) = target.found() {
            let key = &found.key.record.key;
            if key.scope.account == self.caller().account {
                self.note_key(self.engine().key_arn(key));
            }
        }
    }

    /// Refuses an alias of this account and Region that is not there.
    pub fn alias_not_found(&self, name: &str) -> OpError {
        let (partition, account, region) =
            (self.engine().partition(), self.caller().account, self.region());
        op_error!(NotFound, "Alias arn:{partition}:kms:{region}:{account}:{name} is not found.")
    }

    async fn own_key(&mut self, key_id: KeyId) -> Result<Target, OpError> {
        let scoped = self.scope().key(key_id);
        match self.engine().key(&scoped).await? {
            Some(key) => Ok(Target::Own(Found { key, alias: None })),
            None => {
                Err(op_error!(NotFound, "Key '{}' does not exist", self.engine().key_arn(&scoped)))
            }
        }
    }

    async fn key_of_arn(&mut self, arn: KeyArn) -> Result<Target, OpError> {
        if arn.partition != self.engine().partition() || arn.region != *self.region() {
            return Err(op_error!(NotFound, "Invalid arn {}", arn.region));
        }
        if arn.account == self.caller().account {
            return self.own_key(arn.key_id).await;
        }
        let scope = Scope { account: arn.account, region: arn.region.clone() };
        let key = self.engine().key(&scope.key(arn.key_id)).await?;
        let found = key.map(|key| Found { key, alias: None });
        Ok(Target::Foreign { arn: Some(arn), found })
    }

    async fn key_of_alias(&mut self, name: AliasName) -> Result<Target, OpError> {
        let scope = self.scope();
        let mut found = self.found_by_alias(&scope, name.clone()).await?;
        if found.is_none() && self.make_key_of_calling_service(&name).await? {
            found = self.found_by_alias(&scope, name.clone()).await?;
        }
        found.map(Target::Own).ok_or_else(|| self.alias_not_found(name.as_str()))
    }

    async fn key_of_alias_arn(&mut self, arn: AliasArn) -> Result<Target, OpError> {
        if arn.partition != self.engine().partition() || arn.region != *self.region() {
            return Err(op_error!(NotFound, "Invalid arn {}", arn.region));
        }
        if arn.account == self.caller().account {
            return self.key_of_alias(arn.name).await;
        }
        let scope = Scope { account: arn.account, region: arn.region };
        Ok(Target::Foreign { arn: None, found: self.found_by_alias(&scope, arn.name).await? })
    }

    async fn found_by_alias(
        &self,
        scope: &Scope,
        name: AliasName,
    ) -> Result<Option<Found>, OpError> {
        let alias = scope.alias(name.clone());
        let Some(key_id) = self.engine().alias(&alias).await? else { return Ok(None) };
        let key = self.engine().key(&scope.key(key_id)).await?;
        Ok(key.map(|key| Found { key, alias: Some(name) }))
    }
}

fn names_an_alias(named: &str) -> bool {
    matches!(named.parse(), Ok(KeyRef::Alias(_) | KeyRef::AliasArn(_)) | Err(BadKeyRef::Alias))
}

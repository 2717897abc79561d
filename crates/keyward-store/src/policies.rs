//! Key policies.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::{CanonicalRow, ScopedKey, StoreError, Versioned};

/// The `default` policy of a key, as the client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRecord {
    /// The key.
    pub key: ScopedKey,
    /// The document's text.
    pub document: String,
    /// Whom its principals were when it was saved: ARN as written, unique id of the user or role.
    pub bindings: BTreeMap<String, String>,
}

impl PolicyRecord {
    /// The table, as it stands in canonical rows.
    pub const TABLE: &'static str = "key_policies";

    /// The columns in their canonical form.
    pub fn canonical(&self) -> CanonicalRow {
        let row = CanonicalRow::new(Self::TABLE)
            .bytes(self.key.scope.account.as_bytes())
            .bytes(self.key.scope.region.as_str().as_bytes())
            .bytes(self.key.key_id.as_bytes())
            .bytes(self.document.as_bytes());
        match self.bindings_to_text() {
            None => row,
            Some(bindings) => row.columns_of_0003().bytes(bindings.as_bytes()),
        }
    }

    /// The bindings as rows hold them; nothing when there are none.
    pub fn bindings_to_text(&self) -> Option<String> {
        let is_bound = !self.bindings.is_empty();
        // A map of texts is always written; no text would not be read again.
        is_bound.then(|| serde_json::to_string(&self.bindings).unwrap_or_default())
    }

    /// The bindings that a row holds; `None` for text that [`Self::bindings_to_text`] never makes.
    pub fn bindings_from_text(text: Option<&str>) -> Option<BTreeMap<String, String>> {
        match text {
            None => Some(BTreeMap::new()),
            Some(text) => serde_json::from_str(text).ok(),
        }
    }
}

/// Key policies.
#[async_trait]
pub trait Policies: Send + Sync {
    /// The key's policy.
    async fn find(&self, key: &ScopedKey) -> Result<Option<Versioned<PolicyRecord>>, StoreError>;
}

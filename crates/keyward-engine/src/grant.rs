//! Grants in requests: the tokens that name them, and those a request presents.

use keyward_crypto::{new_grant_token, read_grant_token};
use keyward_model::{AccountId, GrantId, KeyId, Region};
use keyward_store::{GrantRecord, Precondition, Scope, ScopedKey, Write};

use crate::dispatch::limit_exceeded;
use crate::{Action, Authorized, Cx, OpError, op_error, reach};

const ACCOUNT_BYTES: usize = 12;
const KEY_ID_BYTES: usize = 36;
const GRANT_ID_BYTES: usize = 32;

impl Cx {
    /// A new token for a grant. All tokens of a grant are as good as each other, and last as long
    /// as the grant.
    pub fn new_grant_token(&self, key: &ScopedKey, grant_id: &GrantId) -> Result<String, OpError> {
        new_grant_token(&token_name(key, grant_id)).map_err(OpError::internal)
    }

    /// The grant that a token names; `None` for a token that is no token, or whose grant is gone.
    pub async fn find_grant_of_token(&self, token: &str) -> Result<Option<GrantRecord>, OpError> {
        let name = read_grant_token(token);
        let Some((key, grant_id)) = name.as_deref().and_then(named_grant) else { return Ok(None) };
        self.engine().store().grants().find(&key, &grant_id).await.map_err(OpError::internal)
    }

    /// Keeps a grant whose token the request holds, for authorization.
    pub fn present_grant(&mut self, grant: GrantRecord) {
        self.presented_grants.push(grant);
    }

    /// The grants whose tokens the request holds, of whatever key and to whomever. Being presented
    /// gives a grant no more power than it has.
    pub fn presented_grants(&self) -> &[GrantRecord] {
        &self.presented_grants
    }

    /// Refuses a key that has as many grants as it may have. For dry runs: a change that commits
    /// depends on the same count instead.
    pub async fn check_room_for_grant(&self, key: &ScopedKey) -> Result<(), OpError> {
        let quota = self.engine().quotas().grants_per_key;
        let count = self.engine().store().grants().count(key).await.map_err(OpError::internal)?;
        if count < quota {
            return Ok(());
        }
        Err(limit_exceeded(&Precondition::GrantsBelow(key.clone(), quota), count))
    }

    /// Stages writes to the grant the proof is about. They happen only if it is still there.
    pub fn stage_on_grant<A>(
        &mut self,
        grant: &Authorized<A, GrantRecord>,
        writes: impl IntoIterator<Item = Write>,
    ) where
        A: Action<Reach = reach::Change>,
    {
        let GrantRecord { key, grant_id, .. } = grant.target();
        self.require(Precondition::GrantPresent(key.clone(), *grant_id));
        self.change.writes.extend(writes);
    }
}

/// The refusal of an id that none of the key's grants has.
pub fn grant_not_found(grant_id: &GrantId) -> OpError {
    op_error!(NotFound, "Grant ID {grant_id} not found")
}

/// What a token says: account, key id, grant id and, last because it has no fixed length, Region.
fn token_name(key: &ScopedKey, grant_id: &GrantId) -> Vec<u8> {
    let ScopedKey { scope: Scope { account, region }, key_id } = key;
    let region = region.as_str().as_bytes();
    [&account.as_bytes()[..], key_id.as_bytes(), grant_id.as_bytes(), region].concat()
}

fn named_grant(name: &[u8]) -> Option<(ScopedKey, GrantId)> {
    let (account, rest) = name.split_first_chunk::<ACCOUNT_BYTES>()?;
    let (key_id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>()?;
    let (grant_id, region) = rest.split_first_chunk::<GRANT_ID_BYTES>()?;
    let account: AccountId = std::str::from_utf8(account).ok()?.parse().ok()?;
    let key_id: KeyId = std::str::from_utf8(key_id).ok()?.parse().ok()?;
    let region: Region = std::str::from_utf8(region).ok()?.parse().ok()?;
    Some((Scope { account, region }.key(key_id), GrantId::new(*grant_id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_account_region_key_and_grant() {
        let scope = Scope {
            account: "111122223333".parse().unwrap(),
            region: "us-gov-west-1".parse().unwrap(),
        };
        let key = scope.key("mrk-1234abcd12ab34cd56ef1234567890ab".parse().unwrap());
        let grant_id = GrantId::new([9; GRANT_ID_BYTES]);
        let name = token_name(&key, &grant_id);
        assert_eq!(named_grant(&name), Some((key, grant_id)));
        for end in 0..=ACCOUNT_BYTES + KEY_ID_BYTES + GRANT_ID_BYTES {
            assert_eq!(named_grant(&name[..end]), None, "{end}");
        }
        for at in 0..ACCOUNT_BYTES + KEY_ID_BYTES {
            let mut changed = name.clone();
            changed[at] = 0xff;
            assert_eq!(named_grant(&changed), None, "{at}");
        }
    }
}

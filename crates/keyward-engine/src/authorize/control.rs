//! The lockout check: whether the caller could still replace the policy of a key.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#prevent-unmanageable-key>

use std::sync::Arc;

use keyward_model::KeyManager;
use keyward_policy::{ConditionKey, Decision, Policy};
use keyward_store::{ChangeNumber, KeyRecord};

use super::circumstances::Resource;
use super::decide::Question;
use super::{Access, Asked};
use crate::condition::{Conditions, Visit};
use crate::{Cx, Key, OpError};

const PUT_KEY_POLICY: &str = "kms:PutKeyPolicy";

/// A request that says nothing of itself: what a condition could only meet by accident it does not
/// meet.
struct Nothing;

impl Conditions for Nothing {
    fn visit(&self, _: &ConditionKey, _: &mut Visit<'_>) -> bool {
        false
    }
}

impl Cx {
    /// Whether the caller may replace the policy of this key, once it has this policy and these
    /// tags. Grants do not count: none allows that.
    pub async fn would_control(
        &self,
        record: KeyRecord,
        policy: Policy,
        tags: Vec<(String, String)>,
    ) -> Result<bool, OpError> {
        debug_assert!(record.manager == KeyManager::Customer, "nobody writes the others' policies");
        let key = Key {
            arn: self.engine().key_arn(&record.key).to_string(),
            record,
            change: ChangeNumber { shard: 0, number: 0 },
            policy: Arc::new(policy),
            tags,
            versions: Vec::new(),
        };
        let asked = Asked { name: PUT_KEY_POLICY, access: Access::Own, conditions: &Nothing };
        let resource = Resource {
            account: Some(&key.record.key.scope.account),
            key: Some(&key),
            ..Resource::default()
        };
        let region = &key.record.key.scope.region;
        let question = Question { asked, arn: &key.arn, region, resource };
        let verdict = self.decide_on_key(&key, question).await?;
        Ok(matches!(verdict.decision, Decision::Allowed(_)))
    }
}

//! What requests for sessions have in common: tags, session policies, how long.

use std::time::Duration;

use keyward_audit::JsonObject;
use keyward_engine::{Cx, ErrorCode, OpError, op_error};
use keyward_model::{AccountId, Session, Timestamp};
use keyward_policy::{IdentityPolicy, find_aws_managed_policy};
use keyward_shape::{List, Text};
use keyward_store::{EntityKind, EntityName};
use serde::Deserialize;

use super::constraints::{
    ArnType, PolicyDescriptorListType, TagKeyType, TagListType, TagValueType,
};

/// The most session tags, inherited ones included.
const TAGS_MAX: usize = 50;
/// The most managed policies among session policies.
const POLICY_ARNS_MAX: usize = 10;

/// `Tags`.
pub(crate) type Tags<'a> = List<Tag<'a>, TagListType>;
/// `PolicyArns`.
pub(crate) type PolicyArns<'a> = List<PolicyDescriptor<'a>, PolicyDescriptorListType>;

/// A session tag as sent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag<'a> {
    #[serde(borrow)]
    key: Text<'a, TagKeyType>,
    #[serde(borrow)]
    value: Text<'a, TagValueType>,
}

/// A managed policy as sent.
#[derive(Deserialize)]
pub(crate) struct PolicyDescriptor<'a> {
    #[serde(borrow)]
    arn: Option<Text<'a, ArnType>>,
}

/// A session that begins now, by the machine's clock, and has neither tags nor policies yet.
pub(crate) fn beginning(cx: &Cx, duration_s: i32) -> Session {
    // To the second, as replies tell it.
    let now_s = cx.engine().machine_clock().now().unix_s();
    let issued_at = Timestamp::from_unix_ms(now_s.saturating_mul(1000));
    let duration = Duration::from_secs(u64::try_from(duration_s).unwrap_or(0));
    Session {
        issued_at,
        expires_at: issued_at.plus(duration),
        mfa_authenticated_at: None,
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        source_identity: None,
        policies: None,
        policy_arns: Vec::new(),
        federation: None,
    }
}

/// The tags that were sent; an error for a set that breaks a rule.
pub(crate) fn sound_tags(tags: &Tags<'_>) -> Result<Vec<(String, String)>, OpError> {
    let pairs = tags.iter().map(|tag| (tag.key.to_string(), tag.value.to_string()));
    require_sound(pairs.collect())
}

/// The same of tags that were read elsewhere.
pub(crate) fn require_sound(tags: Vec<(String, String)>) -> Result<Vec<(String, String)>, OpError> {
    let mut keys: Vec<_> = tags.iter().map(|(key, _)| key.to_lowercase()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(op_error!(
            Validation,
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        ));
    }
    if keys.iter().any(|key| key.starts_with("aws:")) {
        // WIRE: "STS".
        return Err(op_error!(
            Validation,
            "aws: prefixed tag key names are not allowed for external use."
        ));
    }
    Ok(tags)
}

/// Puts tags into a session: those sent, and those that the caller's session hands on, which
/// cannot be replaced.
pub(crate) fn put_tags(
    session: &mut Session,
    (tags, transitive): (Vec<(String, String)>, Vec<String>),
    caller: Option<&Session>,
) -> Result<(), OpError> {
    if !transitive.iter().all(|key| tags.iter().any(|(tag, _)| same(tag, key))) {
        return Err(op_error!(
            Validation,
            "The specified transitive tag key must be included in the requested tags."
        ));
    }
    session.tags = tags;
    session.transitive_tag_keys = transitive;
    let Some(caller) = caller else { return Ok(()) };
    for (key, value) in transitive_tags(caller) {
        if session.tags.iter().any(|(tag, _)| same(tag, &key)) {
            // WIRE: "STS".
            return Err(op_error!(
                Validation,
                "The tag key {key} is inherited from the calling session and cannot be overridden."
            ));
        }
        session.tags.push((key.clone(), value));
        session.transitive_tag_keys.push(key);
    }
    if session.tags.len() > TAGS_MAX {
        // WIRE: "STS".
        return Err(op_error!(
            PackedPolicyTooLarge,
            "A session can have at most {TAGS_MAX} tags, inherited ones included."
        ));
    }
    Ok(())
}

/// Puts session policies into a session of this account, whose managed policies they can be.
pub(crate) async fn put_policies(
    cx: &Cx,
    (account, session): (AccountId, &mut Session),
    (policy, arns): (Option<&str>, &PolicyArns<'_>),
) -> Result<(), OpError> {
    if let Some(policy) = policy {
        let malformed = |error: keyward_policy::IamPolicyError| {
            OpError::new(ErrorCode::MalformedPolicyDocument, error.to_string())
        };
        let policy = IdentityPolicy::check(policy).map_err(malformed)?;
        session.policies = Some(vec![without_white_space(policy.text())]);
    }
    if arns.len() > POLICY_ARNS_MAX {
        // WIRE: "STS".
        return Err(op_error!(
            Validation,
            "A session can have at most {POLICY_ARNS_MAX} managed session policies."
        ));
    }
    for arn in arns.iter().filter_map(|it| it.arn.as_deref()) {
        require_policy(cx, account, arn).await?;
        session.policy_arns.push(arn.to_owned());
    }
    Ok(())
}

/// Refuses the ARN of a managed policy that the account does not have.
async fn require_policy(cx: &Cx, account: AccountId, arn: &str) -> Result<(), OpError> {
    let partition = cx.engine().partition();
    if find_aws_managed_policy(arn, partition.as_str()).is_some() {
        return Ok(());
    }
    let name = arn.rsplit('/').next().unwrap_or_default();
    let name = EntityName::new(account, EntityKind::Policy, name);
    let found = cx.engine().store().entities().find(&name).await.map_err(OpError::internal)?;
    if found.is_some_and(|found| found.record.arn(partition) == arn) {
        return Ok(());
    }
    // WIRE: "STS".
    Err(op_error!(Validation, "Policy {arn} does not exist or is not attachable."))
}

/// The same JSON, packed: tokens have little room.
fn without_white_space(json: &str) -> String {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let kept = json.chars().filter(|&char| {
        let is_kept = is_quoted || !char.is_ascii_whitespace();
        if is_escaped {
            is_escaped = false;
        } else if char == '\\' {
            is_escaped = is_quoted;
        } else if char == '"' {
            is_quoted = !is_quoted;
        }
        is_kept
    });
    kept.collect()
}

/// The tags of a session that the next one in a chain of roles gets.
pub(crate) fn transitive_tags(session: &Session) -> Vec<(String, String)> {
    let keys = &session.transitive_tag_keys;
    let is_transitive = |key: &str| keys.iter().any(|transitive| same(transitive, key));
    session.tags.iter().filter(|(key, _)| is_transitive(key)).cloned().collect()
}

/// Whether two keys of tags are one: their case makes no difference.
fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// Writes the policies of a request into its audit record.
pub(crate) fn record_policies(
    to: &mut JsonObject<'_>,
    policy: Option<&str>,
    arns: &PolicyArns<'_>,
) {
    if let Some(policy) = policy {
        to.text("policy", policy);
    }
    if !arns.is_empty() {
        to.objects("policyArns", arns.iter(), |to, it| {
            if let Some(arn) = &it.arn {
                to.text("arn", arn);
            }
        });
    }
}

/// Writes the tags of a request into its audit record.
pub(crate) fn record_tags(to: &mut JsonObject<'_>, tags: &Tags<'_>) {
    if !tags.is_empty() {
        to.objects("tags", tags.iter(), |to, tag| {
            to.text("key", &tag.key);
            to.text("value", &tag.value);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_between_tokens_goes_and_inside_text_stays() {
        let json = "{ \"a b\" :\n[ \"c\\\" d\\\\\" , 1 ]\t}";
        assert_eq!(without_white_space(json), "{\"a b\":[\"c\\\" d\\\\\",1]}");
    }
}

//! ReplicateKey: makes a replica of a multi-Region primary key in another Region.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html>

use keyward_audit::{INTERNAL, JsonObject, Recorded};
use keyward_engine::{
    Account, Authorized, CallByService, Cx, KeyCreation, KeyMetadata, Kind, Maker, OpError,
    Operation, op_error,
};
use keyward_model::{
    KeyMaterialState, KeyState, MultiRegionKeyType, MultiRegionSet, Origin, Region,
};
use keyward_shape::Text;
use keyward_store::{KeyRecord, MaterialRecord, PolicyRecord, Precondition, Write};
use serde::{Deserialize, Serialize};

use crate::constraints::{self, DescriptionType, KeyIdType, PolicyType, RegionType};
use crate::multi_region::{elsewhere, other_region, require_primary, with_set};
use crate::shape::{Tags, record_text};
use crate::tags::TagOutput;
use crate::{action, key_policy, tags};

/// The operation.
pub(crate) enum ReplicateKey {}

/// The proof that the caller may replicate the primary key.
type Primary = Authorized<action::ReplicateKey<'static>>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    replica_region: Text<'a, RegionType>,
    #[serde(borrow)]
    policy: Option<Text<'a, PolicyType>>,
    #[serde(default)]
    bypass_policy_lockout_safety_check: Option<bool>,
    #[serde(borrow)]
    description: Option<Text<'a, DescriptionType>>,
    #[serde(borrow, default)]
    tags: Tags<'a>,
}

#[derive(Serialize)]
pub(crate) struct Output {
    #[serde(rename = "ReplicaKeyMetadata")]
    key_metadata: KeyMetadata,
    #[serde(rename = "ReplicaPolicy")]
    policy: String,
    #[serde(rename = "ReplicaTags")]
    tags: Vec<TagOutput>,
}

impl Operation for ReplicateKey {
    const NAME: &'static str = "ReplicateKey";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::REPLICATE_KEY;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        tags::check(&input.tags)?;
        let policy = match &input.policy {
            Some(policy) => Some(key_policy::check(cx, policy).await?),
            None => None,
        };
        let target = cx.resolve_key(&input.key_id).await?;
        let asked = action::ReplicateKey {
            bypasses_lockout_check: input.bypass_policy_lockout_safety_check,
            region: &input.replica_region,
        };
        let primary = cx.authorize(target, asked).await?;
        // A name that no Region can have is refused below.
        let there = input.replica_region.parse().unwrap_or_else(|_| cx.region().clone());
        let account = cx.authorize_account_in(&there, "*", input.creates(&primary)).await?;
        if !input.tags.is_empty() {
            let asked = action::TagResource { tags: tags::put_on_new_key(&input.tags) };
            cx.authorize_account_in(&there, "*", asked).await?;
        }
        let set = require_primary(&primary)?;
        let region = input.region(cx, set)?;
        // One to see whether it would do, one to do it.
        cx.charge_elsewhere("CreateKey", &region, 2)?;
        match primary.record.state {
            KeyState::Enabled => {}
            KeyState::Disabled => primary.require_usable()?,
            _ => return Err(primary.wrong_state()),
        }
        let replica = input.replica(cx, (&primary, set), &region)?;
        if let Some(policy) = &policy {
            let bypasses = input.bypass_policy_lockout_safety_check;
            policy.require_control(cx, &replica, tags::of_key(&input.tags), bypasses).await?;
        }
        let policy = key_policy::record(cx.engine(), policy, replica.key.clone());
        let document = policy.document.clone();
        stage_members(cx, &primary, &replica).await?;
        stage_replica(cx, &account, &replica, policy);
        stage_material(cx, &primary, &replica).await?;
        cx.stage_in_account(&account, tags::writes(&replica.key, &input.tags));

        let output = Output {
            key_metadata: KeyMetadata::of_new(cx.engine(), &replica),
            policy: document,
            tags: input.tags.iter().map(TagOutput::from).collect(),
        };
        let creation = KeyCreation::of(&replica, input.bypasses());
        let policy = input.policy.as_deref();
        cx.stage_call_by_service(&CallByService {
            event_name: "CreateKey",
            maker: Maker::Caller(INTERNAL),
            request_parameters: &creation.request_parameters(tags::pairs(&input.tags), policy),
            response_elements: &output.key_metadata.of_creation(),
            alias: None,
            key: &cx.engine().key_arn(&replica.key),
        });
        Ok(output)
    }
}

/// Stages the set's new member in the rows of those it has.
async fn stage_members(cx: &mut Cx, primary: &Primary, replica: &KeyRecord) -> Result<(), OpError> {
    for member in cx.members(primary).await? {
        if let Some(set) = &replica.multi_region {
            cx.stage(primary, [with_set(member.clone(), set)]);
        }
        if member.origin == Origin::External {
            let rows = cx.engine().store().materials().list(&member.key).await;
            let waiting = rows.map_err(OpError::internal)?.into_iter().filter_map(waiting_again);
            cx.stage(primary, waiting.map(Write::PutMaterial));
        }
    }
    Ok(())
}

/// A pending material that every member had and the new one has not: it waits for its import there.
fn waiting_again(row: MaterialRecord) -> Option<MaterialRecord> {
    let state = KeyMaterialState::PendingMultiRegionImportAndRotation;
    (row.state == KeyMaterialState::PendingRotation).then_some(MaterialRecord { state, ..row })
}

/// The row of imported material in a Region it has not been imported in: what it is called and how
/// it is described, no more.
fn not_here(row: MaterialRecord) -> MaterialRecord {
    let row = waiting_again(row.clone()).unwrap_or(row);
    MaterialRecord { sealed: None, public_key: None, expires_at: None, ..row }
}

/// Stages the replica as CreateKey stages a key.
fn stage_replica(
    cx: &mut Cx,
    account: &Authorized<action::CreateKey<'static>, Account>,
    replica: &KeyRecord,
    policy: PolicyRecord,
) {
    let key = replica.key.clone();
    let quota = cx.engine().quotas().keys;
    cx.require(Precondition::KeyAbsent(key.clone()));
    cx.require(Precondition::KeysBelow(key.scope, quota));
    let writes = [Write::PutKey(Box::new(replica.clone())), Write::PutPolicy(policy)];
    cx.stage_in_account(account, writes);
}

/// Stages the primary key's material for the replica.
async fn stage_material(
    cx: &mut Cx,
    primary: &Primary,
    replica: &KeyRecord,
) -> Result<(), OpError> {
    for row in cx.material_rows(primary).await? {
        let row = if replica.origin == Origin::External { not_here(row) } else { row };
        let copy = cx.replicated_material(primary, &row, &replica.key)?;
        cx.stage(primary, [Write::PutMaterial(copy)]);
    }
    Ok(())
}

impl Input<'_> {
    /// The Region of the replica, if a replica can be there.
    ///
    /// WIRE: the text is our own. Evidence: docs/WIRE.md, "Multi-Region keys".
    fn region(&self, cx: &Cx, set: &MultiRegionSet) -> Result<Region, OpError> {
        let name = self.replica_region.as_str();
        let region = other_region(cx.engine(), set, ("ReplicaRegion", name))?;
        region.cloned().ok_or_else(|| {
            op_error!(UnsupportedOperation, "Keys cannot be replicated to the Region {name}.")
        })
    }

    /// The replica's row. It shares with the primary key all that it does not say otherwise here.
    ///
    /// WIRE: the text is our own. Evidence: docs/WIRE.md, "Multi-Region keys".
    fn replica(
        &self,
        cx: &Cx,
        (primary, set): (&Primary, &MultiRegionSet),
        region: &Region,
    ) -> Result<KeyRecord, OpError> {
        let key = elsewhere(primary, region);
        if set.holds(region) {
            let arn = cx.engine().key_arn(&key);
            return Err(op_error!(AlreadyExists, "Key {arn} already exists."));
        }
        Ok(KeyRecord {
            key,
            state: KeyState::Creating,
            multi_region: Some(set.clone().with_replica(region.clone())),
            description: self.description.as_deref().unwrap_or_default().to_owned(),
            created_at: cx.now(),
            deletion_date: None,
            pending_window_days: None,
            settles_at: Some(cx.now()),
            ..primary.record.clone()
        })
    }

    /// What the caller needs in the Region of the replica.
    fn creates(&self, primary: &Primary) -> action::CreateKey<'_> {
        action::CreateKey {
            bypasses_lockout_check: self.bypass_policy_lockout_safety_check,
            is_multi_region: true,
            multi_region_type: Some(MultiRegionKeyType::Replica),
            origin: primary.record.origin,
            spec: primary.record.spec,
            tags: tags::put_on_new_key(&self.tags),
            usage: primary.record.usage,
        }
    }

    fn bypasses(&self) -> bool {
        self.bypass_policy_lockout_safety_check.unwrap_or_default()
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("replicaRegion", &self.replica_region);
        to.boolean("bypassPolicyLockoutSafetyCheck", self.bypasses());
        to.text("description", self.description.as_deref().unwrap_or_default());
        record_text(to, "policy", self.policy.as_ref());
        if !self.tags.is_empty() {
            tags::record(to, &self.tags);
        }
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.object("replicaKeyMetadata", |to| self.key_metadata.record(to));
        to.text("replicaPolicy", &self.policy);
        to.objects("replicaTags", &self.tags, |to, tag| tag.record(to));
    }
}

#[cfg(test)]
mod tests;

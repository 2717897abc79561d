//! UpdatePrimaryRegion: makes a replica the primary key of its set, and the primary key a replica.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html>

use keyward_audit::{Fragment, JsonObject, KMS_EVENT_SOURCE, Recorded};
use keyward_engine::{Authorized, CallByService, Cx, Kind, Maker, OpError, Operation, op_error};
use keyward_model::{KeyArn, KeyState, MultiRegionSet};
use keyward_shape::Text;
use keyward_store::KeyRecord;
use serde::Deserialize;

use crate::action;
use crate::constraints::{self, KeyIdType, RegionType};
use crate::multi_region::{other_region, require_primary, with_set};
use crate::shape::KeyChanged;

/// The operation.
pub(crate) enum UpdatePrimaryRegion {}

/// The proof that the caller may change the roles of a key and another.
type Member = Authorized<action::UpdatePrimaryRegion<'static>>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    primary_region: Text<'a, RegionType>,
}

impl Operation for UpdatePrimaryRegion {
    const NAME: &'static str = "UpdatePrimaryRegion";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_PRIMARY_REGION;
    type Input<'a> = Input<'a>;
    type Output = KeyChanged;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<KeyChanged, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let asked = action::UpdatePrimaryRegion { region: &input.primary_region };
        let primary = cx.authorize(target, asked).await?;
        let set = require_primary(&primary)?;
        let replica = input.replica(cx, &primary, set).await?;
        cx.charge_elsewhere(Self::NAME, &replica.record.key.scope.region, 1)?;
        // A change of roles that is still under way does not keep the next one.
        primary.require_usable()?;
        replica.require_usable()?;
        let set = set.clone().led_by(&replica.record.key.scope.region);
        stage_members(cx, (&primary, &replica), &set).await?;
        stage_record_elsewhere(cx, &replica);
        Ok(KeyChanged { key_arn: primary.arn.clone() })
    }
}

/// Stages the roles in the rows of all members, and the state of the two that change theirs.
async fn stage_members(
    cx: &mut Cx,
    (primary, replica): (&Member, &Member),
    set: &MultiRegionSet,
) -> Result<(), OpError> {
    cx.require_unchanged(replica);
    for member in cx.members(primary).await? {
        let is_updating = [&primary.record.key, &replica.record.key].contains(&&member.key);
        let member = if is_updating {
            KeyRecord { state: KeyState::Updating, settles_at: Some(cx.now()), ..member }
        } else {
            member
        };
        cx.stage(primary, [with_set(member, set)]);
    }
    Ok(())
}

/// Stages the record in the Region of the new primary key.
fn stage_record_elsewhere(cx: &mut Cx, replica: &Member) {
    let key = cx.engine().key_arn(&replica.record.key);
    let (mut request_parameters, mut response_elements) =
        (Fragment::default(), Fragment::default());
    let mut to = request_parameters.add();
    to.text("keyId", &replica.arn);
    to.text("primaryRegion", key.region.as_str());
    response_elements.add().text("keyId", &replica.arn);
    cx.stage_call_by_service(&CallByService {
        event_name: UpdatePrimaryRegion::NAME,
        maker: Maker::Caller(KMS_EVENT_SOURCE),
        request_parameters: &request_parameters,
        response_elements: &response_elements,
        alias: None,
        key: &key,
    });
}

impl Input<'_> {
    /// The key that is to be the primary, if there is one.
    async fn replica(
        &self,
        cx: &mut Cx,
        primary: &Member,
        set: &MultiRegionSet,
    ) -> Result<Member, OpError> {
        let name = self.primary_region.as_str();
        let asked = action::UpdatePrimaryRegion { region: name };
        let region = other_region(cx.engine(), set, ("PrimaryRegion", name))?.cloned();
        if let Some(region) = region
            && let Some(replica) = cx.authorize_member(primary, &region, asked).await?
        {
            return Ok(replica);
        }
        let region = name.parse().map_err(OpError::internal)?;
        let absent = KeyArn { region, ..cx.engine().key_arn(&primary.record.key) };
        Err(op_error!(NotFound, "Key '{absent}' does not exist"))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("primaryRegion", &self.primary_region);
    }
}

#[cfg(test)]
mod tests;

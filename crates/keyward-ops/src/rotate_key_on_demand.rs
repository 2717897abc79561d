//! RotateKeyOnDemand: has a key's material replaced now, whatever its dates.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html>

use std::time::Duration;

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Key, Kind, OpError, Operation, op_error};
use keyward_model::{KeyMaterialState, Origin, Timestamp};
use keyward_shape::Text;
use keyward_store::Rotation;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType};
use crate::rotation::require_on_demand;

/// The operation.
pub(crate) enum RotateKeyOnDemand {}

/// On-demand rotations in a key's life.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
const ROTATIONS_MAX: u32 = 25;
/// How close a rotation by date may be.
const AUTOMATIC_DISTANCE_MIN: Duration = Duration::from_mins(20);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
}

impl Operation for RotateKeyOnDemand {
    const NAME: &'static str = "RotateKeyOnDemand";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::ROTATE_KEY_ON_DEMAND;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::RotateKeyOnDemand).await?;
        require_on_demand(&key)?;
        key.require_usable()?;
        let now = cx.now();
        require_no_other_rotation(&key, now)?;
        require_material(&key)?;
        require_below_limit(&key)?;
        // The rotation itself is background work, which this change wakes. Replicas only show it.
        let primary = key.record.key.clone();
        cx.stage_shared(&key, |_, member| {
            member.rotation = Rotation {
                on_demand_started: Some(now),
                on_demand_count: member.rotation.on_demand_count.saturating_add(1),
                ..member.rotation
            };
            if member.key == primary {
                member.settles_at = Some(now);
            }
            Ok(Vec::new())
        })
        .await?;
        // WIRE: the ARN. Evidence: docs/WIRE.md, "Identifiers in replies".
        Ok(Output { key_id: key.arn.clone() })
    }
}

/// WIRE: the texts are our own. Evidence: docs/WIRE.md, "Rotations on demand".
fn require_no_other_rotation(key: &Key, now: Timestamp) -> Result<(), OpError> {
    let Rotation { next_date, on_demand_started, .. } = key.record.rotation;
    if on_demand_started.is_some() {
        return Err(op_error!(Conflict, "An on-demand rotation of {} is in progress.", key.arn));
    }
    if next_date.is_some_and(|date| date <= now.plus(AUTOMATIC_DISTANCE_MIN)) {
        return Err(op_error!(
            Conflict,
            "An automatic rotation of {} is in progress or due within 20 minutes.",
            key.arn
        ));
    }
    Ok(())
}

/// Imported material is not made: what is to be the current one must be there, in every Region.
///
/// WIRE: the text is our own. Evidence: docs/WIRE.md, "Rotations on demand".
fn require_material(key: &Key) -> Result<(), OpError> {
    let is_waiting = key
        .versions
        .iter()
        .any(|version| version.state == KeyMaterialState::PendingRotation && version.is_present());
    if key.record.origin == Origin::External && !is_waiting {
        return Err(op_error!(KmsInvalidState, "{} has no material pending rotation.", key.arn));
    }
    Ok(())
}

/// WIRE: the text is our own. Evidence: docs/WIRE.md, "Rotations on demand".
fn require_below_limit(key: &Key) -> Result<(), OpError> {
    let count = key.record.rotation.on_demand_count;
    if count < ROTATIONS_MAX {
        return Ok(());
    }
    Err(op_error!(
        LimitExceeded,
        "On-demand rotations per key quota for this account in this region is {ROTATIONS_MAX}, \
         current usage is {count}."
    ))
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
    }
}

#[cfg(test)]
mod tests;

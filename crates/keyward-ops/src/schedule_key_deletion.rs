//! ScheduleKeyDeletion: starts a key's waiting period, at whose end it is deleted.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>

use keyward_audit::{JsonObject, Recorded, java_date};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_model::{KeyState, Timestamp};
use keyward_shape::{Int, Text};
use keyward_store::{KeyRecord, Write};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType, PendingWindowInDaysType};

/// The operation.
pub(crate) enum ScheduleKeyDeletion {}

/// The waiting period when the request names none.
const WINDOW_DAYS_DEFAULT: i32 = 30;
/// The waiting periods the service takes; the model lets more through.
const WINDOW_DAYS: std::ops::RangeInclusive<i32> = 7..=30;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    pending_window_in_days: Option<Int<PendingWindowInDaysType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    deletion_date: Timestamp,
    key_state: KeyState,
    pending_window_in_days: u32,
}

impl Operation for ScheduleKeyDeletion {
    const NAME: &'static str = "ScheduleKeyDeletion";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::SCHEDULE_KEY_DELETION;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let window_days = input.window_days()?;
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize::<action::ScheduleKeyDeletion>(target).await?;
        key.require_not_pending_deletion()?;
        if key.record.state == KeyState::Updating {
            return Err(key.wrong_state());
        }
        let deletion_date = cx.now().plus_days(window_days);
        let record = KeyRecord {
            state: KeyState::PendingDeletion,
            deletion_date: Some(deletion_date),
            pending_window_days: Some(window_days),
            ..key.record.clone()
        };
        let key_state = record.state;
        cx.stage(&key, [Write::PutKey(Box::new(record))]);
        Ok(Output {
            key_id: key.arn.clone(),
            deletion_date,
            key_state,
            pending_window_in_days: window_days,
        })
    }
}

impl Input<'_> {
    fn window_days(&self) -> Result<u32, OpError> {
        let days = self.pending_window_in_days.map_or(WINDOW_DAYS_DEFAULT, |days| days.value());
        if !WINDOW_DAYS.contains(&days) {
            return Err(op_error!(Validation, "PendingWindowInDays must be between 7 and 30"));
        }
        u32::try_from(days).map_err(OpError::internal)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        if let Some(days) = self.pending_window_in_days {
            to.integer("pendingWindowInDays", days.value());
        }
        to.text("keyId", &self.key_id);
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        to.text("keyState", self.key_state.as_str());
        to.display("deletionDate", java_date(self.deletion_date));
        to.integer("pendingWindowInDays", self.pending_window_in_days);
    }
}

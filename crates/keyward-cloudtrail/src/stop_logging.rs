//! StopLogging: refused, because everything is recorded here.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use serde::Deserialize;

use crate::shape::AnyText;
use crate::trail_name::TrailName;
use crate::{action, constraints};

/// The operation.
pub(crate) enum StopLogging {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    name: AnyText<'a>,
}

impl Operation for StopLogging {
    const NAME: &'static str = "StopLogging";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::STOP_LOGGING;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = TrailName::read(cx, &input.name)?;
        cx.authorize_account(&name.arn, action::StopLogging).await?;
        Err(name.refuse_change(cx))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("name", &self.name);
    }
}

//! StartLogging: refused, because everything is recorded here.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use serde::Deserialize;

use crate::shape::AnyText;
use crate::trail_name::TrailName;
use crate::{action, constraints};

/// The operation.
pub(crate) enum StartLogging {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    name: AnyText<'a>,
}

impl Operation for StartLogging {
    const NAME: &'static str = "StartLogging";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::START_LOGGING;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = TrailName::read(cx, &input.name)?;
        cx.authorize_account(&name.arn, action::StartLogging).await?;
        Err(name.refuse_change(cx))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("name", &self.name);
    }
}

//! CreateTrail: refused, because there is one trail, and everything is in it.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, ErrorCode, Kind, OpError, Operation};
use keyward_shape::{List, Text};
use serde::Deserialize;

use crate::action;
use crate::constraints::{self, TagKey, TagValue, TagsList};
use crate::shape::{AnyText, record_flag, record_text};
use crate::trail_name::TrailName;

/// The operation.
pub(crate) enum CreateTrail {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    name: AnyText<'a>,
    #[serde(borrow)]
    s3_bucket_name: AnyText<'a>,
    #[serde(borrow)]
    s3_key_prefix: Option<AnyText<'a>>,
    #[serde(borrow)]
    sns_topic_name: Option<AnyText<'a>>,
    include_global_service_events: Option<bool>,
    is_multi_region_trail: Option<bool>,
    enable_log_file_validation: Option<bool>,
    #[serde(borrow)]
    cloud_watch_logs_log_group_arn: Option<AnyText<'a>>,
    #[serde(borrow)]
    cloud_watch_logs_role_arn: Option<AnyText<'a>>,
    #[serde(borrow)]
    kms_key_id: Option<AnyText<'a>>,
    is_organization_trail: Option<bool>,
    #[serde(borrow)]
    tags_list: Option<List<Tag<'a>, TagsList>>,
    recursive_logging: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag<'a> {
    #[serde(borrow)]
    key: Text<'a, TagKey>,
    #[serde(borrow)]
    value: Option<Text<'a, TagValue>>,
}

impl Operation for CreateTrail {
    const NAME: &'static str = "CreateTrail";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_TRAIL;
    type Input<'a> = Input<'a>;
    type Output = ();

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<(), OpError> {
        let name = TrailName::read(cx, &input.name)?;
        cx.authorize_account(&name.arn, action::CreateTrail).await?;
        // WIRE: "CloudTrail: texts of our own".
        Err(OpError::new(
            ErrorCode::UnsupportedOperation,
            "There is one trail here, and everything is recorded in it.",
        ))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("name", &self.name);
        to.text("s3BucketName", &self.s3_bucket_name);
        record_text(to, "s3KeyPrefix", self.s3_key_prefix.as_ref());
        record_text(to, "snsTopicName", self.sns_topic_name.as_ref());
        record_flag(to, "includeGlobalServiceEvents", self.include_global_service_events);
        record_flag(to, "isMultiRegionTrail", self.is_multi_region_trail);
        record_flag(to, "enableLogFileValidation", self.enable_log_file_validation);
        let group = self.cloud_watch_logs_log_group_arn.as_ref();
        record_text(to, "cloudWatchLogsLogGroupArn", group);
        record_text(to, "cloudWatchLogsRoleArn", self.cloud_watch_logs_role_arn.as_ref());
        record_text(to, "kmsKeyId", self.kms_key_id.as_ref());
        record_flag(to, "isOrganizationTrail", self.is_organization_trail);
        if let Some(tags) = &self.tags_list {
            to.objects("tagsList", tags.iter(), |to, tag| {
                to.text("key", &tag.key);
                if let Some(value) = &tag.value {
                    to.text("value", value);
                }
            });
        }
        record_flag(to, "recursiveLogging", self.recursive_logging);
    }
}

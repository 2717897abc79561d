//! The one trail, as replies show it. It is made from the first start on, of every Region, and of
//! every account that there is.

use std::sync::Arc;

use keyward_engine::{Cx, EventHistory, OpError};
use serde::Serialize;

use crate::trail_name;

/// The trail.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "these are the API's"
)]
pub(crate) struct Trail {
    pub(crate) name: String,
    #[serde(rename = "S3BucketName")]
    bucket: String,
    #[serde(rename = "S3KeyPrefix", skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    include_global_service_events: bool,
    is_multi_region_trail: bool,
    pub(crate) home_region: String,
    #[serde(rename = "TrailARN")]
    pub(crate) arn: String,
    log_file_validation_enabled: bool,
    has_custom_event_selectors: bool,
    has_insight_selectors: bool,
    is_organization_trail: bool,
}

impl Trail {
    /// The trail of the caller's account.
    pub(crate) fn load(cx: &Cx) -> Result<Self, OpError> {
        let trail = history(cx)?.trail();
        let home_region = trail.home_region.as_str().to_owned();
        Ok(Self {
            arn: trail_name::arn(cx, &home_region, &trail.name),
            name: trail.name,
            bucket: trail.bucket,
            prefix: trail.prefix,
            include_global_service_events: true,
            is_multi_region_trail: true,
            home_region,
            log_file_validation_enabled: true,
            has_custom_event_selectors: false,
            has_insight_selectors: false,
            is_organization_trail: false,
        })
    }

    /// Whether the request was made where the trail is at home: elsewhere it is a shadow.
    pub(crate) fn is_at_home(&self, cx: &Cx) -> bool {
        self.home_region == cx.region().as_str()
    }
}

/// What is behind the trail.
pub(crate) fn history(cx: &Cx) -> Result<Arc<dyn EventHistory>, OpError> {
    cx.engine().event_history().ok_or_else(|| OpError::internal("there is no audit trail"))
}

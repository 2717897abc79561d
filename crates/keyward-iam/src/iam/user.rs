//! Users in replies.

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, OpError};
use keyward_store::UserBody;
use serde::Serialize;

use super::entity::Entity;
use super::policy_holder::AttachedPermissionsBoundary;
use super::tags::{self, TagOutput};
use crate::shape::Date;

/// What replies call the root user where the model demands a name.
// WIRE: "IAM: the root user".
pub(crate) const ROOT_USER_NAME: &str = "root";

/// `User`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserOutput {
    path: String,
    user_name: String,
    user_id: String,
    arn: String,
    create_date: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<AttachedPermissionsBoundary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagOutput>>,
}

impl UserOutput {
    /// All that is told of a user.
    pub(crate) fn whole(cx: &Cx, user: &Entity<UserBody>) -> Result<Self, OpError> {
        let boundary = user.body.permissions_boundary.as_deref();
        Ok(Self {
            permissions_boundary: boundary.map(AttachedPermissionsBoundary::of_arn),
            tags: tags::shown(&user.body.tags),
            ..Self::listed(cx, user)?
        })
    }

    /// What lists tell of a user: neither tags nor the permissions boundary.
    pub(crate) fn listed(cx: &Cx, user: &Entity<UserBody>) -> Result<Self, OpError> {
        Ok(Self {
            path: user.path.clone(),
            user_name: user.name.clone(),
            user_id: user.unique_id()?.to_string(),
            arn: user.arn(cx),
            create_date: Date(user.created_at),
            permissions_boundary: None,
            tags: None,
        })
    }

    /// The account's root user.
    pub(crate) async fn root(cx: &Cx) -> Result<Self, OpError> {
        let account = cx.caller().account;
        let found = cx.engine().store().accounts().find(&account).await;
        let found = found.map_err(OpError::internal)?;
        let created_at = found.map(|found| found.created_at);
        Ok(Self {
            path: "/".to_owned(),
            user_name: ROOT_USER_NAME.to_owned(),
            user_id: account.to_string(),
            arn: cx.caller().arn(),
            create_date: Date(created_at.ok_or_else(|| OpError::internal("an absent account"))?),
            permissions_boundary: None,
            tags: None,
        })
    }
}

impl Recorded for UserOutput {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("path", &self.path);
        to.text("userName", &self.user_name);
        to.text("userId", &self.user_id);
        to.text("arn", &self.arn);
        self.create_date.record(to, "createDate");
        if let Some(boundary) = &self.permissions_boundary {
            to.object("permissionsBoundary", |to| boundary.record(to));
        }
        if let Some(tags) = &self.tags {
            to.objects("tags", tags, |to, tag| tag.record(to));
        }
    }
}

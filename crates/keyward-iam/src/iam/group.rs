//! Groups in replies, and who is in them.

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, OpError};
use keyward_store::{EntityKind, EntityName, EntityRelation, EntityTarget, GroupBody};
use serde::Serialize;

use super::entity::Entity;
use crate::shape::Date;

/// `Group`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupOutput {
    path: String,
    group_name: String,
    group_id: String,
    arn: String,
    create_date: Date,
}

impl GroupOutput {
    /// What is told of a group.
    pub(crate) fn of(cx: &Cx, group: &Entity<GroupBody>) -> Result<Self, OpError> {
        Ok(Self {
            path: group.path.clone(),
            group_name: group.name.clone(),
            group_id: group.unique_id()?.to_string(),
            arn: group.arn(cx),
            create_date: Date(group.created_at),
        })
    }
}

/// What the users of a group name.
pub(crate) fn membership(group: &Entity<GroupBody>) -> Result<EntityTarget, OpError> {
    let id = group.unique_id()?.to_string();
    Ok(EntityTarget::new(group.account, EntityRelation::Group, id))
}

/// The place in a list of members behind the user of this name.
pub(crate) fn after_user(group: &Entity<GroupBody>, name: String) -> EntityName {
    EntityName::new(group.account, EntityKind::User, name)
}

impl Recorded for GroupOutput {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("path", &self.path);
        to.text("groupName", &self.group_name);
        to.text("groupId", &self.group_id);
        to.text("arn", &self.arn);
        self.create_date.record(to, "createDate");
    }
}

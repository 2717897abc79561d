//! ListRoleTags: the tags of a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html>

use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::RoleBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::paging::PageRequest;
use super::role::PageOfRole;
use super::tags::TagPage;
use super::{action, constraints, tags};

/// The operation.
pub(crate) enum ListRoleTags {}

impl Operation for ListRoleTags {
    const NAME: &'static str = "ListRoleTags";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_ROLE_TAGS;
    type Input<'a> = PageOfRole<'a>;
    type Output = TagPage;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfRole<'a>) -> Result<TagPage, OpError> {
        let (name, conditions) = (&*input.role_name, Conditions::none());
        let (_, role) = existing::<action::ListRoleTags, RoleBody>(cx, name, conditions).await?;
        let list = (Self::NAME, role.name.as_str());
        let request = PageRequest::new(cx, list, &input.marker, input.max_items)?;
        tags::page(cx, &request, role.body.tags)
    }
}

//! ListUserTags: the tags of a user, in the order of keys.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserTags.html>

use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_store::UserBody;

use super::authorize::existing;
use super::conditions::Conditions;
use super::paging::PageRequest;
use super::shape::PageOfUser;
use super::tags::TagPage;
use super::{action, constraints, tags};

/// The operation.
pub(crate) enum ListUserTags {}

impl Operation for ListUserTags {
    const NAME: &'static str = "ListUserTags";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_USER_TAGS;
    type Input<'a> = PageOfUser<'a>;
    type Output = TagPage;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfUser<'a>) -> Result<TagPage, OpError> {
        let name = &*input.user_name;
        let (_, user) =
            existing::<action::ListUserTags, UserBody>(cx, name, Conditions::none()).await?;
        let filter = user.unique_id()?.to_string();
        let request = PageRequest::new(cx, (Self::NAME, &filter), &input.marker, input.max_items)?;
        tags::page(cx, &request, user.body.tags)
    }
}

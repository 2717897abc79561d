//! GetAccessKeyLastUsed: when, where and for what an access key was last used.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation, op_error};
use keyward_shape::Text;
use keyward_store::{
    CredentialOwner, CredentialRecord, PrincipalUseRecord, UsedPrincipal, UserBody,
};
use serde::{Deserialize, Serialize};

use super::access_key::find;
use super::authorize::{Resource, authorize, authorize_found};
use super::conditions::Conditions;
use super::constraints::{self, AccessKeyIdType};
use super::entity::Entity;
use super::{action, user};
use crate::shape::Date;

/// The operation.
pub(crate) enum GetAccessKeyLastUsed {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    access_key_id: Text<'a, AccessKeyIdType>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    user_name: String,
    access_key_last_used: AccessKeyLastUsed,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AccessKeyLastUsed {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_date: Option<Date>,
    service_name: String,
    region: String,
}

impl Operation for GetAccessKeyLastUsed {
    const NAME: &'static str = "GetAccessKeyLastUsed";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::GET_ACCESS_KEY_LAST_USED;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let found = find(cx, &input.access_key_id).await?;
        let user_name = authorize_owner(cx, found.as_ref()).await?;
        let key = found.ok_or_else(|| not_ours(cx, &input.access_key_id))?;
        let used = UsedPrincipal::AccessKey(key.access_key_id);
        let access_key_last_used = cx.engine().principal_use(&used).await?.into();
        Ok(Output { user_name, access_key_last_used })
    }
}

/// The refusal of a key that the account has not: the model knows no `NoSuchEntity` here.
// WIRE: "IAM: access keys".
fn not_ours(cx: &Cx, id: &str) -> OpError {
    let caller = cx.caller().arn();
    op_error!(
        AccessDenied,
        "User: {caller} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: \
         access key {id}"
    )
}

/// Decides whether the caller may know of the access key; the name of its owner.
async fn authorize_owner(cx: &mut Cx, found: Option<&CredentialRecord>) -> Result<String, OpError> {
    let conditions = Conditions::none();
    if let Some(CredentialOwner::User(id)) = found.map(|found| &found.owner)
        && let Some(user) = Entity::<UserBody>::find_by_id(cx, id).await?
    {
        let name = user.name.clone();
        let named = (&*name, Some(&user));
        authorize_found::<action::GetAccessKeyLastUsed, UserBody>(cx, named, conditions).await?;
        return Ok(name);
    }
    authorize::<action::GetAccessKeyLastUsed>(cx, &Resource::any(), conditions).await?;
    Ok(user::ROOT_USER_NAME.to_owned())
}

impl From<Option<PrincipalUseRecord>> for AccessKeyLastUsed {
    fn from(used: Option<PrincipalUseRecord>) -> Self {
        let never = || "N/A".to_owned();
        Self {
            last_used_date: used.as_ref().map(|used| Date(used.used_at)),
            service_name: used.as_ref().map_or_else(never, |used| used.service.clone()),
            region: used.map_or_else(never, |used| used.region.to_string()),
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("accessKeyId", &self.access_key_id);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::json;

    #[tokio::test]
    async fn a_key_that_never_signed_was_used_nowhere() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let key = root.ok("CreateAccessKey", json!({ "UserName": "alice" })).await;
        let id = &key["AccessKey"]["AccessKeyId"];
        let reply = root.ok("GetAccessKeyLastUsed", json!({ "AccessKeyId": id })).await;
        let never = json!({ "ServiceName": "N/A", "Region": "N/A" });
        assert_eq!(reply, json!({ "UserName": "alice", "AccessKeyLastUsed": never }));
    }

    #[tokio::test]
    async fn a_key_of_another_account_is_denied_like_one_that_is_not_there() {
        let app = TestApp::new().await;
        let other = app.other_account().await;
        let id = app.root().caller().access_key_id.as_str().to_owned();
        let refused = other.refused("GetAccessKeyLastUsed", json!({ "AccessKeyId": id })).await;
        let message = format!(
            "User: arn:aws:iam::444455556666:root is not authorized to perform: \
             iam:GetAccessKeyLastUsed on resource: access key {id}"
        );
        assert_eq!(refused, Refused::new("AccessDenied", message));
    }
}

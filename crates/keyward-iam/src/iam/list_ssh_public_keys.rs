//! ListSSHPublicKeys: the SSH keys of a user, of which there are none.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSSHPublicKeys.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use super::action;
use super::constraints::{self, UserNameType};
use super::paging::{Marker, MaxItems, record_page};
use super::shape::record_text;
use super::subject::authorize_subject;

/// The operation.
pub(crate) enum ListSSHPublicKeys {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    user_name: Option<Text<'a, UserNameType>>,
    #[serde(borrow)]
    marker: Marker<'a>,
    max_items: MaxItems,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(rename = "SSHPublicKeys")]
    ssh_public_keys: Vec<SshPublicKey>,
    is_truncated: bool,
}

/// What is not offered.
#[derive(Serialize)]
enum SshPublicKey {}

impl Operation for ListSSHPublicKeys {
    const NAME: &'static str = "ListSSHPublicKeys";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_SSH_PUBLIC_KEYS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let name = input.user_name.as_deref();
        authorize_subject::<action::ListSshPublicKeys>(cx, name).await?;
        Ok(Output::default())
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "userName", self.user_name.as_ref());
        record_page(to, &self.marker, self.max_items);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::TestApp;
    use serde_json::json;

    #[tokio::test]
    async fn a_user_has_none() {
        let app = TestApp::new().await;
        let root = app.root();
        root.ok("CreateUser", json!({ "UserName": "alice" })).await;
        let reply = root.ok("ListSSHPublicKeys", json!({ "UserName": "alice" })).await;
        assert_eq!(reply, json!({ "SSHPublicKeys": [], "IsTruncated": false }));
    }
}

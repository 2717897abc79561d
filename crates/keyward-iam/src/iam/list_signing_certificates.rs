//! ListSigningCertificates: the certificates of a user, of which there are none.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListSigningCertificates.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use serde::Serialize;

use super::shape::PageOfUserOrCaller;
use super::subject::authorize_subject;
use super::{action, constraints};

/// The operation.
pub(crate) enum ListSigningCertificates {}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    certificates: Vec<SigningCertificate>,
    is_truncated: bool,
}

/// What is not offered.
#[derive(Serialize)]
enum SigningCertificate {}

impl Operation for ListSigningCertificates {
    const NAME: &'static str = "ListSigningCertificates";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_SIGNING_CERTIFICATES;
    type Input<'a> = PageOfUserOrCaller<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: PageOfUserOrCaller<'a>) -> Result<Output, OpError> {
        let name = input.user_name.as_deref();
        authorize_subject::<action::ListSigningCertificates>(cx, name).await?;
        Ok(Output::default())
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
        let reply = root.ok("ListSigningCertificates", json!({ "UserName": "alice" })).await;
        assert_eq!(reply, json!({ "Certificates": [], "IsTruncated": false }));
    }
}

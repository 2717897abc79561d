//! Trust policies: who may assume a role.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use keyward_engine::{Bindings, Cx, OpError, op_error};
use keyward_policy::{IamPolicyError, TrustPolicy, policy_size};
use keyward_store::RoleBody;

use super::document::Escaped;

/// The most characters of a trust policy, white space left out.
pub(crate) const CHARS_MAX: usize = 2048;

/// Refuses a document that is no trust policy; whom its principals are now.
pub(crate) async fn check(cx: &Cx, document: &str) -> Result<Bindings, OpError> {
    let refusal = |error: IamPolicyError| op_error!(MalformedPolicyDocument, "{error}");
    let parsed = TrustPolicy::from_stored(document)
        .map_err(|error| refusal(IamPolicyError::Syntax(error.clone())).because(error))?;
    if policy_size(document) > CHARS_MAX {
        return Err(op_error!(
            LimitExceeded,
            "Cannot exceed quota for ACLSizePerRole: {CHARS_MAX}"
        ));
    }
    let principals = cx.engine().named_principals(parsed.document()).await?;
    TrustPolicy::check(document, &principals).map_err(refusal)?;
    Ok(principals.into_bindings())
}

/// The document of a role as it is read.
pub(crate) async fn shown(cx: &Cx, role: &RoleBody) -> Result<Escaped, OpError> {
    let (text, bindings) = (&role.assume_role_policy_document, &role.trust_bindings);
    cx.engine().shown_document(text, bindings).await.map(Escaped)
}

//! Access keys of users and of the root user.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html>

use keyward_engine::{Cx, OpError, op_error};
use keyward_model::AccessKeyId;
use keyward_store::{CredentialRecord, CredentialStatus};

use super::subject::Subject;
use super::user::ROOT_USER_NAME;

/// The most access keys of one user.
pub(crate) const ACCESS_KEYS_MAX: u32 = 2;

/// `Status`, in the service's words.
pub(crate) const fn status_word(status: CredentialStatus) -> &'static str {
    match status {
        CredentialStatus::Active => "Active",
        CredentialStatus::Inactive => "Inactive",
    }
}

/// What replies call the owner of access keys.
pub(crate) fn owner_name(subject: &Subject) -> &str {
    subject.user_name().unwrap_or(ROOT_USER_NAME)
}

/// The access key, if it is one of the subject's.
pub(crate) async fn find_of(
    cx: &Cx,
    subject: &Subject,
    id: &str,
) -> Result<CredentialRecord, OpError> {
    let owner = subject.owner()?;
    let found = find(cx, id).await?.filter(|found| found.owner == owner);
    found.ok_or_else(|| no_such_access_key(id))
}

/// The access key, if it is one of the caller's account.
pub(crate) async fn find(cx: &Cx, id: &str) -> Result<Option<CredentialRecord>, OpError> {
    let Ok(parsed) = id.parse::<AccessKeyId>() else { return Ok(None) };
    let found = cx.engine().store().credentials().find(&parsed).await.map_err(OpError::internal)?;
    Ok(found.filter(|found| found.account == cx.caller().account))
}

/// The refusal of an id that no access key of the subject has.
fn no_such_access_key(id: &str) -> OpError {
    op_error!(NoSuchEntity, "The Access Key with id {id} cannot be found.")
}

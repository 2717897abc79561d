//! Whom a request is about that need not name a user.

use keyward_engine::{Cx, OpError, op_error};
use keyward_model::Principal;
use keyward_store::{CredentialOwner, UserBody};

use super::action::{Permission, Proof};
use super::authorize::{Resource, authorize, authorize_found, existing};
use super::conditions::Conditions;
use super::entity::{Entity, no_such};

/// A user, or the account's root user.
pub(crate) enum Subject {
    Root,
    User(Box<Entity<UserBody>>),
}

impl Subject {
    /// Whose access keys they are.
    pub(crate) fn owner(&self) -> Result<CredentialOwner, OpError> {
        match self {
            Self::Root => Ok(CredentialOwner::Root),
            Self::User(user) => user.unique_id().map(CredentialOwner::User),
        }
    }

    /// `UserName`. The root user has none.
    pub(crate) fn user_name(&self) -> Option<&str> {
        match self {
            Self::Root => None,
            Self::User(user) => Some(&user.name),
        }
    }

    /// Makes the change depend on the user being as it was read.
    pub(crate) fn require_unchanged(&self, cx: &mut Cx) {
        if let Self::User(user) = self {
            user.require_unchanged(cx);
        }
    }
}

/// Decides whether the caller may do `P` to the user it names or, if it names none, to itself.
pub(crate) async fn authorize_subject<P: Permission>(
    cx: &mut Cx,
    name: Option<&str>,
) -> Result<(Proof<P>, Subject), OpError> {
    let conditions = Conditions::none();
    if let Some(name) = name {
        let (proof, user) = existing::<P, UserBody>(cx, name, conditions).await?;
        return Ok((proof, Subject::User(Box::new(user))));
    }
    match cx.caller().principal.clone() {
        Principal::Root => {
            let resource = Resource::of_arn(cx.caller().arn());
            let proof = authorize(cx, &resource, conditions).await?;
            Ok((proof, Subject::Root))
        }
        Principal::User(caller) => {
            let found = Entity::find_by_id(cx, &caller.unique_id).await?;
            let named = (&*caller.name, found.as_ref());
            let proof = authorize_found::<P, UserBody>(cx, named, conditions).await?;
            let user = found.ok_or_else(|| no_such::<UserBody>(&caller.name))?;
            Ok((proof, Subject::User(Box::new(user))))
        }
        _ => Err(op_error!(
            Validation,
            "Must specify userName when calling with non-User credentials"
        )),
    }
}

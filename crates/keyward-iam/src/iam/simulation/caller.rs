//! Who a simulated request is made by.

use keyward_engine::{Cx, OpError, op_error};
use keyward_policy::{Subject, account_of_principal};

/// The caller of a simulated request.
pub(crate) struct SimulatedCaller {
    account: String,
    arn: String,
    id: String,
    kind: CallerKind,
}

#[derive(Clone, Copy)]
enum CallerKind {
    Role,
    Session,
    User,
}

impl SimulatedCaller {
    /// The principal with this ARN; an error if it is none of this partition.
    pub(crate) fn of_arn(cx: &Cx, arn: &str, id: &str) -> Result<Self, OpError> {
        let account = account_of_principal(arn, cx.engine().partition().as_str());
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let kind = match resource.split('/').next() {
            Some("user") => CallerKind::User,
            Some("role") => CallerKind::Role,
            Some("assumed-role") => CallerKind::Session,
            _ => return Err(invalid_entity(arn)),
        };
        let account = account.ok_or_else(|| invalid_entity(arn))?.to_owned();
        Ok(Self { account, arn: arn.to_owned(), id: id.to_owned(), kind })
    }

    /// Somebody of the account whom no policy names.
    pub(crate) fn anybody(cx: &Cx) -> Self {
        let account = cx.caller().account.to_string();
        Self { account, arn: String::new(), id: String::new(), kind: CallerKind::User }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        let Self { account, arn, id, kind } = self;
        match kind {
            CallerKind::User => Subject::User { account, arn, id },
            CallerKind::Role => {
                Subject::RoleSession { account, arn: "", role_arn: arn, role_id: id }
            }
            CallerKind::Session => Subject::RoleSession { account, arn, role_arn: "", role_id: id },
        }
    }
}

/// The refusal of an ARN that names no user, group or role.
pub(super) fn invalid_entity(arn: &str) -> OpError {
    // WIRE: "IAM: simulations".
    op_error!(
        InvalidInput,
        "Invalid Entity Arn: {arn} does not clearly define entity type and name."
    )
}

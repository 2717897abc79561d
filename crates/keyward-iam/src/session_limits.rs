//! What temporary credentials may not call, whatever policies say.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>

use keyward_engine::{Cx, ErrorCode, Kind, OpError, Operation, op_error};
use keyward_model::Principal;
use keyward_shape::Operation as Model;

/// An operation of IAM, for those who may call IAM at all: federated users may not, nor may
/// sessions of GetSessionToken without MFA.
pub(crate) struct OfIam<O>(O);

impl<O: Operation> Operation for OfIam<O> {
    const NAME: &'static str = O::NAME;
    const KIND: Kind = O::KIND;
    const SHOWS_REPLY: bool = O::SHOWS_REPLY;
    const MODEL: &'static Model = O::MODEL;
    type Input<'a> = O::Input<'a>;
    type Output = O::Output;

    async fn run<'a>(cx: &'a mut Cx, input: O::Input<'a>) -> Result<O::Output, OpError> {
        let is_refused = match Credentials::of(cx) {
            Credentials::Federated => true,
            Credentials::OwnSession { with_mfa } => !with_mfa,
            Credentials::LongTerm | Credentials::Role => false,
        };
        if is_refused {
            // WIRE: "Sessions and IAM".
            let message = "The security token included in the request is invalid";
            return Err(OpError::new(ErrorCode::UnrecognizedClient, message));
        }
        O::run(cx, input).await
    }

    fn reply_bytes_max(output: &O::Output) -> usize {
        O::reply_bytes_max(output)
    }
}

/// Refuses callers that may call nothing of STS but GetCallerIdentity.
pub(crate) fn require_may_look(cx: &Cx, action: &str) -> Result<(), OpError> {
    match Credentials::of(cx) {
        Credentials::Federated | Credentials::OwnSession { .. } => Err(denied(cx, action)),
        Credentials::LongTerm | Credentials::Role => Ok(()),
    }
}

/// Refuses callers that may not become a role.
pub(crate) fn require_may_assume_roles(cx: &Cx) -> Result<(), OpError> {
    if cx.caller().principal == Principal::Root {
        return Err(op_error!(AccessDenied, "Roles may not be assumed by root accounts."));
    }
    match Credentials::of(cx) {
        Credentials::Federated => Err(denied(cx, "sts:AssumeRole")),
        Credentials::LongTerm | Credentials::OwnSession { .. } | Credentials::Role => Ok(()),
    }
}

/// Refuses callers without long-term credentials.
pub(crate) fn require_long_term(cx: &Cx, operation: &str) -> Result<(), OpError> {
    match Credentials::of(cx) {
        Credentials::LongTerm => Ok(()),
        Credentials::Federated | Credentials::OwnSession { .. } | Credentials::Role => {
            Err(op_error!(AccessDenied, "Cannot call {operation} with session credentials"))
        }
    }
}

fn denied(cx: &Cx, action: &str) -> OpError {
    let caller = cx.caller().arn();
    op_error!(AccessDenied, "User: {caller} is not authorized to perform: {action}")
}

/// The kinds of credentials that differ in what they may call.
enum Credentials {
    /// Of GetFederationToken.
    Federated,
    /// An access key of a user, of the root user or of a service.
    LongTerm,
    /// Of GetSessionToken.
    OwnSession { with_mfa: bool },
    /// Of AssumeRole or its like, or of a service that calls in somebody's name: what it may call
    /// must not become more by another session.
    Role,
}

impl Credentials {
    fn of(cx: &Cx) -> Self {
        let caller = cx.caller();
        match (&caller.principal, &caller.session) {
            (Principal::FederatedUser { .. }, _) => Self::Federated,
            (Principal::AssumedRole { .. }, _) | (Principal::Service(_), None) => Self::Role,
            (_, Some(session)) => {
                Self::OwnSession { with_mfa: session.mfa_authenticated_at.is_some() }
            }
            (_, None) if caller.invoked_by.is_some() => Self::Role,
            (_, None) => Self::LongTerm,
        }
    }
}

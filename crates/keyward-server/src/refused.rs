//! A refused request, whatever the protocol it came in.

use std::borrow::Cow;

use http::StatusCode;
use keyward_engine::{OpError, Protocol};
use keyward_sigv4::Style;

use crate::authenticate::Unauthenticated;
use crate::body::BodyError;

/// A refused request, as the client will see it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) name: &'static str,
    pub(crate) message: Option<Cow<'static, str>>,
    /// Whether the rest of the connection cannot be used.
    pub(crate) closes: bool,
}

impl Refused {
    pub(crate) const fn silent(status: StatusCode, name: &'static str) -> Self {
        Self { status, name, message: None, closes: false }
    }

    pub(crate) const fn worded(
        status: StatusCode,
        name: &'static str,
        message: &'static str,
    ) -> Self {
        Self { status, name, message: Some(Cow::Borrowed(message)), closes: false }
    }

    pub(crate) const fn told(status: StatusCode, name: &'static str, message: String) -> Self {
        Self { status, name, message: Some(Cow::Owned(message)), closes: false }
    }

    /// WIRE: what is not AWS JSON at all is answered in the words of another protocol.
    pub(crate) const fn unknown_protocol() -> Self {
        Self::silent(StatusCode::NOT_FOUND, "UnknownOperationException")
    }

    pub(crate) const fn unknown_operation() -> Self {
        Self::silent(StatusCode::BAD_REQUEST, "UnknownOperationException")
    }

    /// The call panicked.
    pub(crate) const fn internal_failure() -> Self {
        Self::worded(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            "An internal error occurred. Retry the request.",
        )
    }

    /// A bound of ours is reached.
    pub(crate) const fn service_unavailable() -> Self {
        Self::worded(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The service is busy. Retry the request.",
        )
    }

    /// The body is over the operation's limit. What is left of it is not read.
    pub(crate) fn entity_too_large() -> Self {
        Self::worded(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request body is too large.",
        )
        .closing()
    }

    fn closing(self) -> Self {
        Self { closes: true, ..self }
    }
}

/// What is refused elsewhere, in the words of the protocol it was asked in.
impl Refused {
    pub(crate) fn unread(error: &BodyError, protocol: Protocol) -> Self {
        match (error, protocol) {
            (BodyError::Broken, Protocol::AwsJson) => {
                Self::silent(StatusCode::BAD_REQUEST, "SerializationException").closing()
            }
            (BodyError::Broken, Protocol::AwsQuery) => {
                Self::silent(StatusCode::BAD_REQUEST, "MalformedInput").closing()
            }
            (BodyError::Busy, _) => Self::service_unavailable().closing(),
            (BodyError::Late, _) => Self::worded(
                StatusCode::BAD_REQUEST,
                "RequestTimeout",
                "The request body did not arrive in time.",
            )
            .closing(),
            (BodyError::TooLong, _) => Self::entity_too_large(),
        }
    }

    pub(crate) fn failed(error: OpError, protocol: Protocol) -> Self {
        let (name, status) = error.code.on_wire(protocol);
        Self { status: status_of(status), name, message: error.message, closes: false }
    }

    pub(crate) fn unauthenticated(error: Unauthenticated, protocol: Protocol) -> Self {
        match error {
            Unauthenticated::Busy => Self::service_unavailable(),
            Unauthenticated::Failed(error) => Self::failed(error, protocol),
            Unauthenticated::Refused(refusal) => {
                let (name, status) = refusal.code.on_wire(style(protocol));
                let message = Some(refusal.message);
                Self { status: status_of(status), name, message, closes: false }
            }
        }
    }
}

/// How the protocol spells errors of authentication.
pub(crate) const fn style(protocol: Protocol) -> Style {
    match protocol {
        Protocol::AwsJson => Style::Json,
        Protocol::AwsQuery => Style::Query,
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

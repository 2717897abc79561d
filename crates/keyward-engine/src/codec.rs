//! From bytes to a shape, and back.

use keyward_shape::query::{self, Malformed};
use keyward_shape::xml;
use zeroize::Zeroizing;

use crate::{ErrorCode, OpError, Operation};

/// How one protocol writes requests and replies.
pub(crate) trait Codec: 'static {
    /// The request as JSON.
    fn json<O: Operation>(body: &[u8]) -> Result<Json<'_>, OpError>;

    /// Writes the reply of an operation that has one.
    fn write<O: Operation>(output: &O::Output, to: &mut Vec<u8>) -> Result<(), OpError>;
}

/// A request as JSON.
pub(crate) enum Json<'b> {
    Sent(&'b [u8]),
    Made(Zeroizing<String>),
}

impl Json<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Sent(body) => body,
            Self::Made(text) => text.as_bytes(),
        }
    }
}

/// AWS JSON 1.1.
pub(crate) enum AwsJson {}

impl Codec for AwsJson {
    fn json<O: Operation>(body: &[u8]) -> Result<Json<'_>, OpError> {
        Ok(Json::Sent(body))
    }

    fn write<O: Operation>(output: &O::Output, to: &mut Vec<u8>) -> Result<(), OpError> {
        serde_json::to_writer(to, output).map_err(OpError::internal)
    }
}

/// AWS Query.
pub(crate) enum AwsQuery {}

impl Codec for AwsQuery {
    fn json<O: Operation>(body: &[u8]) -> Result<Json<'_>, OpError> {
        query::to_json(O::MODEL.input, body).map(Json::Made).map_err(refusal)
    }

    /// The result's element; what stands around it is the server's.
    fn write<O: Operation>(output: &O::Output, to: &mut Vec<u8>) -> Result<(), OpError> {
        let name = format!("{}Result", O::NAME);
        xml::write_element(to, &name, output).map_err(OpError::internal)
    }
}

// WIRE: the names are the service's, the words are ours.
fn refusal(malformed: Malformed) -> OpError {
    let (code, message) = match malformed {
        Malformed::Escape => {
            (ErrorCode::MalformedQueryString, "The query string contains an invalid escape.")
        }
        Malformed::Numbering => (ErrorCode::Serialization, "Unexpected list element termination"),
        Malformed::Repeated => {
            (ErrorCode::MalformedQueryString, "The query string contains a parameter twice.")
        }
        Malformed::TooMany => {
            (ErrorCode::MalformedQueryString, "The query string contains too many parameters.")
        }
    };
    OpError::new(code, message)
}

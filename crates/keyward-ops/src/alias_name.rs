//! Alias names in requests.

use keyward_engine::{OpError, op_error};
use keyward_model::{AliasName, NotAnAliasName};

/// Reads an alias name.
///
/// WIRE: the model's pattern lets more through than the service does.
/// Evidence: docs/WIRE.md, "Alias names".
pub(crate) fn parse(text: &str) -> Result<AliasName, OpError> {
    text.parse().map_err(|reason| match reason {
        NotAnAliasName::NoPrefix => op_error!(
            Validation,
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        ),
        NotAnAliasName::InvalidCharacters => {
            op_error!(Validation, "{text} contains invalid characters for an alias")
        }
    })
}

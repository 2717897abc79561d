//! What GenerateDataKey and GenerateDataKeyWithoutPlaintext share.

use keyward_engine::{OpError, op_error};
use keyward_model::UnknownValue;
use keyward_shape::{Int, OneOf};

use crate::constraints::{DataKeySpec, NumberOfBytesType};

/// `KeySpec` of a data key.
#[derive(Clone, Copy)]
pub(crate) enum DataKeyLength {
    Aes128,
    Aes256,
}

impl std::str::FromStr for DataKeyLength {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "AES_128" => Ok(Self::Aes128),
            "AES_256" => Ok(Self::Aes256),
            _ => Err(UnknownValue),
        }
    }
}

impl DataKeyLength {
    /// The word on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Aes128 => "AES_128",
            Self::Aes256 => "AES_256",
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }
}

/// `KeySpec` and `NumberOfBytes`, of which exactly one must be sent.
#[derive(Clone, Copy)]
pub(crate) struct Length {
    pub(crate) key_spec: Option<OneOf<DataKeyLength, DataKeySpec>>,
    pub(crate) number_of_bytes: Option<Int<NumberOfBytesType>>,
}

impl Length {
    /// The length of the data key in bytes.
    pub(crate) fn bytes(self) -> Result<usize, OpError> {
        match (self.key_spec, self.number_of_bytes) {
            (Some(spec), None) => Ok(spec.into_inner().bytes()),
            (None, Some(bytes)) => usize::try_from(bytes.value()).map_err(OpError::internal),
            _ => Err(op_error!(Validation, "Please specify either number of bytes or key spec.")),
        }
    }

    /// Writes the one that was sent.
    pub(crate) fn record(self, to: &mut keyward_audit::JsonObject<'_>) {
        if let Some(spec) = self.key_spec {
            to.text("keySpec", spec.into_inner().as_str());
        }
        if let Some(bytes) = self.number_of_bytes {
            to.integer("numberOfBytes", bytes.value());
        }
    }
}

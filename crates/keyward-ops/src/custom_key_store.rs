//! What the operations on custom key stores share. No account has a key store yet: there is
//! nothing behind one.

use keyward_audit::JsonObject;
use keyward_engine::{OpError, op_error};
use keyward_shape::{OneOf, SecretText, Text};
use serde::Deserialize;

use crate::constraints::{
    AccountIdType, XksProxyAuthenticationAccessKeyIdType,
    XksProxyAuthenticationRawSecretAccessKeyType, XksProxyConnectivityType,
    XksProxyUriEndpointType, XksProxyUriPathType, XksProxyVpcEndpointServiceNameType,
};
use crate::shape::record_text;

/// The refusal of an id no key store of the account has.
pub(crate) fn not_found(id: &str) -> OpError {
    op_error!(CustomKeyStoreNotFound, "Custom key store {id} is not found.")
}

/// How an external key store's proxy is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum XksProxyConnectivity {
    PublicEndpoint,
    VpcEndpointService,
}

impl std::str::FromStr for XksProxyConnectivity {
    type Err = keyward_model::UnknownValue;

    fn from_str(text: &str) -> Result<Self, keyward_model::UnknownValue> {
        match text {
            "PUBLIC_ENDPOINT" => Ok(Self::PublicEndpoint),
            "VPC_ENDPOINT_SERVICE" => Ok(Self::VpcEndpointService),
            _ => Err(keyward_model::UnknownValue),
        }
    }
}

impl XksProxyConnectivity {
    /// The word on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::PublicEndpoint => "PUBLIC_ENDPOINT",
            Self::VpcEndpointService => "VPC_ENDPOINT_SERVICE",
        }
    }
}

/// `XksProxyAuthenticationCredentialType`, which nothing here shows or keeps.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "read for its constraints; no proxy is talked to yet")]
pub(crate) struct Credential {
    access_key_id: SecretText<XksProxyAuthenticationAccessKeyIdType>,
    raw_secret_access_key: SecretText<XksProxyAuthenticationRawSecretAccessKeyType>,
}

/// The members that say where a proxy is, for the audit record.
pub(crate) struct Proxy<'i, 'a> {
    pub(crate) uri_endpoint: Option<&'i Text<'a, XksProxyUriEndpointType>>,
    pub(crate) uri_path: Option<&'i Text<'a, XksProxyUriPathType>>,
    pub(crate) connectivity: Option<OneOf<XksProxyConnectivity, XksProxyConnectivityType>>,
    pub(crate) service_name: Option<&'i Text<'a, XksProxyVpcEndpointServiceNameType>>,
    pub(crate) service_owner: Option<&'i Text<'a, AccountIdType>>,
}

impl Proxy<'_, '_> {
    /// Writes what was sent.
    pub(crate) fn record(&self, to: &mut JsonObject<'_>) {
        record_text(to, "xksProxyUriEndpoint", self.uri_endpoint);
        record_text(to, "xksProxyUriPath", self.uri_path);
        if let Some(connectivity) = self.connectivity {
            to.text("xksProxyConnectivity", connectivity.into_inner().as_str());
        }
        record_text(to, "xksProxyVpcEndpointServiceName", self.service_name);
        record_text(to, "xksProxyVpcEndpointServiceOwner", self.service_owner);
    }
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::{Value, json};

    const STORE: &str = "cks-1234567890abcdef0";

    #[tokio::test]
    async fn no_account_has_a_key_store_of_any_id() {
        let app = TestApp::new().await;
        let message = format!("Custom key store {STORE} is not found.");
        for operation in [
            "ConnectCustomKeyStore",
            "DeleteCustomKeyStore",
            "DisconnectCustomKeyStore",
            "UpdateCustomKeyStore",
        ] {
            let input = json!({ "CustomKeyStoreId": STORE });
            let refused = app.root().refused(operation, input).await;
            assert_eq!(refused, Refused::new("CustomKeyStoreNotFoundException", &*message));
            let expected = json!({
                "errorCode": "CustomKeyStoreNotFoundException",
                "errorMessage": message,
                "requestParameters": { "customKeyStoreId": STORE },
                "responseElements": null,
                "readOnly": false,
            });
            assert_eq!(app.recorded(), expected, "{operation}");
            for (id, clause) in [
                (Value::Null, "Value null at 'customKeyStoreId' failed to satisfy constraint: Member must not be null".to_owned()),
                (json!(""), "Value '' at 'customKeyStoreId' failed to satisfy constraint: Member must have length greater than or equal to 1".to_owned()),
            ] {
                let refused = app.root().refused(operation, json!({ "CustomKeyStoreId": id })).await;
                let message = format!("1 validation error detected: {clause}");
                assert_eq!(refused, Refused::new("ValidationException", message));
            }
        }
    }
}

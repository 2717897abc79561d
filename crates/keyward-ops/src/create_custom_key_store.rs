//! CreateCustomKeyStore: makes a key store over an HSM cluster or an external key manager. This
//! server knows no cluster and reaches no proxy yet, and says so.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateCustomKeyStore.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, ErrorCode, Kind, OpError, Operation, op_error};
use keyward_model::UnknownValue;
use keyward_shape::{OneOf, SecretText, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{
    self, AccountIdType, CloudHsmClusterIdType, CustomKeyStoreNameType, KeyStorePasswordType,
    TrustAnchorCertificateType, XksProxyConnectivityType, XksProxyUriEndpointType,
    XksProxyUriPathType, XksProxyVpcEndpointServiceNameType,
};
use crate::custom_key_store::{Credential, Proxy, XksProxyConnectivity};
use crate::shape::record_text;

/// The operation.
pub(crate) enum CreateCustomKeyStore {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    custom_key_store_name: Text<'a, CustomKeyStoreNameType>,
    #[serde(borrow)]
    cloud_hsm_cluster_id: Option<Text<'a, CloudHsmClusterIdType>>,
    #[serde(borrow)]
    trust_anchor_certificate: Option<Text<'a, TrustAnchorCertificateType>>,
    key_store_password: Option<SecretText<KeyStorePasswordType>>,
    custom_key_store_type: Option<OneOf<StoreType, constraints::CustomKeyStoreType>>,
    #[serde(borrow)]
    xks_proxy_uri_endpoint: Option<Text<'a, XksProxyUriEndpointType>>,
    #[serde(borrow)]
    xks_proxy_uri_path: Option<Text<'a, XksProxyUriPathType>>,
    #[serde(borrow)]
    xks_proxy_vpc_endpoint_service_name: Option<Text<'a, XksProxyVpcEndpointServiceNameType>>,
    #[serde(borrow)]
    xks_proxy_vpc_endpoint_service_owner: Option<Text<'a, AccountIdType>>,
    xks_proxy_authentication_credential: Option<Credential>,
    xks_proxy_connectivity: Option<OneOf<XksProxyConnectivity, XksProxyConnectivityType>>,
}

/// `CustomKeyStoreType`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StoreType {
    AwsCloudHsm,
    ExternalKeyStore,
}

impl std::str::FromStr for StoreType {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "AWS_CLOUDHSM" => Ok(Self::AwsCloudHsm),
            "EXTERNAL_KEY_STORE" => Ok(Self::ExternalKeyStore),
            _ => Err(UnknownValue),
        }
    }
}

impl StoreType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::AwsCloudHsm => "AWS_CLOUDHSM",
            Self::ExternalKeyStore => "EXTERNAL_KEY_STORE",
        }
    }
}

/// Never made.
#[derive(Serialize)]
pub(crate) enum Output {}

impl Operation for CreateCustomKeyStore {
    const NAME: &'static str = "CreateCustomKeyStore";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CREATE_CUSTOM_KEY_STORE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        input.require_complete()?;
        cx.authorize_account("*", action::CreateCustomKeyStore).await?;
        Err(input.nothing_behind_it())
    }
}

impl Input<'_> {
    fn store_type(&self) -> StoreType {
        self.custom_key_store_type.map_or(StoreType::AwsCloudHsm, OneOf::into_inner)
    }

    /// Refuses a request that lacks what its type needs, or has what belongs to the other type.
    fn require_complete(&self) -> Result<(), OpError> {
        let cluster = [
            ("CloudHsmClusterId", self.cloud_hsm_cluster_id.is_some()),
            ("KeyStorePassword", self.key_store_password.is_some()),
            ("TrustAnchorCertificate", self.trust_anchor_certificate.is_some()),
        ];
        let proxy = [
            ("XksProxyConnectivity", self.xks_proxy_connectivity.is_some()),
            (
                "XksProxyAuthenticationCredential",
                self.xks_proxy_authentication_credential.is_some(),
            ),
            ("XksProxyUriEndpoint", self.xks_proxy_uri_endpoint.is_some()),
            ("XksProxyUriPath", self.xks_proxy_uri_path.is_some()),
        ];
        let is_vpc = self.connectivity() == Some(XksProxyConnectivity::VpcEndpointService);
        let service = ("XksProxyVpcEndpointServiceName", self.has_service_name());
        let has_owner = self.xks_proxy_vpc_endpoint_service_owner.is_some();
        let owner = ("XksProxyVpcEndpointServiceOwner", has_owner);
        match self.store_type() {
            StoreType::AwsCloudHsm => {
                self.require(&cluster)?;
                self.refuse(&proxy)?;
                self.refuse(&[service, owner])
            }
            StoreType::ExternalKeyStore => {
                self.require(&proxy)?;
                self.refuse(&cluster)?;
                if is_vpc { self.require(&[service]) } else { self.refuse(&[service, owner]) }
            }
        }
    }

    fn has_service_name(&self) -> bool {
        self.xks_proxy_vpc_endpoint_service_name.is_some()
    }

    fn connectivity(&self) -> Option<XksProxyConnectivity> {
        self.xks_proxy_connectivity.map(OneOf::into_inner)
    }

    fn require(&self, members: &[(&str, bool)]) -> Result<(), OpError> {
        let store_type = self.store_type().as_str();
        match members.iter().find(|(_, is_given)| !is_given) {
            // WIRE: the rule is documented, the words are ours.
            // Evidence: docs/WIRE.md, "Custom key stores".
            Some((member, _)) => Err(op_error!(
                Validation,
                "{member} must be specified for a custom key store of type {store_type}."
            )),
            None => Ok(()),
        }
    }

    fn refuse(&self, members: &[(&str, bool)]) -> Result<(), OpError> {
        match members.iter().find(|(_, is_given)| *is_given) {
            Some((member, _)) => Err(self.foreign(member)),
            None => Ok(()),
        }
    }

    fn foreign(&self, member: &str) -> OpError {
        let store_type = self.store_type().as_str();
        op_error!(
            Validation,
            "{member} cannot be specified for this custom key store of type {store_type}."
        )
    }

    /// Why no store is made.
    fn nothing_behind_it(&self) -> OpError {
        if let Some(cluster) = &self.cloud_hsm_cluster_id {
            let cluster = cluster.as_str();
            return op_error!(CloudHsmClusterNotFound, "Cluster {cluster} is not found.");
        }
        if let Some(service) = &self.xks_proxy_vpc_endpoint_service_name {
            let service = service.as_str();
            return op_error!(
                XksProxyVpcEndpointServiceNotFound,
                "VPC endpoint service {service} is not found."
            );
        }
        OpError::new(
            ErrorCode::XksProxyUriUnreachable,
            "AWS KMS cannot communicate with the external key store proxy. This might be a \
             transient network issue. If you see this error repeatedly, verify that your external \
             key store proxy is active and is connected to the network, and that its endpoint URI \
             is correct in your external key store.",
        )
    }

    fn proxy(&self) -> Proxy<'_, '_> {
        Proxy {
            uri_endpoint: self.xks_proxy_uri_endpoint.as_ref(),
            uri_path: self.xks_proxy_uri_path.as_ref(),
            connectivity: self.xks_proxy_connectivity,
            service_name: self.xks_proxy_vpc_endpoint_service_name.as_ref(),
            service_owner: self.xks_proxy_vpc_endpoint_service_owner.as_ref(),
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("customKeyStoreName", &self.custom_key_store_name);
        record_text(to, "clusterId", self.cloud_hsm_cluster_id.as_ref());
        if let Some(store_type) = self.custom_key_store_type {
            to.text("customKeyStoreType", store_type.into_inner().as_str());
        }
        self.proxy().record(to);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests {
    use keyward_testkit::{Refused, TestApp};
    use serde_json::{Value, json};

    fn cluster() -> Value {
        json!({
            "CustomKeyStoreName": "hsm",
            "CloudHsmClusterId": "cluster-2a23b4cdefg",
            "KeyStorePassword": "kmsPswd7",
            "TrustAnchorCertificate": "-----BEGIN CERTIFICATE-----",
        })
    }

    fn proxy() -> Value {
        json!({
            "CustomKeyStoreName": "external",
            "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
            "XksProxyConnectivity": "PUBLIC_ENDPOINT",
            "XksProxyUriEndpoint": "https://xks.example.com",
            "XksProxyUriPath": "/kms/xks/v1",
            "XksProxyAuthenticationCredential": {
                "AccessKeyId": "ABCDE12345670EXAMPLE".replace(['0', '1'], "2"),
                "RawSecretAccessKey": "DXjSUawnel2fr6SKC7G25CNxTyWKE5PF9XX6H2u9pSo=",
            },
        })
    }

    fn with(mut input: Value, member: &str, value: Value) -> Value {
        input[member] = value;
        input
    }

    #[tokio::test]
    async fn nothing_stands_behind_a_store_so_none_is_made() {
        let app = TestApp::new().await;
        let vpc = with(
            with(proxy(), "XksProxyConnectivity", json!("VPC_ENDPOINT_SERVICE")),
            "XksProxyVpcEndpointServiceName",
            json!("com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"),
        );
        for (input, name) in [
            (cluster(), "CloudHsmClusterNotFoundException"),
            (proxy(), "XksProxyUriUnreachableException"),
            (vpc, "XksProxyVpcEndpointServiceNotFoundException"),
        ] {
            assert_eq!(app.root().refused("CreateCustomKeyStore", input).await.name, name);
        }
        let stores = app.root().ok("DescribeCustomKeyStores", json!({})).await;
        assert_eq!(stores["CustomKeyStores"], json!([]));
    }

    #[tokio::test]
    async fn each_type_has_its_members_and_not_those_of_the_other() {
        let app = TestApp::new().await;
        for (input, message) in [
            (
                with(cluster(), "KeyStorePassword", Value::Null),
                "KeyStorePassword must be specified for a custom key store of type AWS_CLOUDHSM.",
            ),
            (
                with(cluster(), "XksProxyUriPath", json!("/kms/xks/v1")),
                "XksProxyUriPath cannot be specified for this custom key store of type \
                 AWS_CLOUDHSM.",
            ),
            (
                with(proxy(), "XksProxyUriPath", Value::Null),
                "XksProxyUriPath must be specified for a custom key store of type \
                 EXTERNAL_KEY_STORE.",
            ),
            (
                with(proxy(), "KeyStorePassword", json!("kmsPswd7")),
                "KeyStorePassword cannot be specified for this custom key store of type \
                 EXTERNAL_KEY_STORE.",
            ),
            (
                with(proxy(), "XksProxyConnectivity", json!("VPC_ENDPOINT_SERVICE")),
                "XksProxyVpcEndpointServiceName must be specified for a custom key store of type \
                 EXTERNAL_KEY_STORE.",
            ),
        ] {
            let refused = app.root().refused("CreateCustomKeyStore", input).await;
            assert_eq!(refused, Refused::new("ValidationException", message));
        }
    }

    #[tokio::test]
    async fn the_record_shows_neither_password_nor_credential() {
        let app = TestApp::new().await;
        app.root().refused("CreateCustomKeyStore", cluster()).await;
        let expected = json!({ "customKeyStoreName": "hsm", "clusterId": "cluster-2a23b4cdefg" });
        assert_eq!(app.recorded()["requestParameters"], expected);
        app.root().refused("CreateCustomKeyStore", proxy()).await;
        let expected = json!({
            "customKeyStoreName": "external",
            "customKeyStoreType": "EXTERNAL_KEY_STORE",
            "xksProxyUriEndpoint": "https://xks.example.com",
            "xksProxyUriPath": "/kms/xks/v1",
            "xksProxyConnectivity": "PUBLIC_ENDPOINT",
        });
        let record = app.recorded();
        assert_eq!(record["requestParameters"], expected);
        assert_eq!(record.get("resources"), None);
    }
}

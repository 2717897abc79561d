//! UpdateCustomKeyStore: changes the name of a key store, or how its backing store is reached.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateCustomKeyStore.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::{OneOf, SecretText, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{
    self, AccountIdType, CloudHsmClusterIdType, CustomKeyStoreIdType, CustomKeyStoreNameType,
    KeyStorePasswordType, XksProxyConnectivityType, XksProxyUriEndpointType, XksProxyUriPathType,
    XksProxyVpcEndpointServiceNameType,
};
use crate::custom_key_store::{Credential, Proxy, XksProxyConnectivity, not_found};
use crate::shape::record_text;

/// The operation.
pub(crate) enum UpdateCustomKeyStore {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    custom_key_store_id: Text<'a, CustomKeyStoreIdType>,
    #[serde(borrow)]
    new_custom_key_store_name: Option<Text<'a, CustomKeyStoreNameType>>,
    #[serde(rename = "KeyStorePassword")]
    _key_store_password: Option<SecretText<KeyStorePasswordType>>,
    #[serde(borrow)]
    cloud_hsm_cluster_id: Option<Text<'a, CloudHsmClusterIdType>>,
    #[serde(borrow)]
    xks_proxy_uri_endpoint: Option<Text<'a, XksProxyUriEndpointType>>,
    #[serde(borrow)]
    xks_proxy_uri_path: Option<Text<'a, XksProxyUriPathType>>,
    #[serde(borrow)]
    xks_proxy_vpc_endpoint_service_name: Option<Text<'a, XksProxyVpcEndpointServiceNameType>>,
    #[serde(borrow)]
    xks_proxy_vpc_endpoint_service_owner: Option<Text<'a, AccountIdType>>,
    #[serde(rename = "XksProxyAuthenticationCredential")]
    _xks_proxy_authentication_credential: Option<Credential>,
    xks_proxy_connectivity: Option<OneOf<XksProxyConnectivity, XksProxyConnectivityType>>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation for UpdateCustomKeyStore {
    const NAME: &'static str = "UpdateCustomKeyStore";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::UPDATE_CUSTOM_KEY_STORE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        cx.authorize_account("*", action::UpdateCustomKeyStore).await?;
        Err(not_found(&input.custom_key_store_id))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("customKeyStoreId", &self.custom_key_store_id);
        record_text(to, "clusterId", self.cloud_hsm_cluster_id.as_ref());
        record_text(to, "newCustomKeyStoreName", self.new_custom_key_store_name.as_ref());
        let proxy = Proxy {
            uri_endpoint: self.xks_proxy_uri_endpoint.as_ref(),
            uri_path: self.xks_proxy_uri_path.as_ref(),
            connectivity: self.xks_proxy_connectivity,
            service_name: self.xks_proxy_vpc_endpoint_service_name.as_ref(),
            service_owner: self.xks_proxy_vpc_endpoint_service_owner.as_ref(),
        };
        proxy.record(to);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

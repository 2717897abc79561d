//! ConnectCustomKeyStore: connects a key store to its backing store.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ConnectCustomKeyStore.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Kind, OpError, Operation};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, CustomKeyStoreIdType};
use crate::custom_key_store::not_found;

/// The operation.
pub(crate) enum ConnectCustomKeyStore {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    custom_key_store_id: Text<'a, CustomKeyStoreIdType>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation for ConnectCustomKeyStore {
    const NAME: &'static str = "ConnectCustomKeyStore";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::CONNECT_CUSTOM_KEY_STORE;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        cx.authorize_account("*", action::ConnectCustomKeyStore).await?;
        Err(not_found(&input.custom_key_store_id))
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("customKeyStoreId", &self.custom_key_store_id);
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

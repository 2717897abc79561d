//! DeleteImportedKeyMaterial: destroys imported key material; the same bytes can be imported again.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteImportedKeyMaterial.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Key, Kind, OpError, Operation, Version, op_error};
use keyward_model::{KeyMaterialId, KeyState};
use keyward_shape::Text;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, BackingKeyIdType, KeyIdType};
use crate::imported_material::{require_imported, require_symmetric, shown};
use crate::shape::record_text;

/// The operation.
pub(crate) enum DeleteImportedKeyMaterial {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    #[serde(borrow)]
    key_material_id: Option<Text<'a, BackingKeyIdType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<KeyMaterialId>,
}

impl Operation for DeleteImportedKeyMaterial {
    const NAME: &'static str = "DeleteImportedKeyMaterial";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::DELETE_IMPORTED_KEY_MATERIAL;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::DeleteImportedKeyMaterial).await?;
        require_imported(&key)?;
        if input.key_material_id.is_some() {
            require_symmetric(&key, "KeyMaterialId")?;
        }
        if matches!(
            key.record.state,
            KeyState::Creating | KeyState::Unavailable | KeyState::Updating
        ) {
            return Err(key.wrong_state());
        }
        let named = input.named(&key)?;
        // What waits for its rotation goes for good, even if it has expired meanwhile.
        if let Some(version) = named.filter(|it| it.is_present() || !it.state.is_permanent()) {
            let mut set = cx.material_set(&key).await?;
            set.remove(&version.id);
            cx.stage_material_set(&key, set);
        }
        Ok(Output {
            key_id: key.arn.clone(),
            key_material_id: named.and_then(|version| shown(&key, version.id)),
        })
    }
}

impl Input<'_> {
    /// The material to delete: the current one unless the request names another. There is none
    /// before the first import.
    fn named<'k>(&self, key: &'k Key) -> Result<Option<&'k Version>, OpError> {
        let Some(id) = &self.key_material_id else { return Ok(key.current()) };
        let named = key.versions.iter().find(|version| version.id.to_string() == id.as_str());
        // WIRE: the text is our own. Evidence: docs/WIRE.md, "Imported key material".
        let absent = || op_error!(NotFound, "Key material '{}' does not exist", id.as_str());
        named.map(Some).ok_or_else(absent)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        record_text(to, "keyMaterialId", self.key_material_id.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        if let Some(id) = self.key_material_id {
            to.display("keyMaterialId", id);
        }
    }
}

#[cfg(test)]
mod tests;

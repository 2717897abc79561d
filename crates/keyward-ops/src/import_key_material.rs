//! ImportKeyMaterial: gives a key material that was made elsewhere, or gives it back.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html>

use keyward_audit::{JsonObject, Recorded, java_date};
use keyward_engine::{
    Cx, Key, Kind, MaterialSet, OpError, Operation, incorrect_material, op_error,
};
use keyward_model::{
    ExpirationModel, ImportType, KeyMaterialId, KeyState, MultiRegionKeyType, Timestamp,
};
use keyward_shape::{Blob, OneOf, Text};
use keyward_store::MaterialRecord;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{
    self, BackingKeyIdType, CiphertextType, ExpirationModelType, KeyIdType,
    KeyMaterialDescriptionType,
};
use crate::imported_material::{require_imported, require_symmetric, shown};
use crate::shape::record_text;

/// The operation.
pub(crate) enum ImportKeyMaterial {}

/// How far ahead material may expire.
const LIFE_DAYS_MAX: u32 = 365;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    import_token: Blob<CiphertextType>,
    encrypted_key_material: Blob<CiphertextType>,
    valid_to: Option<keyward_shape::Timestamp>,
    expiration_model: Option<OneOf<ExpirationModel, ExpirationModelType>>,
    import_type: Option<OneOf<ImportType, constraints::ImportType>>,
    #[serde(borrow)]
    key_material_description: Option<Text<'a, KeyMaterialDescriptionType>>,
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

impl Operation for ImportKeyMaterial {
    const NAME: &'static str = "ImportKeyMaterial";
    const KIND: Kind = Kind::Write;
    const MODEL: &'static keyward_shape::Operation = &constraints::IMPORT_KEY_MATERIAL;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        input.require_sound()?;
        let expires_at = input.expires_at(cx.now())?;
        let target = cx.resolve_key(&input.key_id).await?;
        let asked = action::ImportKeyMaterial {
            expiration_model: input.expiration_model.map(OneOf::into_inner),
            valid_to: input.valid_to(),
        };
        let key = cx.authorize(target, asked).await?;
        require_imported(&key)?;
        input.require_supported(&key)?;
        let is_new = input.is_new(&key);
        require_importable(&key, is_new)?;

        let wrapped = input.encrypted_key_material.to_vec();
        let material = cx.unwrapped_material(&key, &input.import_token, wrapped).await?;
        let mut imported = cx.imported_material(&key, &material)?;
        imported.expires_at = expires_at;
        let id = imported.material_id;
        let mut set = cx.material_set(&key).await?;
        input.require_expected(&set, &id, is_new)?;
        input.import(&mut set, imported, is_new);
        cx.stage_material_set(&key, set);
        Ok(Output { key_id: key.arn.clone(), key_material_id: shown(&key, id) })
    }
}

/// Refuses a key whose state lets nothing in, and a second material to wait beside the first.
fn require_importable(key: &Key, is_new: bool) -> Result<(), OpError> {
    match key.record.state {
        KeyState::Enabled | KeyState::Disabled | KeyState::PendingImport | KeyState::Updating => {}
        _ => return Err(key.wrong_state()),
    }
    if is_new && key.versions.iter().any(|version| !version.state.is_permanent()) {
        // WIRE: the text is our own. Evidence: docs/WIRE.md, "Imported key material".
        let arn = &key.arn;
        return Err(op_error!(KmsInvalidState, "{arn} has key material that is pending rotation."));
    }
    Ok(())
}

impl Input<'_> {
    fn valid_to(&self) -> Option<Timestamp> {
        self.valid_to.map(|at| Timestamp::from_unix_ms(at.unix_ms()))
    }

    fn import_type(&self) -> Option<ImportType> {
        self.import_type.map(OneOf::into_inner)
    }

    /// Refuses parameters that do not go together.
    ///
    /// WIRE: the text is our own. Evidence: docs/WIRE.md, "Imported key material".
    fn require_sound(&self) -> Result<(), OpError> {
        if self.import_type() == Some(ImportType::NewKeyMaterial) && self.key_material_id.is_some()
        {
            return Err(op_error!(
                Validation,
                "KeyMaterialId cannot be specified if the ImportType is NEW_KEY_MATERIAL"
            ));
        }
        Ok(())
    }

    /// When the material expires, if it does: which it does unless the request says otherwise.
    ///
    /// WIRE: some of the texts are our own. Evidence: docs/WIRE.md, "Imported key material".
    fn expires_at(&self, now: Timestamp) -> Result<Option<Timestamp>, OpError> {
        let model =
            self.expiration_model.map_or(ExpirationModel::KeyMaterialExpires, OneOf::into_inner);
        match (model, self.valid_to()) {
            (ExpirationModel::KeyMaterialDoesNotExpire, None) => Ok(None),
            (ExpirationModel::KeyMaterialDoesNotExpire, Some(_)) => Err(op_error!(
                Validation,
                "A validTo date cannot be set if the ExpirationModel is {model}"
            )),
            (ExpirationModel::KeyMaterialExpires, None) => Err(op_error!(
                Validation,
                "A validTo date must be set if the ExpirationModel is {model}"
            )),
            (ExpirationModel::KeyMaterialExpires, Some(at)) if at <= now => {
                Err(op_error!(Validation, "The validTo date must be in the future"))
            }
            (ExpirationModel::KeyMaterialExpires, Some(at))
                if at > now.plus_days(LIFE_DAYS_MAX) =>
            {
                Err(op_error!(
                    Validation,
                    "The validTo date must be at most {LIFE_DAYS_MAX} days in the future"
                ))
            }
            (ExpirationModel::KeyMaterialExpires, Some(at)) => Ok(Some(at)),
        }
    }

    /// Refuses parameters that a key of this kind does not take.
    ///
    /// WIRE: the texts are our own. Evidence: docs/WIRE.md, "Imported key material".
    fn require_supported(&self, key: &Key) -> Result<(), OpError> {
        let sent = [
            ("ImportType", self.import_type.is_some()),
            ("KeyMaterialDescription", self.key_material_description.is_some()),
            ("KeyMaterialId", self.key_material_id.is_some()),
        ];
        for (parameter, _) in sent.into_iter().filter(|(_, is_sent)| *is_sent) {
            require_symmetric(key, parameter)?;
        }
        if key.multi_region_role() != Some(MultiRegionKeyType::Replica) {
            return Ok(());
        }
        let shared = [
            ("ImportType NEW_KEY_MATERIAL", self.import_type() == Some(ImportType::NewKeyMaterial)),
            ("KeyMaterialDescription", self.key_material_description.is_some()),
        ];
        match shared.into_iter().find(|(_, is_sent)| *is_sent) {
            Some((parameter, _)) => Err(op_error!(
                UnsupportedOperation,
                "{parameter} is not supported for {}, which is a multi-Region replica key.",
                key.arn
            )),
            None => Ok(()),
        }
    }

    /// Whether the request brings material that the key has never had: the first, unless it says
    /// otherwise.
    fn is_new(&self, key: &Key) -> bool {
        match self.import_type() {
            Some(import_type) => import_type == ImportType::NewKeyMaterial,
            None => key.versions.is_empty() && self.key_material_id.is_none(),
        }
    }

    /// Refuses material that the request did not promise.
    fn require_expected(
        &self,
        set: &MaterialSet,
        id: &KeyMaterialId,
        is_new: bool,
    ) -> Result<(), OpError> {
        if self.key_material_id.as_ref().is_some_and(|sent| sent.as_str() != id.to_string()) {
            return Err(incorrect_material("does not match the KeyMaterialId"));
        }
        match (is_new, set.has(id)) {
            (true, true) => Err(incorrect_material("is already associated with the KMS key")),
            (false, false) => Err(incorrect_material("is not associated with the KMS key")),
            _ => Ok(()),
        }
    }

    fn import(&self, set: &mut MaterialSet, imported: MaterialRecord, is_new: bool) {
        let id = imported.material_id;
        if is_new {
            set.add(imported);
        } else {
            set.restore(imported);
        }
        if let Some(description) = &self.key_material_description {
            set.describe(&id, description);
        }
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        if let Some(at) = self.valid_to {
            to.display("validTo", java_date(Timestamp::from_unix_ms(at.unix_ms())));
        }
        if let Some(model) = self.expiration_model {
            to.text("expirationModel", model.into_inner().as_str());
        }
        if let Some(import_type) = self.import_type() {
            to.text("importType", import_type.as_str());
        }
        record_text(to, "keyMaterialDescription", self.key_material_description.as_ref());
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

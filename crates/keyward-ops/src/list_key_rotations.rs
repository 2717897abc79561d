//! ListKeyRotations: the versions of a key's material, oldest first.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html>

use keyward_audit::{JsonObject, Recorded};
use keyward_engine::{Cx, Key, Kind, OpError, Operation, Version, op_error};
use keyward_model::{
    ExpirationModel, ImportState, IncludeKeyMaterial, KeyId, KeyMaterialId, KeyMaterialState,
    Origin, RotationType, Timestamp,
};
use keyward_shape::{Int, OneOf, Text};
use serde::{Deserialize, Serialize};

use crate::action;
use crate::constraints::{self, KeyIdType, LimitType, MarkerType};
use crate::paging::{page_limit, record_page};
use crate::rotation::require_rotating;

/// The operation.
pub(crate) enum ListKeyRotations {}

const LIMIT_DEFAULT: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input<'a> {
    #[serde(borrow)]
    key_id: Text<'a, KeyIdType>,
    include_key_material: Option<OneOf<IncludeKeyMaterial, constraints::IncludeKeyMaterial>>,
    limit: Option<Int<LimitType>>,
    #[serde(borrow)]
    marker: Option<Text<'a, MarkerType>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    rotations: Vec<RotationsListEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RotationsListEntry {
    // WIRE: the bare id. Evidence: docs/WIRE.md, "Identifiers in replies".
    key_id: KeyId,
    key_material_id: KeyMaterialId,
    key_material_state: KeyMaterialState,
    #[serde(flatten)]
    imported: Option<Imported>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation_type: Option<RotationType>,
}

/// What only imported material has.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Imported {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_description: Option<String>,
    import_state: ImportState,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_model: Option<ExpirationModel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<Timestamp>,
}

impl Operation for ListKeyRotations {
    const NAME: &'static str = "ListKeyRotations";
    const KIND: Kind = Kind::Read;
    const MODEL: &'static keyward_shape::Operation = &constraints::LIST_KEY_ROTATIONS;
    type Input<'a> = Input<'a>;
    type Output = Output;

    async fn run<'a>(cx: &'a mut Cx, input: Input<'a>) -> Result<Output, OpError> {
        let filter = format!("{}/{}", &*input.key_id, input.included());
        let after = cx.position(Self::NAME, &filter, input.marker.as_deref())?;
        let limit = page_limit(input.limit.map(|limit| limit.value()), LIMIT_DEFAULT)?;
        let target = cx.resolve_key(&input.key_id).await?;
        let key = cx.authorize(target, action::ListKeyRotations).await?;
        require_rotating(&key)?;
        let listed = listed(&key, input.included());
        let rest = behind(&listed, after.as_deref())?;
        let page = cx.page(Self::NAME, &filter, (rest.to_vec(), limit), |it| it.id.to_string())?;
        let truncated = page.next_marker.is_some();
        let entry = |version: &Version| RotationsListEntry::of(&key, version);
        let rotations = page.entries.into_iter().map(entry).collect();
        Ok(Output { rotations, next_marker: page.next_marker, truncated })
    }
}

/// The versions to list: the first, those that replaced each other, and one that waits for it. The
/// order never changes, for only the last can go away.
fn listed(key: &Key, included: IncludeKeyMaterial) -> Vec<&Version> {
    let is_listed = |version: &&Version| {
        included == IncludeKeyMaterial::AllKeyMaterial || version.rotated_at.is_some()
    };
    let mut listed: Vec<_> = key.versions.iter().filter(is_listed).collect();
    // Imported material may have come to this Region in another order.
    listed.sort_by_key(|version| (!version.state.is_permanent(), version.rotated_at));
    listed
}

/// The versions behind the one that a marker names.
fn behind<'l, 'k>(
    listed: &'l [&'k Version],
    after: Option<&str>,
) -> Result<&'l [&'k Version], OpError> {
    let Some(after) = after else { return Ok(listed) };
    let at = listed.iter().position(|version| version.id.to_string() == after);
    let rest = at.and_then(|at| listed.get(at + 1..));
    rest.ok_or_else(|| op_error!(InvalidMarker, "Could not deserialize marker"))
}

impl RotationsListEntry {
    fn of(key: &Key, version: &Version) -> Self {
        let is_imported = key.record.origin == Origin::External;
        Self {
            key_id: key.record.key.key_id,
            key_material_id: version.id,
            key_material_state: version.state,
            imported: is_imported.then(|| Imported::of(version)),
            rotation_date: version.rotated_at,
            rotation_type: version.rotation_type,
        }
    }
}

impl Imported {
    fn of(version: &Version) -> Self {
        let key_material_description = version.description.clone();
        if !version.is_present() {
            return Self {
                key_material_description,
                import_state: ImportState::PendingImport,
                expiration_model: None,
                valid_to: None,
            };
        }
        let expiration_model = match version.expires_at {
            Some(_) => ExpirationModel::KeyMaterialExpires,
            None => ExpirationModel::KeyMaterialDoesNotExpire,
        };
        Self {
            key_material_description,
            import_state: ImportState::Imported,
            expiration_model: Some(expiration_model),
            valid_to: version.expires_at,
        }
    }
}

impl Input<'_> {
    fn included(&self) -> IncludeKeyMaterial {
        let included = self.include_key_material;
        included.map_or(IncludeKeyMaterial::RotationsOnly, OneOf::into_inner)
    }
}

impl Recorded for Input<'_> {
    fn record(&self, to: &mut JsonObject<'_>) {
        to.text("keyId", &self.key_id);
        if let Some(included) = self.include_key_material {
            to.text("includeKeyMaterial", included.as_str());
        }
        record_page(to, self.limit.map(|limit| limit.value()), self.marker.as_ref());
    }
}

impl Recorded for Output {
    fn record(&self, _: &mut JsonObject<'_>) {}
}

#[cfg(test)]
mod tests;

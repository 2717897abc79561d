//! Keys with known ids and known material, put into a development deployment.

use keyward_audit::Fragment;
use keyward_crypto::KeyMaterial;
use keyward_model::{KeyMaterialState, RotationType};
use keyward_store::{
    Change, CommitError, KeyRecord, MaterialRecord, Precondition, ScopedAlias, Write,
};

use super::DevelopmentError;
use crate::operator::OperatorCommand;
use crate::{Engine, OperatorError};

/// A key to load.
pub struct LoadedKey {
    /// The key, as it will be but for its current material.
    pub record: KeyRecord,
    /// Every version of its material, oldest first; the last one is current.
    pub materials: Vec<KeyMaterial>,
    /// Its policy, tags and whatever else belongs to it.
    pub writes: Vec<Write>,
    /// Its aliases, which are among those writes.
    pub aliases: Vec<ScopedAlias>,
}

impl Engine {
    /// Loads keys, all or none of them. None of them may exist.
    pub async fn load_keys(
        &self,
        keys: Vec<LoadedKey>,
        operator: &str,
    ) -> Result<(), DevelopmentError> {
        self.require_development()?;
        self.journal().check().map_err(OperatorError::Journal)?;
        let mut change = Change::default();
        for key in keys {
            self.stage_loaded(key, operator, &mut change)?;
        }
        if change.audit.is_empty() {
            return Ok(());
        }
        let first = change.audit.remove(0);
        match self.commit_recorded(change, first).await {
            Err(CommitError::Conflict(Precondition::AliasAbsent(alias))) => {
                Err(DevelopmentError::AliasExists(alias.name))
            }
            Err(CommitError::Conflict(Precondition::KeyAbsent(key))) => {
                Err(DevelopmentError::KeyExists(key.key_id))
            }
            result => Ok(result.map_err(OperatorError::from)?),
        }
    }

    fn stage_loaded(
        &self,
        key: LoadedKey,
        operator: &str,
        change: &mut Change,
    ) -> Result<(), DevelopmentError> {
        let LoadedKey { mut record, materials, writes, aliases } = key;
        let rows = self.loaded_materials(&record, &materials)?;
        record.current_material = rows.last().map(|row| row.material_id);
        record.rotation.on_demand_count =
            u32::try_from(rows.len().saturating_sub(1)).unwrap_or(u32::MAX);

        let arn = self.key_arn(&record.key);
        let mut request_parameters = Fragment::default();
        request_parameters.add().display("keyId", &arn);
        change.audit.push(self.operator_row(&OperatorCommand {
            name: "LoadKey",
            account: arn.account,
            region: &arn.region,
            operator,
            request_parameters,
        }));
        change.preconditions.push(Precondition::KeyAbsent(record.key.clone()));
        change.preconditions.extend(aliases.into_iter().map(Precondition::AliasAbsent));
        change.writes.push(Write::PutKey(Box::new(record)));
        change.writes.extend(rows.into_iter().map(Write::PutMaterial));
        change.writes.extend(writes);
        Ok(())
    }

    /// The rows of the versions: each but the first came with a rotation, each but the last went
    /// with one.
    fn loaded_materials(
        &self,
        record: &KeyRecord,
        materials: &[KeyMaterial],
    ) -> Result<Vec<MaterialRecord>, DevelopmentError> {
        let mut rows: Vec<MaterialRecord> = Vec::new();
        for material in materials {
            let sealed = self.sealed_material(&record.key, record.spec, material);
            let mut row = sealed.map_err(|_| OperatorError::Module)?;
            if rows.iter().any(|older| older.material_id == row.material_id) {
                return Err(DevelopmentError::SameMaterial(record.key.key_id));
            }
            if let Some(older) = rows.last_mut() {
                older.state = KeyMaterialState::NonCurrent;
                row.rotated_at = Some(row.created_at);
                row.rotation_type = Some(RotationType::OnDemand);
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

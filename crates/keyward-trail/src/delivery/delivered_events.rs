//! Which events are in log files already.

use std::collections::HashSet;

use keyward_model::Timestamp;
use keyward_store::{Scope, TrailFileRecord, TrailFilter};
use serde::Deserialize;
use uuid::Uuid;

use super::{Delivery, DeliveryError, PAGE};
use crate::format::{LOG_FILE_BYTES_MAX, gunzip};
use crate::index::may_hold_event_id;

/// Tells it of one event after the other, and reads each log file once.
pub(super) struct DeliveredEvents<'d> {
    delivery: &'d Delivery,
    /// The files read, and all that is in them.
    files: HashSet<String>,
    ids: HashSet<Uuid>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "Records")]
    records: Vec<Identified>,
}

#[derive(Deserialize)]
struct Identified {
    #[serde(rename = "eventID")]
    event_id: Uuid,
}

impl<'d> DeliveredEvents<'d> {
    pub(super) fn new(delivery: &'d Delivery) -> Self {
        Self { delivery, files: HashSet::new(), ids: HashSet::new() }
    }

    /// Whether a log file has the event of this id and time.
    pub(super) async fn has(
        &mut self,
        scope: &Scope,
        (id, time): (Uuid, Timestamp),
    ) -> Result<bool, DeliveryError> {
        if self.ids.contains(&id) {
            return Ok(true);
        }
        let filter = TrailFilter { attribute: None, from: Some(time), to: Some(time) };
        let mut after = None;
        loop {
            let trail = self.delivery.engine.store().trail();
            let files = trail.matching_files(scope, &filter, after.as_ref(), PAGE).await?;
            let Some(last) = files.last() else { return Ok(false) };
            after = Some(last.place());
            let may_hold = |file: &TrailFileRecord| {
                file.event_ids.as_ref().is_some_and(|ids| may_hold_event_id(ids, &id))
            };
            for file in files.iter().filter(|file| may_hold(file)) {
                if !self.files.insert(file.name.object.clone()) {
                    continue;
                }
                match self.read(file) {
                    Some(ids) => self.ids.extend(ids),
                    // Its row knows that it was delivered, whatever became of it.
                    None => return Ok(true),
                }
                if self.ids.contains(&id) {
                    return Ok(true);
                }
            }
        }
    }

    /// The ids of what a log file holds, if it can be read.
    fn read(&self, file: &TrailFileRecord) -> Option<Vec<Uuid>> {
        let stored = self.delivery.places.read(&file.bucket, &file.name.object)?;
        let content = gunzip(&stored, LOG_FILE_BYTES_MAX).ok()?;
        let content: Content = serde_json::from_slice(&content).ok()?;
        Some(content.records.into_iter().map(|record| record.event_id).collect())
    }
}

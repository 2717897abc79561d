//! Why a past request was allowed or refused.

use anyhow::{Context, Result, bail};
use keyward_audit::find_request;

use super::{Desk, Outcome};

impl Desk {
    /// The records of a request, each with the note that only operators see.
    pub(super) async fn explain(&self, request_id: &str, operator: &str) -> Result<Outcome> {
        let id = request_id.parse().context("a request id is a UUID")?;
        let account = self.first_account().await?;
        self.engine.record_command("ExplainRequest", account, operator).await?;
        let journal = self.dir.journal();
        // A journal can be long.
        let lines = tokio::task::spawn_blocking(move || find_request(&journal, &id)).await??;
        if lines.is_empty() {
            bail!("the journal has no record of the request {request_id}");
        }
        let parse =
            |line: &Vec<u8>| serde_json::from_slice(line).context("a journal line is broken");
        Ok(Outcome::Explained { records: lines.iter().map(parse).collect::<Result<_>>()? })
    }
}

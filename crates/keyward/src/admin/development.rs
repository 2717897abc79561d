//! What an operator may do to a development deployment.

use std::time::Duration;

use anyhow::Result;

use super::{Desk, KeyFile, Outcome};

impl Desk {
    /// Moves the clock and does what is due by then, before the answer: whoever waits for it sees
    /// the effect.
    pub(super) async fn advance_clock(&self, by: Duration, operator: &str) -> Result<Outcome> {
        let account = self.first_account().await?;
        let now = self.engine.advance_clock(by, account, operator).await?;
        // Whoever moves the clock at will has no clock that must be guarded against leaps.
        self.engine.accept_clock(&mut *self.clock_watch.lock().await).await?;
        self.engine.do_due_work(now).await;
        Ok(Outcome::ClockAdvanced { now_unix_s: now.unix_s() })
    }

    /// Loads the keys of a file, all or none of them.
    pub(super) async fn load_keys(&self, file: &KeyFile, operator: &str) -> Result<Outcome> {
        let account = self.first_account().await?;
        let count = keyward_ops::load_keys(&self.engine, &file.0, account, operator).await?;
        Ok(Outcome::KeysLoaded { count })
    }
}

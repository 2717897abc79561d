//! What the server needs of the engine.

use std::future::Future;
use std::sync::Arc;

use keyward_engine::{Call, CredentialLookup, Engine, Entry, OpError, Reply};
use keyward_model::{AccessKeyId, Clock, Partition, Region, Rng};

/// What stands behind the server. There is one, [`Engine`]; tests of the wire put a small one here.
pub trait Backend: Send + Sync + 'static {
    /// The machine's clock: what is agreed with clients follows it, not a clock that was moved.
    fn clock(&self) -> &dyn Clock;

    /// The source of request ids.
    fn rng(&self) -> &dyn Rng;

    /// The Region of this name, if it is served.
    fn region(&self, name: &str) -> Option<&Region>;

    /// The partition of the deployment.
    fn partition(&self) -> Partition;

    /// Looks up an access key, by the session token that came with it if it is a temporary one, for
    /// a caller not yet authenticated.
    fn credential(
        &self,
        id: &AccessKeyId,
        session_token: Option<&str>,
    ) -> impl Future<Output = Result<CredentialLookup, OpError>> + Send;

    /// Runs one authenticated request. What comes back has its audit record. Once begun it is
    /// finished, whether or not somebody waits; until then it keeps `body`.
    fn dispatch(
        self: &Arc<Self>,
        entry: &'static Entry,
        call: Call,
        body: impl AsRef<[u8]> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Reply, OpError>> + Send;

    /// Records a request for which nothing is done because too many others are under way. What
    /// comes back is what to tell.
    fn refuse_busy(
        self: &Arc<Self>,
        entry: &'static Entry,
        call: Call,
    ) -> impl Future<Output = OpError> + Send;
}

impl Backend for Engine {
    fn clock(&self) -> &dyn Clock {
        Engine::machine_clock(self)
    }

    fn rng(&self) -> &dyn Rng {
        Engine::rng(self)
    }

    fn region(&self, name: &str) -> Option<&Region> {
        Engine::region(self, name)
    }

    fn partition(&self) -> Partition {
        Engine::partition(self)
    }

    async fn credential(
        &self,
        id: &AccessKeyId,
        session_token: Option<&str>,
    ) -> Result<CredentialLookup, OpError> {
        Engine::credential(self, id, session_token).await.map_err(OpError::internal)
    }

    async fn dispatch(
        self: &Arc<Self>,
        entry: &'static Entry,
        call: Call,
        body: impl AsRef<[u8]> + Send + Sync + 'static,
    ) -> Result<Reply, OpError> {
        Engine::dispatch(self, entry, call, body).await
    }

    async fn refuse_busy(self: &Arc<Self>, entry: &'static Entry, call: Call) -> OpError {
        Engine::refuse_busy(self, entry, call).await
    }
}

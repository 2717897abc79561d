//! What the log says of requests that were not authenticated.

use std::io;
use std::sync::{Arc, Mutex};

use keyward_server::Server;
use keyward_sigv4::sign::Signer;
use tracing::Level;
use tracing::subscriber::{DefaultGuard, set_default};

use crate::backend::{SERVICES, TestBackend};
use crate::requests::{SIGNER, peer, request};

/// What this thread logs while the guard lives.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn kept_from(level: Level) -> (Self, DefaultGuard) {
        let lines = Self::default();
        let sink = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(level)
            .with_writer(move || sink.clone())
            .finish();
        (lines, set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn ask(times: usize, signer: &Signer<'_>) {
    let server = Server::builder(TestBackend::new(), SERVICES).build();
    for _ in 0..times {
        let status = server.handle(request(signer, "Echo", b"{}"), &peer()).await.status();
        assert_eq!(status, 400);
    }
}

#[tokio::test]
async fn strangers_cannot_fill_the_log() {
    let (lines, _guard) = Lines::kept_from(Level::INFO);
    ask(30, &Signer { access_key_id: "AKIDEXAMPLE00000", ..SIGNER }).await;
    let text = lines.text();
    assert_eq!(text.lines().count(), 10, "{text}");
    assert!(text.contains("reason=\"UnrecognizedClientException\""), "{text}");
}

#[tokio::test]
async fn a_wrong_signature_is_logged_with_what_should_have_been_signed() {
    let (lines, _guard) = Lines::kept_from(Level::DEBUG);
    ask(1, &Signer { secret: b"another", ..SIGNER }).await;
    let text = lines.text();
    assert!(text.contains("20261018/us-east-1/kms/aws4_request"), "{text}");
    assert!(!text.contains("x-amz-target"), "not the canonical request: {text}");
    let (lines, _guard) = Lines::kept_from(Level::INFO);
    ask(1, &Signer { secret: b"another", ..SIGNER }).await;
    assert!(!lines.text().contains("aws4_request"), "only for debugging");
}

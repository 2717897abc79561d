//! Writes a golden database of this release: `write_golden <new file>`.

#![expect(clippy::unwrap_used, reason = "a developer's tool fails by panicking")]

#[path = "../tests/golden/content.rs"]
mod content;

use std::path::PathBuf;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let path = PathBuf::from(std::env::args_os().nth(1).unwrap());
    assert!(!path.exists(), "golden databases are never rewritten");
    content::write(&path).await;
}

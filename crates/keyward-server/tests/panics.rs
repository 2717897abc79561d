//! The panic hook is the process's, so it has a program of its own.
#![expect(clippy::unwrap_used, reason = "this is a test; a failed step fails the test")]

use std::io;
use std::panic::{catch_unwind, take_hook};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_is_logged_with_its_place_and_without_its_words() {
    let lines = Lines::default();
    let sink = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || sink.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        keyward_server::log_panics();
        let panicked = catch_unwind(|| panic!("these words may quote a request"));
        assert!(panicked.is_err());
    });
    drop(take_hook());
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("ERROR"), "{text}");
    assert!(text.contains("tests/panics.rs:"), "{text}");
    assert!(!text.contains("quote"), "{text}");
}

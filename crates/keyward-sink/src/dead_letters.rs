//! The file of what receivers refused for good, for the operator to look at and send again.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use keyward_audit::files::{AppendFile, Files, append_all};
use keyward_audit::iso_date;
use keyward_model::Clock;
use metrics::counter;
use serde::Serialize;
use tracing::error;

/// The file, one letter a line. Clones write to the same one.
#[derive(Clone)]
pub struct DeadLetters {
    files: Arc<dyn Files>,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    /// One letter at a time.
    turn: Arc<Mutex<()>>,
}

/// What was refused and why.
#[derive(Serialize)]
pub(crate) struct DeadLetter<'a, T> {
    /// The sink.
    pub(crate) sink: &'static str,
    /// What the receiver said.
    pub(crate) reason: String,
    /// How often it was asked.
    pub(crate) attempts: u32,
    /// What it was sent.
    pub(crate) event: &'a T,
}

#[derive(Serialize)]
struct Line<'a, T> {
    time: String,
    #[serde(flatten)]
    letter: &'a DeadLetter<'a, T>,
}

impl DeadLetters {
    /// Letters in the file of this path, which is made when the first is written.
    pub fn new(files: Arc<dyn Files>, path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { files, path, clock, turn: Arc::default() }
    }

    /// Puts a letter on the disk.
    pub(crate) async fn put<T: Serialize>(&self, letter: &DeadLetter<'_, T>) -> io::Result<()> {
        let time = iso_date(self.clock.now()).to_string();
        let mut line = serde_json::to_vec(&Line { time, letter })?;
        line.push(b'\n');
        let letters = self.clone();
        let written = tokio::task::spawn_blocking(move || letters.append(&line)).await;
        written.map_err(io::Error::other)??;
        counter!("keyward_audit_sink_dead_letters_total").increment(1);
        let path = self.path.display();
        error!(sink = letter.sink, reason = letter.reason, %path, "a record is a dead letter");
        Ok(())
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut file, length) = self.open()?;
        let is_torn = length > 0 && !self.ends_with_line(length)?;
        let written = if is_torn { append_all(&mut *file, b"\n") } else { Ok(()) };
        let written = written.and_then(|()| append_all(&mut *file, line));
        if let Err(error) = written.and_then(|()| file.sync()) {
            // Half a letter would stand before the next one. If it stays, the next begins anew.
            drop(file.truncate(length));
            return Err(error);
        }
        Ok(())
    }

    fn open(&self) -> io::Result<(Box<dyn AppendFile>, u64)> {
        match self.files.open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        let directory = self.path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        self.files.create_directories(directory)?;
        let file = self.files.create_new(&self.path)?;
        self.files.sync_directory(directory)?;
        Ok((file, 0))
    }

    /// Whether the last letter was written to its end.
    fn ends_with_line(&self, length: u64) -> io::Result<bool> {
        let mut last = [0];
        let read = self.files.open_to_read(&self.path)?.read_at(&mut last, length - 1)?;
        Ok(read == 1 && last == *b"\n")
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use keyward_audit::files::{FileDescription, ReadFile, RealFiles};

    use super::*;
    use crate::follow::tests::TestClock;

    fn letter(reason: &str) -> DeadLetter<'_, u8> {
        DeadLetter { sink: "webhook", reason: reason.to_owned(), attempts: 2, event: &7 }
    }

    #[tokio::test]
    async fn letters_stand_in_a_private_file_one_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit/dead-letters.jsonl");
        let letters =
            DeadLetters::new(Arc::new(RealFiles), path.clone(), Arc::new(TestClock::new()));
        letters.put(&letter("a")).await.unwrap();
        // What a crash left half written.
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + "{\"torn").unwrap();
        letters.put(&letter("b\nc")).await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        let expected = r#"{"time":"2026-03-04T11:02:33Z","sink":"webhook","reason":"b\nc","attempts":2,"event":7}"#;
        assert_eq!(lines[2], expected);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    /// A disk with room for some bytes more, and nothing else that works.
    struct FullDisk(usize);

    struct FullFile(Box<dyn AppendFile>, usize);

    impl Files for FullDisk {
        fn open(&self, path: &Path) -> io::Result<(Box<dyn AppendFile>, u64)> {
            let (file, length) = RealFiles.open(path)?;
            Ok((Box::new(FullFile(file, self.0)), length))
        }

        fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
            RealFiles.open_to_read(path)
        }

        fn create_new(&self, _: &Path) -> io::Result<Box<dyn AppendFile>> {
            unreachable!()
        }

        fn read(&self, _: &Path, _: u64) -> io::Result<Vec<u8>> {
            unreachable!()
        }

        fn list(&self, _: &Path) -> io::Result<Vec<OsString>> {
            unreachable!()
        }

        fn describe(&self, _: &Path) -> io::Result<FileDescription> {
            unreachable!()
        }

        fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
            unreachable!()
        }

        fn remove(&self, _: &Path) -> io::Result<()> {
            unreachable!()
        }

        fn create_directories(&self, _: &Path) -> io::Result<()> {
            unreachable!()
        }

        fn sync_directory(&self, _: &Path) -> io::Result<()> {
            unreachable!()
        }
    }

    impl AppendFile for FullFile {
        fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.1);
            self.1 -= count;
            if count == 0 {
                Err(io::ErrorKind::StorageFull.into())
            } else {
                self.0.append(&bytes[..count])
            }
        }

        fn sync(&mut self) -> io::Result<()> {
            self.0.sync()
        }

        fn truncate(&mut self, length: u64) -> io::Result<()> {
            self.0.truncate(length)
        }

        fn is_at(&self, path: &Path) -> io::Result<bool> {
            self.0.is_at(path)
        }
    }

    #[tokio::test]
    async fn half_a_letter_on_a_full_disk_is_taken_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dead-letters.jsonl");
        let on = |files: Arc<dyn Files>| {
            DeadLetters::new(files, path.clone(), Arc::new(TestClock::new()))
        };
        on(Arc::new(RealFiles)).put(&letter("a")).await.unwrap();
        let before = std::fs::read_to_string(&path).unwrap();
        on(Arc::new(FullDisk(20))).put(&letter("b")).await.unwrap_err();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
        on(Arc::new(RealFiles)).put(&letter("c")).await.unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            before.clone() + &before.replace("\"a\"", "\"c\"")
        );
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let blocked = directory.path().join("file");
        std::fs::write(&blocked, "").unwrap();
        let path = blocked.join("dead-letters.jsonl");
        let letters = DeadLetters::new(Arc::new(RealFiles), path, Arc::new(TestClock::new()));
        letters.put(&letter("a")).await.unwrap_err();
    }
}

//! The file of what receivers refused for good, for the operator to look at and send again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use keyward_audit::files::{AppendFile, Files, append_all};
use keyward_audit::iso_date;
use keyward_model::Clock;
use serde::Serialize;
use tracing::error;

use crate::series;

/// How long a file is, about, before the next one is begun.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// How many files there are beside the one that is written to. What the oldest one holds goes when
/// there would be more.
const OLDER_FILES_MAX: u32 = 3;

/// The file, one letter a line. Clones write to the same one.
///
/// When it is long, `dead-letters.jsonl` becomes `dead-letters.1.jsonl`, that `dead-letters.2.jsonl`
/// and so on.
#[derive(Clone)]
pub struct DeadLetters {
    files: Arc<dyn Files>,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    file_bytes_max: u64,
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
        Self { files, path, clock, file_bytes_max: FILE_BYTES_MAX, turn: Arc::default() }
    }

    /// Puts a letter on the disk.
    pub(crate) async fn put<T: Serialize>(&self, letter: &DeadLetter<'_, T>) -> io::Result<()> {
        let time = iso_date(self.clock.now()).to_string();
        let mut line = serde_json::to_vec(&Line { time, letter })?;
        line.push(b'\n');
        let letters = self.clone();
        let written = tokio::task::spawn_blocking(move || letters.append(&line)).await;
        written.map_err(io::Error::other)??;
        series::dead_letters(letter.sink).increment(1);
        let path = self.path.display();
        error!(sink = letter.sink, reason = letter.reason, %path, "a record is a dead letter");
        Ok(())
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut file, length) = match self.open()? {
            (_, length) if length >= self.file_bytes_max => self.begin_file()?,
            opened => opened,
        };
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

    /// Gives every file the name of an older one, and begins a new one.
    fn begin_file(&self) -> io::Result<(Box<dyn AppendFile>, u64)> {
        let lost = self.count_lines(&self.older(OLDER_FILES_MAX))?;
        for age in (0..OLDER_FILES_MAX).rev() {
            match self.files.rename(&self.older(age), &self.older(age + 1)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                renamed => renamed?,
            }
        }
        if lost > 0 {
            series::dropped_dead_letters().increment(lost);
            error!(lost, "the oldest dead letters were removed: there are too many");
        }
        self.open()
    }

    /// The file of this age; 0 is the one that is written to.
    fn older(&self, age: u32) -> PathBuf {
        if age == 0 { self.path.clone() } else { self.path.with_extension(format!("{age}.jsonl")) }
    }

    /// How many letters a file holds; none if there is no such file.
    fn count_lines(&self, path: &Path) -> io::Result<u64> {
        let file = match self.files.open_to_read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            opened => opened?,
        };
        let (mut lines, mut offset, mut block) = (0, 0, vec![0; 64 << 10]);
        loop {
            let read = file.read_at(&mut block, offset)?;
            let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else {
                return Ok(lines);
            };
            lines += bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
            offset += u64::try_from(read).unwrap_or(u64::MAX);
        }
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

    #[tokio::test]
    async fn letters_without_end_fill_a_few_files_and_the_oldest_go() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dead-letters.jsonl");
        let clock = Arc::new(TestClock::new());
        let letters = DeadLetters {
            file_bytes_max: 200,
            ..DeadLetters::new(Arc::new(RealFiles), path, clock)
        };
        // Two letters are more than 200 bytes.
        for number in 0..11 {
            let line = format!("{number:0>119}\n");
            letters.append(line.as_bytes()).unwrap();
        }
        let mut found: Vec<_> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        let expected = [
            "dead-letters.1.jsonl",
            "dead-letters.2.jsonl",
            "dead-letters.3.jsonl",
            "dead-letters.jsonl",
        ];
        assert_eq!(found, expected);
        let read = |name| std::fs::read_to_string(directory.path().join(name)).unwrap();
        let numbers =
            |name| read(name).lines().map(|line| line.parse::<u32>().unwrap()).collect::<Vec<_>>();
        assert_eq!(expected.map(numbers), [vec![8, 9], vec![6, 7], vec![4, 5], vec![10]]);
        assert_eq!(letters.count_lines(&letters.older(1)).unwrap(), 2);
        assert_eq!(letters.count_lines(&letters.older(9)).unwrap(), 0);
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

        fn length(&self) -> io::Result<u64> {
            self.0.length()
        }

        fn end(&mut self) -> io::Result<u64> {
            self.0.end()
        }

        fn duplicate(&self) -> io::Result<Box<dyn AppendFile>> {
            Ok(Box::new(Self(self.0.duplicate()?, self.1)))
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

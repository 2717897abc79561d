//! What a journal has acknowledged, and what a follower has seen of it, is still there after the
//! process was killed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test fails the test")]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use keyward_audit::{Durability, Journal, JournalOptions, JournalPosition, JournalReader};

/// Set for the process that is killed: the journal's directory.
const CHILD: &str = "KEYWARD_TEST_JOURNAL";
const TASKS: usize = 8;
/// Far above what anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

#[test]
fn no_acknowledged_line_is_lost_when_the_process_is_killed() {
    let name = "no_acknowledged_line_is_lost_when_the_process_is_killed";
    kill_again_and_again(name, Durability::Written, 24);
}

#[test]
fn no_acknowledged_and_synced_line_is_lost_when_the_process_is_killed() {
    let name = "no_acknowledged_and_synced_line_is_lost_when_the_process_is_killed";
    kill_again_and_again(name, Durability::Fsync, 12);
}

fn kill_again_and_again(test: &str, durability: Durability, rounds: usize) {
    if let Some(directory) = std::env::var_os(CHILD) {
        append_until_killed(Path::new(&directory), durability);
    }
    let directory = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    let mut position = JournalPosition { segment: 1, offset: 0 };
    let mut all_seen = Vec::new();
    for round in 0..rounds {
        // Some die at once, some after thousands of lines and several segments.
        said.listen(test, directory.path(), round, 1 + round * 97);
        let (journal, _) = Journal::open(directory.path(), options(durability)).unwrap();
        let mut follower = journal.follow(position);
        loop {
            let lines = follower.read(10_000).unwrap();
            if lines.is_empty() {
                break;
            }
            all_seen.extend(lines.iter().map(|line| String::from_utf8(line.to_vec()).unwrap()));
        }
        position = follower.position();
        assert_eq!(position, journal.end());
    }
    let read = JournalReader::open(directory.path()).unwrap();
    let read: Vec<_> = read.map(|line| String::from_utf8(line.unwrap()).unwrap()).collect();
    assert_eq!(read, all_seen, "who went on where it stood has read each line once");
    let mut times = HashMap::new();
    for line in &read {
        assert!(line.starts_with("line ") && line.ends_with(" end"), "{line:?} is torn");
        *times.entry(line.as_str()).or_insert(0) += 1;
    }
    assert!(said.acknowledged.len() > rounds * rounds && !said.seen.is_empty());
    for line in said.acknowledged.iter().chain(&said.seen) {
        assert_eq!(times.get(line.as_str()), Some(&1), "{line:?}");
    }
}

fn options(durability: Durability) -> JournalOptions {
    JournalOptions { durability, segment_bytes_max: 100_000, ..JournalOptions::default() }
}

/// What the processes said before they were killed.
#[derive(Default)]
struct Said {
    acknowledged: Vec<String>,
    /// What the follower of the process itself had read.
    seen: Vec<String>,
}

impl Said {
    /// Runs the test again as a process that appends, and kills it after it has acknowledged so many
    /// lines.
    fn listen(&mut self, test: &str, directory: &Path, round: usize, enough: usize) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(CHILD, directory)
            .env("KEYWARD_TEST_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let before = self.acknowledged.len();
        loop {
            let words = match lines.recv_timeout(DEADLINE) {
                Ok(words) => words,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    child.kill().unwrap();
                    panic!("the process says nothing any more");
                }
            };
            // The last word of a killed process may be half; the test runner has words of its own.
            if let Some(line) = words.strip_suffix('\n') {
                if let Some(line) = line.strip_prefix("seen ") {
                    self.seen.push(line.to_owned());
                } else if line.starts_with("line ") {
                    self.acknowledged.push(line.to_owned());
                }
            }
            if self.acknowledged.len() == before + enough {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(self.acknowledged.len() >= before + enough);
    }
}

/// What a process says, with the ends of lines. A thread reads it, so that one can stop waiting.
fn lines_of(output: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut words = String::new();
        while output.read_line(&mut words).unwrap() > 0 {
            if sender.send(std::mem::take(&mut words)).is_err() {
                break;
            }
        }
    });
    lines
}

/// Appends, and says each line once it is acknowledged, until the process is killed. A follower says
/// what it sees.
fn append_until_killed(directory: &Path, durability: Durability) -> ! {
    let round = std::env::var("KEYWARD_TEST_ROUND").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let journal = Arc::new(Journal::open(directory, options(durability)).unwrap().0);
        for task in 0..TASKS {
            let (journal, round) = (Arc::clone(&journal), round.clone());
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let line = format!("line {round} {task} {number} {number:0>200} end");
                    journal.append(line.as_bytes()).await.unwrap();
                    if !say(&[&line, "\n"]) {
                        break;
                    }
                }
            });
        }
        let mut follower = journal.follow(journal.end());
        loop {
            follower.changed().await;
            for line in follower.read(20_000).unwrap().iter() {
                say(&["seen ", std::str::from_utf8(line).unwrap(), "\n"]);
            }
        }
    })
}

/// One line; `false` once nobody listens.
fn say(words: &[&str]) -> bool {
    std::io::stdout().lock().write_all(words.concat().as_bytes()).is_ok()
}

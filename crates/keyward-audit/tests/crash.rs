//! What a journal has acknowledged is still there after the process was killed.
#![expect(clippy::unwrap_used, reason = "a failed step of a test fails the test")]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use keyward_audit::{Durability, Journal, JournalOptions, JournalReader};

/// Set for the process that is killed: the journal's directory.
const CHILD: &str = "KEYWARD_TEST_JOURNAL";
const ROUNDS: usize = 24;
const TASKS: usize = 8;

#[test]
fn no_acknowledged_line_is_lost_when_the_process_is_killed() {
    if let Some(directory) = std::env::var_os(CHILD) {
        append_until_killed(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        // Some die at once, some after thousands of lines and several segments.
        acknowledged.extend(acknowledged_before_a_kill(directory.path(), round, 1 + round * 97));
        Journal::open(directory.path(), options()).unwrap();
    }
    let mut seen = HashMap::new();
    for line in JournalReader::open(directory.path()).unwrap() {
        let line = String::from_utf8(line.unwrap()).unwrap();
        assert!(line.starts_with("line ") && line.ends_with(" end"), "{line:?} is torn");
        *seen.entry(line).or_insert(0) += 1;
    }
    assert!(acknowledged.len() > ROUNDS * ROUNDS);
    for line in &acknowledged {
        assert_eq!(seen.get(line), Some(&1), "{line:?}");
    }
}

fn options() -> JournalOptions {
    let durability = Durability::Written;
    JournalOptions { durability, segment_bytes_max: 100_000, ..JournalOptions::default() }
}

/// Runs this test again as a process that appends, kills it after it has acknowledged so many
/// lines, and returns all that it acknowledged until it died.
fn acknowledged_before_a_kill(directory: &Path, round: usize, enough: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "no_acknowledged_line_is_lost_when_the_process_is_killed", "--nocapture"])
        .env(CHILD, directory)
        .env("KEYWARD_TEST_ROUND", round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut acknowledged = Vec::new();
    let mut text = String::new();
    while output.read_line(&mut text).unwrap() > 0 {
        // The last word of a killed process may be half; the test runner has words of its own.
        if let Some(line) = text.strip_suffix('\n').filter(|line| line.starts_with("line ")) {
            acknowledged.push(line.to_owned());
        }
        text.clear();
        if acknowledged.len() == enough {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= enough);
    acknowledged
}

/// Appends, and says each line once it is acknowledged, until the process is killed.
fn append_until_killed(directory: &Path) -> ! {
    let round = std::env::var("KEYWARD_TEST_ROUND").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let journal = Arc::new(Journal::open(directory, options()).unwrap().0);
        for task in 0..TASKS {
            let (journal, round) = (Arc::clone(&journal), round.clone());
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let line = format!("line {round} {task} {number} {number:0>200} end");
                    journal.append(line.as_bytes()).await.unwrap();
                    let said = writeln!(std::io::stdout(), "{line}");
                    if said.is_err() {
                        break;
                    }
                }
            });
        }
        std::future::pending().await
    })
}

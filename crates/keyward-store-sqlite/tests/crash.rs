//! The process is killed while it commits, again and again. What it acknowledged is there, and
//! nothing is there by half. (A kill leaves the operating system's cache intact; that every commit
//! waits for the disk is SQLite's `synchronous=FULL`. What a power failure adds, a log that ends in
//! the middle of a write, is tested by cutting one.)

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use keyward_store::conformance::NumberedKeys;
use keyward_store::conformance::samples::{all, audit_row, key, put_key, tag_record};
use keyward_store::{Change, Store, Write};
use keyward_store_sqlite::{Database, SqliteStore};
use rusqlite::Connection;

const ROUNDS: u32 = 25;
const DATABASE: &str = "KEYWARD_TEST_DATABASE";
const FIRST: &str = "KEYWARD_TEST_FIRST";
/// Far above what anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

#[test]
fn every_acknowledged_change_survives_a_kill() {
    if let Some(path) = std::env::var_os(DATABASE) {
        let first = std::env::var(FIRST).unwrap().parse().unwrap();
        commit_for_ever(Path::new(&path), first);
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyward.db");
    let mut acknowledged = BTreeSet::new();
    let mut dice = 0x9e37_79b9_u32;
    for round in 0..ROUNDS {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let patience = usize::try_from(dice >> 16).unwrap() % 150 + 1;
        let before = acknowledged.len();
        acknowledged.extend(run_until_killed(&path, round * 100_000, patience));
        assert!(acknowledged.len() >= before + patience, "round {round}");
        require_whole(&path, &acknowledged);
    }
}

#[test]
fn a_log_cut_short_anywhere_holds_the_changes_before_the_cut() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyward.db");
    drop(open(&path));
    let store = open(&path);
    for n in 0..40 {
        runtime.block_on(store.commit(numbered(n))).unwrap();
    }
    // Copied while it is open: closing would empty the log.
    let (database, log) = (fs::read(&path).unwrap(), fs::read(log_of(&path)).unwrap());
    let mut lengths = BTreeSet::new();
    for end in (0..60).map(|step| log.len() * step / 59) {
        let copy = tempfile::tempdir().unwrap();
        let path = copy.path().join("keyward.db");
        fs::write(&path, &database).unwrap();
        fs::write(log_of(&path), log.get(..end).unwrap()).unwrap();
        let found = require_whole(&path, &BTreeSet::new());
        assert_eq!(found, (0..u32::try_from(found.len()).unwrap()).collect(), "cut at {end}");
        lengths.insert(found.len());
    }
    assert!(lengths.len() > 30, "the cuts fell on few changes: {lengths:?}");
    assert_eq!((lengths.first(), lengths.last()), (Some(&0), Some(&40)));
}

/// The child: eight callers commit numbered changes and say so once each is durable.
fn commit_for_ever(path: &Path, first: u32) -> ! {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = open(path);
    let next = AtomicU32::new(first);
    runtime.block_on(all((0..8).map(|_| call_for_ever(&store, &next))));
    panic!("the callers stopped");
}

async fn call_for_ever(store: &SqliteStore, next: &AtomicU32) {
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        store.commit(numbered(n)).await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "acknowledged {n}").unwrap();
        out.flush().unwrap();
    }
}

/// A key, two tags and an audit record, all bearing the number.
fn numbered(n: u32) -> Change {
    let tag = |name| Write::PutTag(tag_record(&key(n), name, &n.to_string()));
    Change {
        writes: vec![put_key(&key(n)), tag("a"), tag("b")],
        audit: vec![audit_row(n)],
        ..Change::default()
    }
}

/// Starts the child, kills it after so many acknowledgements, and answers all it made.
fn run_until_killed(path: &Path, first: u32, patience: usize) -> Vec<u32> {
    let mut child = spawn(path, first);
    let (sender, lines) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    // A thread reads, so that one can stop waiting.
    std::thread::spawn(move || {
        output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let mut acknowledged = Vec::new();
    let mut note = |line: &str| {
        // The test harness may have begun the line.
        let number: Option<u32> =
            line.split_once("acknowledged ").map(|(_, number)| number.parse().unwrap());
        acknowledged.extend(number);
        acknowledged.len()
    };
    while let Ok(line) = lines.recv_timeout(DEADLINE)
        && note(&line) < patience
    {}
    child.kill().unwrap();
    for line in lines {
        note(&line);
    }
    child.wait().unwrap();
    acknowledged
}

fn spawn(path: &Path, first: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "every_acknowledged_change_survives_a_kill", "--nocapture"])
        .env(DATABASE, path)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn log_of(path: &Path) -> PathBuf {
    path.with_extension("db-wal")
}

/// Every acknowledged change is there; every change that is there is whole; numbers are dense.
/// Answers the changes found.
fn require_whole(path: &Path, acknowledged: &BTreeSet<u32>) -> BTreeSet<u32> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = open(path);
    let rows = runtime.block_on(store.outbox().pending(u32::MAX)).unwrap();
    let found: BTreeSet<u32> =
        rows.iter().map(|row| row.event_id.as_u128().try_into().unwrap()).collect();
    assert!(found.is_superset(acknowledged), "lost: {:?}", acknowledged - &found);
    for n in &found {
        assert!(runtime.block_on(store.keys().find(&key(*n))).unwrap().is_some(), "{n}");
    }
    drop(store);
    let raw = Connection::open(path).unwrap();
    let sound: String = raw.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let rows = |sql: &str| raw.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    let count = u32::try_from(found.len()).unwrap();
    assert_eq!(rows("SELECT count(*) FROM keys"), count);
    assert_eq!(rows("SELECT count(*) FROM tags"), 2 * count);
    require_dense(&raw);
    found
}

/// No row was ever replaced, so the rows hold every number taken.
fn require_dense(raw: &Connection) {
    let mut statement = raw
        .prepare(
            "SELECT change_shard, change_number FROM keys UNION ALL
             SELECT change_shard, change_number FROM tags ORDER BY 1, 2",
        )
        .unwrap();
    let mut taken: BTreeMap<u8, Vec<i64>> = BTreeMap::new();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        taken.entry(row.get(0).unwrap()).or_default().push(row.get(1).unwrap());
    }
    for shard in 0..64 {
        let counter: i64 = raw
            .query_row("SELECT number FROM change_counters WHERE shard = ?1", [shard], |row| {
                row.get(0)
            })
            .unwrap();
        let numbers = taken.remove(&shard).unwrap_or_default();
        assert_eq!(numbers, (1..=counter).collect::<Vec<_>>(), "shard {shard}");
    }
}

fn open(path: &Path) -> SqliteStore {
    Database::open(path).unwrap().into_store(Arc::new(NumberedKeys::new(1))).unwrap()
}

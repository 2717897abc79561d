//! The audit record of every operation of CloudTrail, whole, against golden records and a table of
//! what they may show.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use keyward_cloudtrail::OPERATIONS;
use keyward_testkit::{Proven, RecordTable, play_all};

/// There is one trail, and it cannot be changed.
const NEVER_SUCCEED: [&str; 6] = [
    "CreateTrail",
    "DeleteTrail",
    "PutEventSelectors",
    "StartLogging",
    "StopLogging",
    "UpdateTrail",
];

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/records")
}

async fn proven() -> Proven {
    let proven = play_all(&vectors().join("cloudtrail")).await;
    assert!(proven.problems.is_empty(), "{}", proven.problems.join("\n"));
    proven
}

#[tokio::test]
async fn every_operation_has_golden_records_and_leaves_them() {
    let proven = proven().await;
    let names = |wanted: fn(&str) -> bool| -> BTreeSet<String> {
        let names = OPERATIONS.iter().map(|entry| entry.name);
        names.filter(|name| wanted(name)).map(str::to_owned).collect()
    };
    assert_eq!(proven.denied, names(|_| true));
    assert_eq!(proven.done, names(|name| !NEVER_SUCCEED.contains(&name)));
}

#[tokio::test]
async fn records_show_what_the_table_lets_them_and_the_goldens_show_all_of_it() {
    let table = RecordTable::read(&vectors().join("cloudtrail.txt"));
    let mut problems = table.problems_with_model(OPERATIONS, &[], &[]);
    problems.extend(table.problems(&proven().await.records, &NEVER_SUCCEED));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

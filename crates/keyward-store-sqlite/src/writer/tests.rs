use keyward_store::conformance::NumberedKeys;
use tokio::sync::oneshot::Receiver;

use super::*;
use crate::fault::Fault;

type Answer = Receiver<Result<(), StoreError>>;

/// A table whose rows must point to row 1 of another by the time of the commit.
fn connection() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE parents (id INTEGER PRIMARY KEY);
             CREATE TABLE children (
                 id     INTEGER PRIMARY KEY,
                 parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED
             );",
        )
        .unwrap();
    connection
}

fn waiting(sql: &'static str) -> (Box<dyn Work>, Answer) {
    let (caller, answer) = oneshot::channel();
    let work = move |it: &Sql<'_>| -> Result<(), StoreError> {
        it.connection().execute_batch(sql).map_err(|error| Fault::from(error).into())
    };
    (Box::new(Waiting { work: Some(work), verdict: None, caller }), answer)
}

/// Runs the statements as one batch; whether each was acknowledged.
fn run(connection: &mut Connection, statements: &[&'static str]) -> Vec<bool> {
    let (mut batch, answers): (Vec<_>, Vec<_>) = statements.iter().map(|sql| waiting(sql)).unzip();
    let fate = commit(connection, &NumberedKeys::new(1), &mut batch);
    for work in batch {
        work.answer(fate.clone());
    }
    answers.into_iter().map(|mut answer| answer.try_recv().unwrap().is_ok()).collect()
}

fn children(connection: &Connection) -> Vec<i64> {
    let mut statement = connection.prepare("SELECT id FROM children ORDER BY id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_failed_member_takes_back_its_own_writes_only() {
    let mut connection = connection();
    let acknowledged = run(
        &mut connection,
        &[
            "INSERT INTO children (id) VALUES (1)",
            "INSERT INTO children (id) VALUES (2); INSERT INTO children (id) VALUES (1)",
            "INSERT INTO children (id) VALUES (3)",
        ],
    );
    assert_eq!(acknowledged, [true, false, true]);
    assert_eq!(children(&connection), [1, 3]);
}

#[test]
fn a_failed_commit_fails_every_member() {
    let mut connection = connection();
    let acknowledged = run(
        &mut connection,
        &[
            "INSERT INTO children (id) VALUES (1)",
            "INSERT INTO children (id, parent) VALUES (2, 1)",
            "INSERT INTO children (id) VALUES (3)",
        ],
    );
    assert_eq!(acknowledged, [false; 3]);
    assert_eq!(children(&connection), Vec::<i64>::new());
    assert_eq!(run(&mut connection, &["INSERT INTO children (id) VALUES (4)"]), [true]);
    assert_eq!(children(&connection), [4]);
}

/// As SQLite does by itself when, say, the disk is full.
#[test]
fn a_transaction_rolled_back_under_its_members_fails_them_all() {
    let mut connection = connection();
    let acknowledged = run(
        &mut connection,
        &[
            "INSERT INTO children (id) VALUES (1)",
            "ROLLBACK",
            "INSERT INTO children (id) VALUES (3)",
        ],
    );
    assert_eq!(acknowledged, [false; 3]);
    assert_eq!(children(&connection), Vec::<i64>::new());
    assert_eq!(run(&mut connection, &["INSERT INTO children (id) VALUES (4)"]), [true]);
}

#[test]
fn a_full_disk_fails_what_does_not_fit_and_nothing_after_it() {
    let mut connection = connection();
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    connection.pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(())).unwrap();
    let too_much = "WITH RECURSIVE n (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n LIMIT 9999)
                    INSERT INTO children (id) SELECT n FROM n";
    let acknowledged = run(&mut connection, &["INSERT INTO children (id) VALUES (1)", too_much]);
    assert_eq!(acknowledged.last(), Some(&false));
    assert_eq!(children(&connection), if acknowledged == [true, false] { vec![1] } else { vec![] });
    assert_eq!(run(&mut connection, &["INSERT INTO children (id) VALUES (2)"]), [true]);
}

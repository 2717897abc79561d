//! One durable change alone, fifty that share a commit, and reads and changes of big tables.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keyward_store::conformance::NumberedKeys;
use keyward_store::conformance::samples::{
    all, audit_row, grant_id, grant_record, key, put_key, scope, time, user,
};
use keyward_store::{
    AuditRow, Change, GrantFilter, GrantPrincipal, GrantRecord, Precondition, Store, Write,
};
use keyward_store_sqlite::{Database, SqliteStore};
use tokio::runtime::Runtime;

fn open(directory: &tempfile::TempDir) -> SqliteStore {
    let database = Database::open(&directory.path().join("keyward.db")).unwrap();
    database.into_store(Arc::new(NumberedKeys::new(1))).unwrap()
}

async fn change(store: &SqliteStore, n: u32, event: &mut u32) {
    *event += 1;
    let audit = vec![AuditRow { line: vec![b'x'; 1_000], ..audit_row(*event) }];
    let writes = vec![put_key(&key(n))];
    store.commit(Change { writes, audit, ..Change::default() }).await.unwrap();
}

fn commit(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = open(&directory);
    let mut event = 0;
    c.bench_function("one change", |b| {
        b.iter(|| runtime.block_on(change(&store, 1, &mut event)));
    });
    let mut group = c.benchmark_group("fifty callers");
    group.throughput(Throughput::Elements(50));
    group.bench_function("one change each", |b| {
        b.iter(|| {
            event += 100;
            let mut events: Vec<u32> = (event..event + 50).collect();
            let changes = events.iter_mut().zip(0..).map(|(event, n)| change(&store, n, event));
            runtime.block_on(all(changes))
        });
    });
    group.finish();
}

fn read(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = open(&directory);
    for n in 0..100 {
        let writes = (n * 1_000..(n + 1) * 1_000).map(|n| put_key(&key(n))).collect();
        runtime.block_on(store.commit(Change { writes, ..Change::default() })).unwrap();
    }
    c.bench_function("find one of 100,000 keys", |b| {
        b.iter(|| runtime.block_on(store.keys().find(black_box(&key(77_777)))).unwrap());
    });
    c.bench_function("list 100 of 100,000 keys", |b| {
        b.iter(|| runtime.block_on(store.keys().list(&scope(), None, 100)).unwrap());
    });
    c.bench_function("what is due among 100,000 keys", |b| {
        b.iter(|| runtime.block_on(store.keys().due_for_rotation(time(0), 100)).unwrap());
    });
    c.bench_function("one change that counts 100,000 keys", |b| {
        b.iter(|| {
            let preconditions = vec![Precondition::KeysBelow(scope(), 1_000_000)];
            let writes = vec![put_key(&key(1))];
            let change = Change { preconditions, writes, ..Change::default() };
            runtime.block_on(store.commit(change)).unwrap()
        });
    });
}

const GRANTS: u32 = 50_000;

/// A grant like no other: grantee, name and id are its own. Every one is retired by the same.
fn grant(n: u32) -> GrantRecord {
    GrantRecord { grantee_principal: Some(user(&n.to_string())), ..grant_record(&key(1), n) }
}

fn put_grants(runtime: &Runtime, store: &SqliteStore) {
    let change = |writes| store.commit(Change { writes, ..Change::default() });
    runtime.block_on(change(vec![put_key(&key(1))])).unwrap();
    for n in 0..GRANTS / 1_000 {
        let grants = n * 1_000..(n + 1) * 1_000;
        let writes = grants.map(|n| Write::PutGrant(Box::new(grant(n)))).collect();
        runtime.block_on(change(writes)).unwrap();
    }
}

fn grants(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = open(&directory);
    put_grants(&runtime, &store);
    let mut next = GRANTS;
    c.bench_function("one grant beside 50,000", |b| {
        b.iter(|| {
            next += 1;
            let record = Box::new(grant(next));
            let preconditions = vec![
                Precondition::GrantsBelow(key(1), u32::MAX),
                Precondition::GrantAbsent(key(1), record.fingerprint.unwrap()),
            ];
            let writes = vec![Write::PutGrant(record)];
            let change = Change { preconditions, writes, ..Change::default() };
            runtime.block_on(store.commit(change)).unwrap()
        });
    });
    let grants = store.grants();
    c.bench_function("find one of 50,000 grants", |b| {
        b.iter(|| runtime.block_on(grants.find(&key(1), &grant_id(33_333))).unwrap());
    });
    c.bench_function("find the grants of one of 50,000 grantees", |b| {
        let alice = user("33333");
        let grantee = GrantPrincipal::Principal(&alice);
        b.iter(|| runtime.block_on(grants.of_grantees(&key(1), &[grantee])).unwrap());
    });
    let after = grant_id(33_333);
    c.bench_function("list 100 of 50,000 grants", |b| {
        let all = GrantFilter::default();
        b.iter(|| runtime.block_on(grants.list(&key(1), &all, Some(&after), 100)).unwrap());
    });
    c.bench_function("list 100 of 50,000 retirable grants", |b| {
        let (bob, region) = (user("bob"), scope().region);
        let retiring = GrantPrincipal::Principal(&bob);
        let list = || grants.list_retirable(&region, retiring, Some(&after), 100);
        b.iter(|| runtime.block_on(list()).unwrap());
    });
}

criterion_group!(benches, commit, read, grants);
criterion_main!(benches);

//! One durable change alone, fifty that share a commit, and a point read.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keyward_store::conformance::NumberedKeys;
use keyward_store::conformance::samples::{all, audit_row, key, put_key, scope};
use keyward_store::{AuditRow, Change, Precondition, Store};
use keyward_store_sqlite::{Database, SqliteStore};

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
    c.bench_function("one change that counts 100,000 keys", |b| {
        b.iter(|| {
            let preconditions = vec![Precondition::KeysBelow(scope(), 1_000_000)];
            let writes = vec![put_key(&key(1))];
            let change = Change { preconditions, writes, ..Change::default() };
            runtime.block_on(store.commit(change)).unwrap()
        });
    });
}

criterion_group!(benches, commit, read);
criterion_main!(benches);

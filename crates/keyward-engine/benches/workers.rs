//! What it costs to have something computed elsewhere: an empty job there and back, alone and among
//! others. A lane is worth it for computations that take many times as long.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to say")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keyward_engine::{Lane, Workers};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const CALLERS: u64 = 16;
const CALLS: u64 = 64;

fn handing_over(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let workers = Workers::start(2).unwrap();
    c.bench_function("workers/alone", |b| {
        b.iter(|| runtime.block_on(workers.run(Lane::PrivateKey, || black_box(7))));
    });
    let mut group = c.benchmark_group("workers");
    group.throughput(Throughput::Elements(CALLERS * CALLS));
    group.bench_function("16 callers, 64 calls each", |b| {
        b.iter(|| {
            runtime.block_on(async {
                let mut callers = JoinSet::new();
                for _ in 0..CALLERS {
                    let workers = workers.clone();
                    callers.spawn(async move {
                        for _ in 0..CALLS {
                            workers.run(Lane::PrivateKey, || black_box(7)).await.unwrap();
                        }
                    });
                }
                callers.join_all().await
            })
        });
    });
}

criterion_group!(workers, handing_over);
criterion_main!(workers);

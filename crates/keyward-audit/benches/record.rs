//! What one record costs: building it and appending it.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up ends")]

use std::hint::black_box;

use criterion::Criterion;
use keyward_audit::{
    ApiCall, Client, Delivery, Fragment, Journal, JournalOptions, JsonObject, KMS_EVENT_SOURCE,
    Outcome, Recorded, Resource, TlsDetails,
};
use keyward_model::{Caller, KeyArn, KeyMaterialId, Partition, Region, Timestamp};

struct Encrypt {
    context: Vec<(String, String)>,
    key_id: String,
}

impl Recorded for Encrypt {
    fn record(&self, to: &mut JsonObject<'_>) {
        let pairs = self.context.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        to.text_map("encryptionContext", pairs);
        to.text("keyId", &self.key_id);
        to.text("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
    }
}

struct Request {
    caller: Caller,
    region: Region,
    key: KeyArn,
    input: Encrypt,
    material: KeyMaterialId,
}

fn request() -> Request {
    let account = "111122223333".parse().unwrap();
    let region: Region = "us-west-2".parse().unwrap();
    let key_id = "0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60".parse().unwrap();
    Request {
        caller: Caller::root(Partition::Aws, account, "AKIAKW7PLMQ3EXAMPLE1".parse().unwrap()),
        key: KeyArn { partition: Partition::Aws, region: region.clone(), account, key_id },
        region,
        input: Encrypt {
            context: vec![("Tenant".into(), "blue".into()), ("purpose".into(), "backup".into())],
            key_id: "alias/backups".into(),
        },
        material: KeyMaterialId::new([0x3f; 32]),
    }
}

/// All that the record of an Encrypt costs, from the shape to the line.
fn write_record(request: &Request, to: &mut Vec<u8>) {
    let Request { caller, region, key, input, material } = request;
    let mut additional_event_data = Fragment::default();
    additional_event_data.add().display("keyMaterialId", material);
    let call = ApiCall {
        caller,
        client: Client {
            source_ip: [198, 51, 100, 24].into(),
            user_agent: Some(
                "aws-cli/2.30.1 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 lang/python#3.13.7",
            ),
            tls: Some(TlsDetails {
                version: "TLSv1.3",
                cipher_suite: "TLS_AES_256_GCM_SHA384",
                host_header: Some("kms.us-west-2.amazonaws.com"),
                key_exchange: Some("X25519MLKEM768"),
            }),
        },
        invoked_by: None,
        request_id: uuid::Uuid::from_u128(7),
        time: Timestamp::from_unix_ms(1_772_619_302_000),
        event_source: KMS_EVENT_SOURCE,
        event_name: "Encrypt",
        region,
        is_read_only: true,
        request_parameters: &Fragment::of(input),
        outcome: Outcome::Success(Fragment::EMPTY),
        additional_event_data: &additional_event_data,
        resources: Some(&[Resource::Key(key.clone())]),
    };
    let delivery = Delivery {
        event_id: uuid::Uuid::from_u128(8),
        recipient: caller.account,
        shared_event_id: None,
    };
    call.write(&delivery, to);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let request = request();
    let mut line = Vec::new();
    criterion.bench_function("record/encrypt", |bencher| {
        bencher.iter(|| {
            line.clear();
            write_record(black_box(&request), &mut line);
        });
    });

    line.clear();
    write_record(&request, &mut line);
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (journal, _) = Journal::open(directory.path(), JournalOptions::default()).unwrap();
    criterion.bench_function("journal/append_written", |bencher| {
        bencher.iter(|| runtime.block_on(journal.append(black_box(&line))).unwrap());
    });
    criterion.final_summary();
}

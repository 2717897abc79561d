use std::path::PathBuf;

use keyward_audit::files::RealFiles;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::follow::tests::TestClock;
use crate::patience::PUT_ASIDE_MAX;
use crate::receiver::{Receiver, Request};
use crate::record::tests::record;

const TAKEN: &str = "200 OK\r\nContent-Length: 2\r\n\r\n{}";
const NEVER: &str = "400 x\r\nContent-Length: 0\r\n\r\n";

struct Collector {
    otlp: Otlp,
    letters: PathBuf,
    _directory: TempDir,
}

fn collector(receiver: &Receiver) -> Collector {
    let directory = tempfile::tempdir().unwrap();
    let letters = directory.path().join("dead-letters.jsonl");
    let clock = Arc::new(TestClock::new());
    let mut headers = HeaderMap::new();
    headers.insert("api-key", HeaderValue::from_static("secret"));
    let otlp = Otlp::new(OtlpSettings {
        poster: receiver.poster(),
        headers,
        version: "0.1.0",
        attempts_max: None,
        dead_letters: DeadLetters::new(Arc::new(RealFiles), letters.clone(), clock.clone()),
        clock,
    });
    Collector { otlp, letters, _directory: directory }
}

fn records(count: usize) -> Vec<Record> {
    (0..count).map(|id| record(&format!(r#"{{"eventID":"{id}"}}"#))).collect()
}

fn ids(request: &Request) -> Vec<usize> {
    let request: Value = serde_json::from_str(&request.body).unwrap();
    let logs = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap();
    let id = |log: &Value| log["attributes"][0]["value"]["stringValue"].as_str().unwrap().parse();
    logs.iter().map(|log| id(log).unwrap()).collect()
}

#[tokio::test]
async fn a_batch_is_one_post_with_the_operators_headers() {
    let mut receiver = Receiver::start(&[TAKEN]).await;
    let mut collector = collector(&receiver);
    let records = records(RECORDS_MAX + 1);
    assert_eq!(collector.otlp.send(&records).await.taken, RECORDS_MAX);
    assert_eq!(collector.otlp.send(&records[RECORDS_MAX..]).await.taken, 1);
    let request = receiver.request().await;
    assert_eq!(request.header("api-key"), Some("secret"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(ids(&request), (0..RECORDS_MAX).collect::<Vec<_>>());
    assert_eq!(ids(&receiver.request().await), [RECORDS_MAX]);
}

#[tokio::test]
async fn what_is_refused_for_now_is_given_again_and_the_receiver_says_when() {
    for (answer, retry_after_s) in [
        ("429 x\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", Some(3)),
        ("502 x\r\nContent-Length: 0\r\n\r\n", None),
        ("503 x\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", Some(7)),
        ("504 x\r\nContent-Length: 0\r\n\r\n", None),
        ("401 x\r\nContent-Length: 0\r\n\r\n", None),
        ("307 x\r\nContent-Length: 0\r\n\r\n", None),
    ] {
        let answers: &'static [&'static str] = Box::leak(Box::new([answer, TAKEN]));
        let receiver = Receiver::start(answers).await;
        let mut collector = collector(&receiver);
        let sent = collector.otlp.send(&records(3)).await;
        let retry_after = sent.failure.unwrap().retry_after;
        assert_eq!(
            (sent.taken, retry_after.map(|it| it.as_secs())),
            (0, retry_after_s),
            "{answer}"
        );
        assert_eq!(collector.otlp.send(&records(3)).await.taken, 3);
        assert!(!collector.letters.exists());
    }
}

#[tokio::test]
async fn of_a_batch_that_is_refused_only_the_record_at_fault_is_put_aside() {
    // Four, two, one refused; then one taken, and two.
    let mut receiver = Receiver::start(&[NEVER, NEVER, NEVER, TAKEN, TAKEN]).await;
    let mut collector = collector(&receiver);
    let records = records(4);
    let sent = collector.otlp.send(&records).await;
    assert_eq!((sent.taken, sent.put_aside, sent.failure.is_none()), (1, 1, true));
    assert_eq!(collector.otlp.send(&records[1..]).await.taken, 1);
    assert_eq!(collector.otlp.send(&records[2..]).await.taken, 2);
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(ids(&receiver.request().await));
    }
    assert_eq!(seen, [vec![0, 1, 2, 3], vec![0, 1], vec![0], vec![1], vec![2, 3]]);
    let letter = std::fs::read_to_string(&collector.letters).unwrap();
    assert!(letter.contains(r#""event":"{\"eventID\":\"0\"}""#), "{letter}");
}

#[tokio::test]
async fn a_receiver_that_refuses_every_record_is_what_is_wrong_and_costs_few() {
    let receiver = Receiver::start(&[NEVER]).await;
    let mut collector = collector(&receiver);
    collector.otlp.patience.note_accepted();
    let put_aside_max = usize::try_from(PUT_ASIDE_MAX).unwrap();
    let mut records = records(put_aside_max + 20);
    for _ in 0..put_aside_max {
        let sent = collector.otlp.send(&records).await;
        assert_eq!((sent.taken, sent.accepted, sent.put_aside), (1, 0, 1));
        records.remove(0);
    }
    for _ in 0..40 {
        let sent = collector.otlp.send(&records).await;
        assert_eq!((sent.taken, sent.put_aside, sent.failure.is_some()), (0, 0, true));
    }
    let letters = std::fs::read_to_string(&collector.letters).unwrap();
    assert_eq!(letters.lines().count(), put_aside_max);
}

#[tokio::test]
async fn a_receiver_that_may_be_left_behind_is_left_behind_by_a_record_it_refuses_too_often() {
    let receiver = Receiver::start(&[NEVER]).await;
    let mut collector = collector(&receiver);
    collector.otlp.patience.note_accepted();
    let put_aside_max = usize::try_from(PUT_ASIDE_MAX).unwrap();
    collector.otlp.patience = Patience::new(Some(3));
    collector.otlp.patience.note_accepted();
    let records = records(put_aside_max + 1);
    for at in 0..put_aside_max {
        assert_eq!(collector.otlp.send(&records[at..]).await.put_aside, 1);
    }
    for put_aside in [0, 0, 1] {
        let sent = collector.otlp.send(&records[put_aside_max..]).await;
        assert_eq!((sent.put_aside, sent.failure.is_none()), (put_aside, put_aside == 1));
    }
    let letters = std::fs::read_to_string(&collector.letters).unwrap();
    assert!(letters.lines().last().unwrap().contains(r#""attempts":3"#), "{letters}");
}

#[tokio::test]
async fn what_the_receiver_threw_away_is_not_sent_again() {
    let receiver = Receiver::start(&[
        "200 OK\r\nContent-Length: 73\r\n\r\n{\"partialSuccess\":{\"rejectedLogRecords\":\"2\",\"errorMessage\":\"too old ...\"}}",
    ])
    .await;
    let mut collector = collector(&receiver);
    let sent = collector.otlp.send(&records(3)).await;
    assert_eq!((sent.taken, sent.failure.is_none()), (3, true));
}

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use keyward_audit::files::RealFiles;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::*;
use crate::follow::tests::TestClock;
use crate::patience::PUT_ASIDE_MAX;
use crate::receiver::{Receiver, Request, poster, read};
use crate::record::tests::{REFUSAL, ROTATION, record};

const TAKEN: &str = "200 OK\r\nContent-Length: 0\r\n\r\n";
const ILL: &str = "500 x\r\nContent-Length: 0\r\n\r\n";
const NEVER: &str = "400 x\r\nContent-Length: 0\r\n\r\n";

struct Hook {
    webhook: Webhook,
    letters: PathBuf,
    _directory: TempDir,
}

impl Hook {
    fn to(poster: Poster) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let letters = directory.path().join("audit/dead-letters.jsonl");
        let clock = Arc::new(TestClock::new());
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer secret"));
        let webhook = Webhook::new(WebhookSettings {
            poster: Arc::new(poster),
            headers,
            secrets: Secrets::parse("a secret that is long enough").unwrap(),
            api_calls: ApiCalls::None,
            in_flight_max: 1,
            attempts_max: Some(3),
            dead_letters: DeadLetters::new(Arc::new(RealFiles), letters.clone(), clock.clone()),
            clock,
        });
        Self { webhook, letters, _directory: directory }
    }

    fn letters(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.letters).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn rotations(ids: &[&str]) -> Vec<Record> {
    let old = "27d1b0f4-8e6a-4f0c-9b3d-5a6c7e8f9012";
    let place = |offset| JournalPosition { segment: 1, offset };
    let lines = ids.iter().map(|id| ROTATION.replace(old, id)).zip(1..);
    lines.map(|(line, offset)| Record::read(line.as_bytes(), place(offset))).collect()
}

fn id(request: &Request) -> &str {
    request.header("webhook-id").unwrap()
}

#[tokio::test]
async fn each_event_is_a_post_of_its_own_signed_and_in_order() {
    let mut receiver = Receiver::start(&[TAKEN]).await;
    let mut hook = Hook::to(receiver.poster());
    let mut records = rotations(&["one", "two"]);
    records.insert(1, record(REFUSAL));
    let sent = hook.webhook.send(&records).await;
    assert_eq!((sent.taken, sent.put_aside, sent.failure.is_none()), (3, 0, true));
    for expected in ["one", "two"] {
        let request = receiver.request().await;
        assert_eq!(id(&request), expected);
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("authorization"), Some("Bearer secret"));
        let event: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(
            (&event["id"], &event["detail-type"]),
            (&expected.into(), &"KMS CMK Rotation".into())
        );
        assert_eq!(request.header("webhook-timestamp"), Some("1772622153"));
        let signature =
            hook.webhook.settings.secrets.sign(expected, 1_772_622_153, request.body.as_bytes());
        assert_eq!(request.header("webhook-signature"), signature.as_deref());
    }
    assert!(receiver.is_done());
}

#[tokio::test]
async fn an_event_is_sent_again_under_its_id_until_it_is_taken() {
    let mut receiver = Receiver::start(&[TAKEN, ILL, ILL, TAKEN]).await;
    let mut hook = Hook::to(receiver.poster());
    let records = rotations(&["one", "two"]);
    let first = hook.webhook.send(&records).await;
    assert_eq!(first.taken, 1);
    let trouble = first.failure.unwrap().trouble.to_string();
    assert!(trouble.ends_with(" answered 500"), "{trouble}");
    let second = hook.webhook.send(&records[1..]).await;
    assert_eq!((second.taken, second.failure.is_some()), (0, true));
    let third = hook.webhook.send(&records[1..]).await;
    assert_eq!((third.taken, third.failure.is_none()), (1, true));
    for expected in ["one", "two", "two", "two"] {
        assert_eq!(id(&receiver.request().await), expected);
    }
    assert!(hook.letters().is_empty());
}

#[tokio::test]
async fn what_is_refused_for_good_is_a_dead_letter_and_the_next_event_is_sent() {
    let mut receiver = Receiver::start(&[NEVER, TAKEN]).await;
    let mut hook = Hook::to(receiver.poster());
    let records = rotations(&["one", "two"]);
    let sent = hook.webhook.send(&records).await;
    assert_eq!((sent.taken, sent.put_aside, sent.failure.is_none()), (1, 1, true));
    let sent = hook.webhook.send(&records[1..]).await;
    assert_eq!((sent.taken, sent.accepted, sent.failure.is_none()), (1, 1, true));
    for expected in ["one", "two"] {
        assert_eq!(id(&receiver.request().await), expected);
    }
    let letters = hook.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!((&letters[0]["event"]["id"], &letters[0]["attempts"]), (&"one".into(), &1.into()));
    assert!(letters[0]["reason"].as_str().unwrap().ends_with(" answered 400"));
}

#[tokio::test]
async fn what_is_refused_too_often_is_a_dead_letter_too() {
    let receiver = Receiver::start(&["429 x\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"]).await;
    let mut hook = Hook::to(receiver.poster());
    let records = rotations(&["one"]);
    for _ in 0..2 {
        let failure = hook.webhook.send(&records).await.failure.unwrap();
        assert_eq!(failure.retry_after.unwrap().as_secs(), 9);
    }
    let sent = hook.webhook.send(&records).await;
    assert_eq!((sent.taken, sent.put_aside, sent.failure.is_none()), (1, 1, true));
    assert_eq!(hook.letters()[0]["attempts"], 3);
}

#[tokio::test]
async fn a_receiver_that_must_not_miss_anything_is_asked_until_it_takes_the_event() {
    const AWAY: [&str; 2] =
        ["401 x\r\nContent-Length: 0\r\n\r\n", "503 x\r\nContent-Length: 0\r\n\r\n"];
    let receiver = Receiver::start(&AWAY).await;
    let mut hook = Hook::to(receiver.poster());
    hook.webhook.patience = Patience::new(None);
    let records = rotations(&["one"]);
    for _ in 0..20 {
        let sent = hook.webhook.send(&records).await;
        assert_eq!((sent.taken, sent.failure.is_some()), (0, true));
    }
    assert!(hook.letters().is_empty());
}

#[tokio::test]
async fn a_receiver_that_refuses_every_event_is_what_is_wrong_and_costs_few() {
    let receiver = Receiver::start(&[NEVER]).await;
    let mut hook = Hook::to(receiver.poster());
    hook.webhook.patience = Patience::new(None);
    hook.webhook.patience.note_accepted();
    let ids: Vec<String> = (0..30).map(|id| id.to_string()).collect();
    let records = rotations(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let max = usize::try_from(PUT_ASIDE_MAX).unwrap();
    let mut taken = 0;
    for _ in 0..100 {
        taken += hook.webhook.send(&records[taken..]).await.taken;
        assert!(taken <= max);
    }
    assert_eq!((taken, hook.letters().len()), (max, max));
    let failure = hook.webhook.send(&records[taken..]).await.failure.unwrap();
    assert!(failure.trouble.to_string().ends_with(" answered 400"));
}

#[tokio::test]
async fn as_many_events_are_on_their_way_at_once_as_are_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut hook = Hook::to(poster(listener.local_addr().unwrap().port()));
    hook.webhook.settings.in_flight_max = 4;
    let ids: Vec<String> = (0..10).map(|id| id.to_string()).collect();
    let records = rotations(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let receiver = async {
        let mut streams = Vec::new();
        let mut seen = Vec::new();
        // Nobody is answered before all four have come.
        for _ in 0..4 {
            let mut stream = listener.accept().await.unwrap().0;
            seen.push(id(&read(&mut stream).await.unwrap()).to_owned());
            streams.push(stream);
        }
        seen.sort();
        assert_eq!(seen, ["0", "1", "2", "3"]);
        for mut stream in streams.into_iter().rev() {
            tokio::spawn(async move {
                loop {
                    stream.write_all(format!("HTTP/1.1 {TAKEN}").as_bytes()).await.unwrap();
                    if read(&mut stream).await.is_none() {
                        break;
                    }
                }
            });
        }
    };
    let (sent, ()) = tokio::join!(hook.webhook.send(&records), receiver);
    assert_eq!((sent.taken, sent.accepted, sent.failure.is_none()), (10, 10, true));
}

#[tokio::test]
async fn the_place_moves_only_over_what_was_taken_and_what_came_ahead_is_not_sent_again() {
    let is_ill = Arc::new(AtomicBool::new(true));
    let ill = Arc::clone(&is_ill);
    let mut receiver = Receiver::answering(move |request| {
        if ill.load(Ordering::Relaxed) && id(request) == "1" { ILL } else { TAKEN }
    })
    .await;
    let mut hook = Hook::to(receiver.poster());
    hook.webhook.settings.in_flight_max = 8;
    hook.webhook.patience = Patience::new(None);
    let records = rotations(&["0", "1", "2", "3", "4"]);
    let sent = hook.webhook.send(&records).await;
    assert_eq!((sent.taken, sent.accepted, sent.failure.is_some()), (1, 1, true));
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(id(&receiver.request().await).to_owned());
    }
    seen.sort();
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
    for _ in 0..2 {
        let sent = hook.webhook.send(&records[1..]).await;
        assert_eq!((sent.taken, sent.failure.is_some()), (0, true));
        assert_eq!(id(&receiver.request().await), "1");
    }
    is_ill.store(false, Ordering::Relaxed);
    let sent = hook.webhook.send(&records[1..]).await;
    assert_eq!((sent.taken, sent.accepted, sent.failure.is_none()), (4, 4, true));
    assert_eq!(id(&receiver.request().await), "1");
    assert!(receiver.is_done());
}

#[tokio::test]
async fn a_receiver_that_failed_is_asked_with_one_event_until_it_takes_one() {
    let mut receiver = Receiver::start(&[ILL, ILL, ILL, ILL, ILL, TAKEN]).await;
    let mut hook = Hook::to(receiver.poster());
    hook.webhook.settings.in_flight_max = 4;
    hook.webhook.patience = Patience::new(None);
    let records = rotations(&["0", "1", "2", "3", "4"]);
    for (posts, taken) in [(4, 0), (1, 0), (5, 5)] {
        assert_eq!(hook.webhook.send(&records).await.taken, taken);
        for _ in 0..posts {
            receiver.request().await;
        }
        assert!(receiver.is_done());
    }
}

#[tokio::test]
async fn without_a_dead_letter_nothing_is_passed_over() {
    let receiver = Receiver::start(&[NEVER]).await;
    let mut hook = Hook::to(receiver.poster());
    std::fs::write(hook.letters.parent().unwrap(), "").unwrap();
    let sent = hook.webhook.send(&rotations(&["one"])).await;
    assert_eq!((sent.taken, sent.put_aside), (0, 0));
    assert!(matches!(sent.failure.unwrap().trouble, Trouble::DeadLetter(_)));
}

#[tokio::test]
async fn nothing_secret_is_told_of_a_receiver_that_is_away() {
    // Taken, but listened on by nobody.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut hook = Hook::to(poster(socket.local_addr().unwrap().port()));
    for _ in 0..3 {
        if let Some(failure) = hook.webhook.send(&rotations(&["one"])).await.failure {
            let told = format!("{} {failure:?}", chain(&failure.trouble));
            assert!(!told.contains("secret"), "{told}");
        }
    }
    let letters = hook.letters();
    assert_eq!(letters.len(), 1);
    assert!(!letters[0].to_string().contains("secret"), "{letters:?}");
}

#[tokio::test]
async fn places_are_kept_between_many_events() {
    let receiver = Receiver::start(&[TAKEN]).await;
    let mut hook = Hook::to(receiver.poster());
    let ids: Vec<String> = (0..POSTS_MAX + 5).map(|id| id.to_string()).collect();
    let records = rotations(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(hook.webhook.send(&records).await.taken, POSTS_MAX);
    assert_eq!(hook.webhook.send(&records[POSTS_MAX..]).await.taken, 5);
}

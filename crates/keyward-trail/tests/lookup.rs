//! Lookups against a naive model: whatever happens, the pages together are what a plain filter over
//! all events gives, each event once, and in order unless delivery is far behind.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails says where")]

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use keyward_audit::JournalOptions;
use keyward_engine::{EventHistory, EventPosition, EventQuery, HistoryError, LookupAttribute};
use keyward_model::{AccountId, Clock as _, Region, Timestamp};
use keyward_store::Scope;
use keyward_testkit::{TestApp, TestOptions};
use keyward_trail::{Delivery, DeliveryOptions, DeliveryStatus, History, LookupLimits};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

const ACCOUNTS: [&str; 2] = ["777788889999", "888899990000"];
const REGIONS: [&str; 2] = ["us-east-1", "eu-central-1"];
const NAMES: [&str; 3] = ["Encrypt", "Decrypt", "CreateKey"];
const USERS: [&str; 2] = ["alice", "bob"];
const KEYS: [&str; 2] = ["arn:aws:kms:k1", "arn:aws:kms:k2"];

/// An event, by the places of its values in the lists above.
#[derive(Clone, Debug)]
struct Made {
    account: usize,
    region: usize,
    name: usize,
    user: usize,
    /// Bit by bit, which keys it is about.
    keys: usize,
    seconds: i64,
    id: Uuid,
}

impl Made {
    fn time(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_unix_ms((now.unix_s() - self.seconds) * 1000)
    }

    fn keys(&self) -> Vec<&'static str> {
        (0..KEYS.len()).filter(|key| self.keys & (1 << key) != 0).map(|key| KEYS[key]).collect()
    }

    fn record(&self, now: Timestamp) -> String {
        let key = |arn| json!({ "type": "AWS::KMS::Key", "ARN": arn });
        let resources: Vec<_> = self.keys().into_iter().map(key).collect();
        let record = json!({
            "userIdentity": {
                "type": "IAMUser",
                "userName": USERS[self.user],
                "accessKeyId": format!("AKIA{}", self.user),
            },
            "eventTime": keyward_audit::iso_date(self.time(now)).to_string(),
            "eventSource": "kms.amazonaws.com",
            "eventName": NAMES[self.name],
            "awsRegion": REGIONS[self.region],
            "eventID": self.id,
            "readOnly": self.name < 2,
            "resources": resources,
            "recipientAccountId": ACCOUNTS[self.account],
            "requestParameters": { "encryptionContext": { "eventName": "CreateKey" } },
        });
        record.to_string()
    }

    fn has(&self, attribute: &(LookupAttribute, String)) -> bool {
        let value = attribute.1.as_str();
        match attribute.0 {
            LookupAttribute::AccessKeyId => value == format!("AKIA{}", self.user),
            LookupAttribute::EventId => value == self.id.to_string(),
            LookupAttribute::EventName => value == NAMES[self.name],
            LookupAttribute::EventSource => value == "kms.amazonaws.com",
            LookupAttribute::ReadOnly => value == (self.name < 2).to_string(),
            LookupAttribute::ResourceName => self.keys().contains(&value),
            LookupAttribute::ResourceType => value == "AWS::KMS::Key" && self.keys != 0,
            LookupAttribute::Username => value == USERS[self.user],
        }
    }
}

fn made() -> impl Strategy<Value = Made> {
    let id = any::<u128>().prop_map(|bits| uuid::Builder::from_random_bytes(bits.to_be_bytes()));
    (0..2_usize, 0..2_usize, 0..3_usize, 0..2_usize, 0..4_usize, 0..12_i64, id).prop_map(
        |(account, region, name, user, keys, seconds, id)| Made {
            account,
            region,
            name,
            user,
            keys,
            seconds,
            id: id.into_uuid(),
        },
    )
}

/// What happens, one after the other.
#[derive(Clone, Debug)]
enum Step {
    Append(Made),
    Deliver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![9 => made().prop_map(Step::Append), 1 => Just(Step::Deliver)]
}

/// A query by places in lists; an id by the place of its event.
#[derive(Clone, Debug)]
struct Asked {
    account: usize,
    region: usize,
    attribute: Option<(usize, usize)>,
    from: Option<i64>,
    to: Option<i64>,
    limit: usize,
    limits: (usize, u64),
    tail_bytes_max: u64,
    /// Whether the events are delivered behind this page and each that follows.
    delivers_from: usize,
    /// What is recorded behind the first page.
    recorded_meanwhile: Vec<Made>,
}

/// Enough for every tail that is made here.
const WHOLE_TAIL: u64 = 1 << 20;

fn asked() -> impl Strategy<Value = Asked> {
    let time = proptest::option::of(-1..13_i64);
    let attribute = proptest::option::of((0..8_usize, any::<prop::sample::Index>()));
    let attribute = attribute.prop_map(|it| it.map(|(key, value)| (key, value.index(1 << 16))));
    let limits = (1..4_usize, prop_oneof![Just(1_u64), Just(2000), Just(1 << 20)]);
    let tail = prop_oneof![2 => Just(WHOLE_TAIL), 1 => Just(1_u64), 1 => 1000..8000_u64];
    let recorded = prop_oneof![3 => Just(Vec::new()), 1 => vec(made(), 1..6)];
    let asked = (0..2_usize, 0..2_usize, attribute, time.clone(), time, 1..8_usize);
    (asked, limits, tail, 0..4_usize, recorded).prop_map(
        |(asked, limits, tail_bytes_max, delivers_from, recorded_meanwhile)| {
            let (account, region, attribute, from, to, limit) = asked;
            Asked {
                account,
                region,
                attribute,
                from,
                to,
                limit,
                limits,
                tail_bytes_max,
                delivers_from,
                recorded_meanwhile,
            }
        },
    )
}

impl Asked {
    fn query(&self, events: &[Made], now: Timestamp) -> EventQuery {
        let at = |seconds: i64| Timestamp::from_unix_ms((now.unix_s() - seconds) * 1000);
        let attribute = self.attribute.map(|(key, value)| {
            let of = |list: &[&str]| list[value % list.len()].to_owned();
            match key {
                0 => (LookupAttribute::AccessKeyId, format!("AKIA{}", value % 3)),
                1 => (LookupAttribute::EventName, of(&NAMES)),
                2 => (LookupAttribute::EventSource, of(&["kms.amazonaws.com", "kms"])),
                3 => (LookupAttribute::ReadOnly, of(&["true", "false", "no"])),
                4 => (LookupAttribute::ResourceName, of(&KEYS)),
                5 => (LookupAttribute::ResourceType, of(&["AWS::KMS::Key"])),
                6 => (LookupAttribute::Username, of(&USERS)),
                _ => {
                    let id = events.get(value % events.len().max(1)).map(|event| event.id);
                    (LookupAttribute::EventId, id.unwrap_or_default().to_string())
                }
            }
        });
        EventQuery {
            account: ACCOUNTS[self.account].parse::<AccountId>().unwrap(),
            region: REGIONS[self.region].parse::<Region>().unwrap(),
            attribute,
            from: self.from.map(at),
            to: self.to.map(at),
            after: None,
            limit: self.limit,
        }
    }

    /// The ids that a plain filter finds, newest first.
    fn expected(&self, events: &[Made], now: Timestamp) -> Vec<Uuid> {
        let query = self.query(events, now);
        let mut found: Vec<_> = events
            .iter()
            .filter(|event| event.account == self.account && event.region == self.region)
            .filter(|event| query.from.is_none_or(|from| event.time(now) >= from))
            .filter(|event| query.to.is_none_or(|to| event.time(now) <= to))
            .filter(|event| query.attribute.as_ref().is_none_or(|it| event.has(it)))
            .map(|event| (event.time(now), event.id))
            .collect();
        // Stable: within a second the order is that of recording.
        found.sort_by_key(|(time, _)| *time);
        found.into_iter().rev().map(|(_, id)| id).collect()
    }
}

fn id_of(record: &[u8]) -> Uuid {
    let record: Value = serde_json::from_slice(record).unwrap();
    record["eventID"].as_str().unwrap().parse().unwrap()
}

fn history(app: &TestApp, limits: LookupLimits) -> History {
    History::new(Arc::clone(app.engine()), app.trail_layout(), 90, Arc::default())
        .with_limits(limits)
}

/// A service with short segments.
async fn app() -> TestApp {
    let journal = JournalOptions { segment_bytes_max: 3000, ..JournalOptions::default() };
    TestApp::with(TestOptions { journal, ..TestOptions::default() }).await
}

/// Delivers all there is, to short files.
async fn deliver(app: &TestApp) {
    let options = DeliveryOptions::new(app.trail_layout());
    let options = DeliveryOptions { file_bytes_max: 2000, ..options };
    Delivery::new(Arc::clone(app.engine()), options).deliver().await.unwrap();
}

async fn record(app: &TestApp, events: &[Made], now: Timestamp) {
    for event in events {
        app.engine().journal().append(event.record(now).as_bytes()).await.unwrap();
    }
}

fn time_of(record: &[u8]) -> String {
    let record: Value = serde_json::from_slice(record).unwrap();
    record["eventTime"].as_str().unwrap().to_owned()
}

async fn all_pages(app: &TestApp, asked: &Asked, events: &[Made]) -> Vec<Uuid> {
    let now = app.clock().now();
    let (rows_max, bytes_max) = asked.limits;
    let limits = LookupLimits { rows_max, bytes_max, ..LookupLimits::default() };
    let history = history(app, LookupLimits { tail_bytes_max: asked.tail_bytes_max, ..limits });
    let mut query = asked.query(events, now);
    let mut found = Vec::new();
    for page_number in 0.. {
        assert!(page_number < 1000, "a page must lead on");
        let page = history.look_up(&query).await.unwrap();
        assert!(page.records.len() <= asked.limit);
        let times = page.records.iter().map(|record| time_of(record));
        assert!(times.rev().is_sorted(), "a page is in order");
        found.extend(page.records.iter().map(|record| id_of(record)));
        let Some(next) = page.next else { break };
        query.after = Some(next);
        if page_number == 0 {
            record(app, &asked.recorded_meanwhile, now).await;
        }
        if page_number >= asked.delivers_from {
            deliver(app).await;
        }
    }
    found
}

async fn check(steps: Vec<Step>, queries: Vec<Asked>) {
    let app = app().await;
    let now = app.clock().now();
    let mut events = Vec::new();
    for step in steps {
        match step {
            Step::Append(event) => {
                record(&app, std::slice::from_ref(&event), now).await;
                events.push(event);
            }
            Step::Deliver => deliver(&app).await,
        }
    }
    for asked in queries {
        let mut found = all_pages(&app, &asked, &events).await;
        let mut expected = asked.expected(&events, now);
        // What came meanwhile may be found, but once.
        let late: Vec<_> = asked.recorded_meanwhile.iter().map(|event| event.id).collect();
        for id in &late {
            assert!(found.iter().filter(|it| *it == id).count() <= 1, "{asked:?}");
        }
        found.retain(|id| !late.contains(id));
        if asked.tail_bytes_max != WHOLE_TAIL {
            found.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(found, expected, "{asked:?}");
        // Recorded or not, behind the first page.
        events.extend(asked.recorded_meanwhile.iter().filter(|it| is_recorded(&app, it)).cloned());
    }
}

fn is_recorded(app: &TestApp, event: &Made) -> bool {
    app.journal().iter().any(|line| id_of(line) == event.id)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_what_a_plain_filter_finds(
        steps in vec(step(), 0..60),
        queries in vec(asked(), 8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(steps, queries));
    }
}

#[tokio::test]
async fn what_was_done_before_a_flood_of_events_is_found_while_none_is_delivered() {
    let app = app().await;
    let now = app.clock().now();
    let made = |name: usize, n: u128| Made {
        account: 0,
        region: 0,
        name,
        user: 0,
        keys: 1,
        seconds: 1,
        id: uuid::Builder::from_random_bytes(n.to_be_bytes()).into_uuid(),
    };
    let create_key = made(2, u128::MAX);
    record(&app, std::slice::from_ref(&create_key), now).await;
    let flood: Vec<_> = (0..40).map(|n| made(0, n)).collect();
    record(&app, &flood, now).await;
    assert!(app.engine().journal().segments().unwrap().len() > 5);
    let limits = LookupLimits { tail_bytes_max: 4000, ..LookupLimits::default() };
    let history = history(&app, limits);
    let mut query = all_of(0);
    query.attribute = Some((LookupAttribute::EventName, "CreateKey".to_owned()));
    let mut pages = 0;
    let found = loop {
        let page = history.look_up(&query).await.unwrap();
        pages += 1;
        if let [record] = &*page.records {
            break id_of(record);
        }
        query.after = Some(page.next.unwrap());
    };
    assert_eq!(found, create_key.id);
    assert!(pages > 3, "a page reads no more than it may: {pages}");
}

#[tokio::test]
async fn a_place_of_an_earlier_release_is_refused() {
    let app = app().await;
    let mut query = all_of(0);
    for text in ["1772619302/6f3b2c1d-0000-4000-8000-000000000001", "", "x"] {
        query.after = Some(EventPosition(text.to_owned()));
        let refused = history(&app, LookupLimits::default()).look_up(&query).await;
        assert!(matches!(refused, Err(HistoryError::UnknownPosition)), "{text}");
    }
}

/// Three events of the first account, each in a log file of its own; the files, oldest first.
async fn three_files(app: &TestApp) -> (Vec<Made>, Vec<std::path::PathBuf>) {
    let made = |seconds| Made {
        account: 0,
        region: 0,
        name: 0,
        user: 0,
        keys: 0,
        seconds,
        id: uuid::Builder::from_random_bytes([u8::try_from(seconds).unwrap(); 16]).into_uuid(),
    };
    let events: Vec<_> = [3, 2, 1].map(made).into();
    let scope =
        Scope { account: ACCOUNTS[0].parse().unwrap(), region: REGIONS[0].parse().unwrap() };
    let trail = app.engine().store().trail();
    let mut paths = Vec::new();
    for event in &events {
        let record = event.record(app.clock().now());
        app.engine().journal().append(record.as_bytes()).await.unwrap();
        app.deliver().await;
        for row in trail.list_files(&scope, None, 10).await.unwrap() {
            let path = app.trail_layout().object(&row.bucket, &row.name.object);
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    (events, paths)
}

fn all_of(account: usize) -> EventQuery {
    EventQuery {
        account: ACCOUNTS[account].parse().unwrap(),
        region: REGIONS[0].parse().unwrap(),
        attribute: None,
        from: None,
        to: None,
        after: None,
        limit: 50,
    }
}

#[tokio::test]
async fn a_log_file_that_is_gone_or_altered_hides_no_event_of_others() {
    let app = TestApp::new().await;
    let (events, paths) = three_files(&app).await;
    assert_eq!(paths.len(), 3);
    let status = Arc::new(DeliveryStatus::default());
    let history =
        History::new(Arc::clone(app.engine()), app.trail_layout(), 90, Arc::clone(&status));
    let found = async || {
        let page = history.look_up(&all_of(0)).await.unwrap();
        assert_eq!(page.next, None);
        page.records.iter().map(|record| id_of(record)).collect::<Vec<_>>()
    };
    assert_eq!(found().await, [events[2].id, events[1].id, events[0].id]);
    assert_eq!(status.counts().lookup_unreadable_files, 0);
    std::fs::remove_file(&paths[1]).unwrap();
    assert_eq!(found().await, [events[2].id, events[0].id]);
    assert_eq!(status.counts().lookup_unreadable_files, 1);
    let other = std::fs::read(&paths[0]).unwrap();
    std::fs::write(&paths[2], other).unwrap();
    assert_eq!(found().await, [events[0].id]);
    assert_eq!(status.counts().lookup_unreadable_files, 3);
}

#[tokio::test]
async fn an_account_looks_up_once_at_a_time_and_keeps_no_other_from_it() {
    let app = TestApp::new().await;
    let limits = LookupLimits { wait_max: Duration::ZERO, ..LookupLimits::default() };
    let history = history(&app, limits);
    let (own, other) = (all_of(0), all_of(1));
    let mut first = history.look_up(&own);
    let is_pending = std::future::poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending()));
    assert!(is_pending.await);
    assert!(matches!(history.look_up(&own).await, Err(HistoryError::Busy)));
    assert!(history.look_up(&other).await.is_ok());
    assert!(first.await.is_ok());
    assert!(history.look_up(&own).await.is_ok());
}

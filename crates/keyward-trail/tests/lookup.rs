//! Lookups against a naive model: whatever happens, the pages together are what a plain filter over
//! all events gives, in order.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails says where")]

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use keyward_engine::{EventHistory, EventPosition, EventQuery, HistoryError, LookupAttribute};
use keyward_model::{AccountId, Clock as _, Region, Timestamp};
use keyward_store::Scope;
use keyward_testkit::TestApp;
use keyward_trail::{DeliveryStatus, History, LookupLimits};
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
    /// Whether the events are delivered behind this page and each that follows.
    delivers_from: usize,
}

fn asked() -> impl Strategy<Value = Asked> {
    let time = proptest::option::of(-1..13_i64);
    let attribute = proptest::option::of((0..8_usize, any::<prop::sample::Index>()));
    let attribute = attribute.prop_map(|it| it.map(|(key, value)| (key, value.index(1 << 16))));
    let limits = (1..4_usize, prop_oneof![Just(1_u64), Just(2000), Just(1 << 20)]);
    (0..2_usize, 0..2_usize, attribute, time.clone(), time, 1..8_usize, limits, 0..4_usize)
        .prop_map(|(account, region, attribute, from, to, limit, limits, delivers_from)| Asked {
            account,
            region,
            attribute,
            from,
            to,
            limit,
            limits,
            delivers_from,
        })
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
        found.sort_unstable();
        found.into_iter().rev().map(|(_, id)| id).collect()
    }
}

fn id_of(record: &[u8]) -> Uuid {
    let record: Value = serde_json::from_slice(record).unwrap();
    record["eventID"].as_str().unwrap().parse().unwrap()
}

async fn all_pages(app: &TestApp, asked: &Asked, events: &[Made]) -> Vec<Uuid> {
    let (rows_max, bytes_max) = asked.limits;
    let history = History::new(Arc::clone(app.engine()), app.trail_layout(), 90, Arc::default())
        .with_limits(LookupLimits { rows_max, bytes_max, ..LookupLimits::default() });
    let mut query = asked.query(events, app.clock().now());
    let mut found = Vec::new();
    for page_number in 0.. {
        let page = history.look_up(&query).await.unwrap();
        assert!(page.records.len() <= asked.limit);
        found.extend(page.records.iter().map(|record| id_of(record)));
        let Some(next) = page.next else { break };
        if let Some(EventPosition { time, event_id }) = query.after {
            assert!((next.time, next.event_id) < (time, event_id), "a page must lead on");
        }
        query.after = Some(next);
        if page_number >= asked.delivers_from {
            app.deliver().await;
        }
    }
    found
}

async fn check(steps: Vec<Step>, queries: Vec<Asked>) {
    let app = TestApp::new().await;
    let now = app.clock().now();
    let mut events = Vec::new();
    for step in steps {
        match step {
            Step::Append(event) => {
                app.engine().journal().append(event.record(now).as_bytes()).await.unwrap();
                events.push(event);
            }
            Step::Deliver => {
                app.deliver().await;
            }
        }
    }
    for asked in queries {
        let found = all_pages(&app, &asked, &events).await;
        assert_eq!(found, asked.expected(&events, now), "{asked:?}");
    }
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
    let history = History::new(Arc::clone(app.engine()), app.trail_layout(), 90, Arc::default())
        .with_limits(limits);
    let (own, other) = (all_of(0), all_of(1));
    let mut first = history.look_up(&own);
    let is_pending = std::future::poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending()));
    assert!(is_pending.await);
    assert!(matches!(history.look_up(&own).await, Err(HistoryError::Busy)));
    assert!(history.look_up(&other).await.is_ok());
    assert!(first.await.is_ok());
    assert!(history.look_up(&own).await.is_ok());
}

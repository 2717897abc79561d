use keyward_engine::{HistoryError, RequestQuotas};
use keyward_testkit::{Client, OTHER_ACCOUNT, Refused, TestApp, TestOptions};
use serde_json::{Value, json};

use crate::testing::user;

async fn look_up(client: &Client, input: Value) -> Vec<Value> {
    let reply = client.ok("LookupEvents", input).await;
    reply["Events"].as_array().unwrap().clone()
}

async fn by(client: &Client, key: &str, value: &str) -> Vec<Value> {
    let attribute = json!({ "AttributeKey": key, "AttributeValue": value });
    look_up(client, json!({ "LookupAttributes": [attribute] })).await
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["EventName"].as_str().unwrap()).collect()
}

fn id(event: &Value) -> &str {
    event["EventId"].as_str().unwrap()
}

fn second(app: &TestApp) {
    app.clock().advance(std::time::Duration::from_secs(1));
}

#[tokio::test]
async fn an_event_is_seen_at_once_and_the_same_after_its_delivery() {
    let app = TestApp::new().await;
    let root = app.root();
    let key = root.create_key().await;
    let record = app.last_record();
    let before = by(&root, "EventName", "CreateKey").await;
    app.deliver().await;
    let after = by(&root, "EventName", "CreateKey").await;
    assert_eq!(before, after);
    let [event] = &*before else { panic!("{before:?}") };
    let whole: Value = serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap();
    assert_eq!(whole, record);
    assert_eq!(event["EventId"], record["eventID"]);
    assert_eq!(event["EventName"], "CreateKey");
    assert_eq!(event["ReadOnly"], "false");
    assert_eq!(event["EventSource"], "kms.amazonaws.com");
    assert_eq!(event["Username"], "root");
    assert_eq!(event["AccessKeyId"], root.caller().access_key_id.as_str());
    assert_eq!(event["EventTime"].as_f64(), Some(app.clock().now_s()));
    let arn = root.arn(&key).await;
    let expected = json!([{ "ResourceType": "AWS::KMS::Key", "ResourceName": arn }]);
    assert_eq!(event["Resources"], expected);
}

#[tokio::test]
async fn every_attribute_finds_its_events_and_no_others() {
    let app = TestApp::new().await;
    let root = app.root();
    let alice = user(&app, "alice", &["kms:*", "cloudtrail:*"]).await;
    let key = root.create_key().await;
    let arn = root.arn(&key).await;
    second(&app);
    alice.ok("GenerateRandom", json!({ "NumberOfBytes": 8 })).await;
    let random = app.last_record();
    for is_delivered in [false, true] {
        if is_delivered {
            app.deliver().await;
        }
        for (key, value) in [
            ("EventId", random["eventID"].as_str().unwrap()),
            ("EventName", "GenerateRandom"),
            ("Username", "alice"),
            ("AccessKeyId", alice.caller().access_key_id.as_str()),
        ] {
            let found = by(&root, key, value).await;
            assert_eq!(names(&found), ["GenerateRandom"], "{key}");
        }
        assert_eq!(names(&by(&root, "ResourceName", &arn).await), ["DescribeKey", "CreateKey"]);
        assert_eq!(by(&root, "ResourceType", "AWS::KMS::Key").await.len(), 2);
        let of_iam = by(&root, "EventSource", "iam.amazonaws.com").await;
        assert_eq!(of_iam.len(), 3, "{:?}", names(&of_iam));
        let written = by(&root, "ReadOnly", "false").await;
        assert!(names(&written).contains(&"CreateKey"));
        assert!(written.iter().all(|event| event["ReadOnly"] == "false"));
        for (key, value) in
            [("Username", "Alice"), ("EventName", "Generate"), ("EventId", "x"), ("ReadOnly", "x")]
        {
            assert_eq!(by(&root, key, value).await, Vec::<Value>::new(), "{key}");
        }
    }
}

#[tokio::test]
async fn events_of_iam_are_found_by_what_they_are_about_and_their_records_are_as_they_were() {
    let app = TestApp::new().await;
    let root = app.root();
    user(&app, "bob", &[]).await;
    let alice = user(&app, "alice", &["kms:*"]).await;
    for is_delivered in [false, true] {
        if is_delivered {
            app.deliver().await;
        }
        let found = by(&root, "ResourceName", "alice").await;
        // Of one second, so in the order in which they were recorded.
        assert_eq!(names(&found), ["CreateAccessKey", "PutUserPolicy", "CreateUser"]);
        let expected = json!([{ "ResourceType": "AWS::IAM::User", "ResourceName": "alice" }]);
        assert_eq!(found[2]["Resources"], expected);
        let record: Value =
            serde_json::from_str(found[2]["CloudTrailEvent"].as_str().unwrap()).unwrap();
        assert_eq!(record.get("resources"), None);
        assert_eq!(by(&root, "ResourceType", "AWS::IAM::User").await.len(), 5);
        assert_eq!(by(&root, "ResourceType", "AWS::IAM::AccessKey").await.len(), 2);
        let of_key = by(&root, "ResourceName", alice.caller().access_key_id.as_str()).await;
        assert_eq!(names(&of_key), ["CreateAccessKey"]);
    }
}

#[tokio::test]
async fn both_ends_of_a_time_range_are_in_it() {
    let app = TestApp::new().await;
    let root = app.root();
    let started_s = app.clock().now_s();
    for _ in 0..4 {
        root.ok("GenerateRandom", json!({ "NumberOfBytes": 1 })).await;
        second(&app);
    }
    for is_delivered in [false, true] {
        if is_delivered {
            app.deliver().await;
        }
        let times = |from: f64, to: f64| {
            json!({
                "LookupAttributes":
                    [{ "AttributeKey": "EventName", "AttributeValue": "GenerateRandom" }],
                "StartTime": started_s + from,
                "EndTime": started_s + to,
            })
        };
        for (from, to, count) in
            [(1.0, 2.0, 2), (0.0, 3.0, 4), (0.5, 2.5, 2), (2.0, 2.0, 1), (0.1, 0.9, 0)]
        {
            assert_eq!(look_up(&root, times(from, to)).await.len(), count, "{from} {to}");
        }
        let refused = root.refused("LookupEvents", times(2.0, 1.9)).await;
        let message = "The start time is after the end time.";
        assert_eq!(refused, Refused::new("InvalidTimeRangeException", message));
    }
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_what_is_delivered_between_them() {
    let app = TestApp::new().await;
    let root = app.root();
    for n in 0..23 {
        root.ok("GenerateRandom", json!({ "NumberOfBytes": 1 })).await;
        if n % 4 == 0 {
            second(&app);
        }
        if n == 7 {
            app.deliver().await;
        }
    }
    let attribute = json!({ "AttributeKey": "EventName", "AttributeValue": "GenerateRandom" });
    let mut input = json!({ "LookupAttributes": [attribute], "MaxResults": 5 });
    let mut found = Vec::new();
    loop {
        let reply = root.ok("LookupEvents", input.clone()).await;
        let page = reply["Events"].as_array().unwrap().clone();
        assert!(page.len() <= 5);
        found.extend(page);
        app.deliver().await;
        let Some(token) = reply.get("NextToken") else { break };
        input["NextToken"] = token.clone();
    }
    assert_eq!(found.len(), 23);
    let mut ids: Vec<_> = found.iter().map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 23);
    let times: Vec<_> = found.iter().map(|event| event["EventTime"].as_f64().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
}

#[tokio::test]
async fn a_token_is_good_for_what_it_was_returned_to_and_nothing_else() {
    let app = TestApp::new().await;
    let root = app.root();
    let other = app.other_account().await;
    for _ in 0..2 {
        root.ok("GenerateRandom", json!({ "NumberOfBytes": 1 })).await;
        other.ok("GenerateRandom", json!({ "NumberOfBytes": 1 })).await;
    }
    let reply = root.ok("LookupEvents", json!({ "MaxResults": 1 })).await;
    let token = &reply["NextToken"];
    root.ok("LookupEvents", json!({ "MaxResults": 2, "NextToken": token })).await;
    let attribute = json!({ "AttributeKey": "EventName", "AttributeValue": "GenerateRandom" });
    let there = app.root_in("eu-central-1");
    for (client, input) in [
        (&root, json!({ "NextToken": "x" })),
        (&root, json!({ "NextToken": token, "LookupAttributes": [attribute] })),
        (&root, json!({ "NextToken": token, "EventCategory": "insight" })),
        (&root, json!({ "NextToken": token, "StartTime": 1 })),
        (&root, json!({ "NextToken": token, "EndTime": 4_000_000_000_u64 })),
        (&there, json!({ "NextToken": token })),
        (&other, json!({ "NextToken": token })),
    ] {
        let refused = client.refused("LookupEvents", input).await;
        let message = "The next token is not valid, or was returned to other parameters.";
        assert_eq!(refused, Refused::new("InvalidNextTokenException", message));
    }
}

#[tokio::test]
async fn an_account_sees_its_own_log_alone() {
    let app = TestApp::new().await;
    let root = app.root();
    let other = app.other_account().await;
    root.create_key().await;
    other.ok("GenerateRandom", json!({ "NumberOfBytes": 1 })).await;
    for is_delivered in [false, true] {
        if is_delivered {
            app.deliver().await;
        }
        for (client, account) in [(&root, "111122223333"), (&other, OTHER_ACCOUNT)] {
            let found = look_up(client, json!({})).await;
            assert!(!found.is_empty());
            for event in found {
                let record: Value =
                    serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap();
                assert_eq!(record["recipientAccountId"], account);
            }
        }
        assert_eq!(by(&other, "EventName", "CreateKey").await, Vec::<Value>::new());
        let there = app.root_in("eu-central-1");
        assert_eq!(by(&there, "EventName", "CreateKey").await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn events_of_global_services_are_in_the_global_region_even_if_it_is_not_served() {
    let options = TestOptions { regions: vec!["eu-central-1"], ..TestOptions::default() };
    let app = TestApp::with(options).await;
    let here = app.root_in("eu-central-1");
    here.ok("CreateUser", json!({ "UserName": "a" })).await;
    assert_eq!(names(&by(&here, "EventName", "CreateUser").await), Vec::<&str>::new());
    let there = app.root_in("us-east-1");
    assert_eq!(names(&by(&there, "EventName", "CreateUser").await), ["CreateUser"]);
}

#[tokio::test]
async fn what_is_older_than_the_history_is_not_found() {
    let app = TestApp::new().await;
    let root = app.root();
    root.create_key().await;
    app.deliver().await;
    app.clock().advance(std::time::Duration::from_hours(24 * 90));
    assert_eq!(by(&root, "EventName", "CreateKey").await.len(), 1);
    second(&app);
    assert_eq!(by(&root, "EventName", "CreateKey").await.len(), 0);
}

#[tokio::test]
async fn notes_for_operators_are_never_shown() {
    let app = TestApp::new().await;
    let nobody = user(&app, "nobody", &[]).await;
    nobody.refused("GenerateRandom", json!({ "NumberOfBytes": 1 })).await;
    let lines = app.journal();
    assert!(String::from_utf8_lossy(lines.last().unwrap()).contains("operatorNote"));
    for is_delivered in [false, true] {
        if is_delivered {
            app.deliver().await;
        }
        let found = by(&app.root(), "Username", "nobody").await;
        assert_eq!(names(&found), ["GenerateRandom"]);
        assert!(!found[0]["CloudTrailEvent"].as_str().unwrap().contains("operatorNote"));
    }
}

#[tokio::test]
async fn who_may_not_look_is_refused_without_a_resource_and_recorded() {
    let app = TestApp::new().await;
    let nobody = user(&app, "nobody", &["kms:*"]).await;
    let refused = nobody.refused("LookupEvents", json!({})).await;
    let message = "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: \
                   cloudtrail:LookupEvents because no identity-based policy allows the \
                   cloudtrail:LookupEvents action";
    assert_eq!(refused, Refused::new("AccessDeniedException", message));
    let record = app.last_record();
    assert_eq!(record["errorCode"], "AccessDenied");
    assert_eq!(record["eventName"], "LookupEvents");
    user(&app, "reader", &["cloudtrail:LookupEvents"]).await.ok("LookupEvents", json!({})).await;
}

#[tokio::test]
async fn a_lookup_is_itself_an_event() {
    let app = TestApp::new().await;
    let attribute = json!({ "AttributeKey": "EventName", "AttributeValue": "LookupEvents" });
    let input = json!({
        "LookupAttributes": [attribute], "StartTime": 1_000_000_000, "MaxResults": 3,
    });
    assert_eq!(look_up(&app.root(), input.clone()).await, Vec::<Value>::new());
    let record = app.last_record();
    assert_eq!(record["eventSource"], "cloudtrail.amazonaws.com");
    assert_eq!(record["readOnly"], true);
    let expected = json!({
        "lookupAttributes":
            [{ "attributeKey": "EventName", "attributeValue": "LookupEvents" }],
        "startTime": "Sep 9, 2001, 1:46:40 AM",
        "maxResults": 3,
    });
    assert_eq!(record["requestParameters"], expected);
    assert_eq!(look_up(&app.root(), input).await.len(), 1);
}

#[tokio::test]
async fn bad_requests_have_the_errors_of_the_model() {
    let app = TestApp::new().await;
    let root = app.root();
    let attribute =
        |key: &str, value: &str| json!({ "AttributeKey": key, "AttributeValue": value });
    let attributes = |list: Vec<Value>| json!({ "LookupAttributes": list });
    let two = attributes(vec![attribute("EventName", "a"), attribute("EventId", "b")]);
    let invalid = "InvalidLookupAttributesException";
    let one = |key, value: &str| attributes(vec![attribute(key, value)]);
    let length = "The lookup attribute value must have 1 to 2000 characters.";
    let range = "MaxResults must be between 1 and 50.";
    for (input, error, message) in [
        (two, invalid, "At most one lookup attribute can be specified."),
        (one("eventName", "a"), invalid, "The lookup attribute key is not valid."),
        (one("EventName", ""), invalid, length),
        (one("EventName", &"x".repeat(2001)), invalid, length),
        (json!({ "MaxResults": 0 }), "InvalidMaxResultsException", range),
        (json!({ "MaxResults": 51 }), "InvalidMaxResultsException", range),
        (json!({ "MaxResults": -1 }), "InvalidMaxResultsException", range),
        (
            json!({ "EventCategory": "Insight" }),
            "InvalidEventCategoryException",
            "The event category is not valid.",
        ),
    ] {
        let refused = root.refused("LookupEvents", input).await;
        assert_eq!(refused, Refused::new(error, message));
    }
    root.ok("LookupEvents", one("EventName", &"ü".repeat(2000))).await;
    let insight = json!({ "EventCategory": "insight" });
    assert_eq!(root.ok("LookupEvents", insight).await, json!({ "Events": [] }));
}

#[tokio::test]
async fn two_lookups_a_second_are_answered_where_quotas_are_those_of_the_service() {
    let quotas = RequestQuotas::new(crate::REQUEST_GROUPS, true, |_| None);
    let options = TestOptions { request_quotas: Some(quotas), ..TestOptions::default() };
    let app = TestApp::with(options).await;
    let root = app.root();
    for _ in 0..2 {
        root.ok("LookupEvents", json!({})).await;
    }
    let refused = root.refused("LookupEvents", json!({})).await;
    assert_eq!(refused, Refused::new("ThrottlingException", "Rate exceeded"));
    app.other_account().await.ok("LookupEvents", json!({})).await;
    second(&app);
    root.ok("LookupEvents", json!({})).await;
}

#[tokio::test]
async fn a_file_that_was_altered_or_is_gone_does_not_keep_lookups_from_the_others() {
    let app = TestApp::new().await;
    let root = app.root();
    root.create_key().await;
    app.deliver().await;
    let file = log_files(&app.trail_layout().directory).pop().unwrap();
    let stored = std::fs::read(&file).unwrap();
    let mut altered = stored.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    root.ok("ListKeys", json!({})).await;
    std::fs::write(&file, &altered).unwrap();
    assert!(by(&root, "EventName", "CreateKey").await.is_empty());
    assert_eq!(by(&root, "EventName", "ListKeys").await.len(), 1);
    std::fs::remove_file(&file).unwrap();
    assert!(by(&root, "EventName", "CreateKey").await.is_empty());
    assert_eq!(by(&root, "EventName", "ListKeys").await.len(), 1);
    std::fs::write(&file, &stored).unwrap();
    assert!(!by(&root, "EventName", "CreateKey").await.is_empty());
}

#[test]
fn a_lookup_that_finds_no_turn_is_throttled() {
    let refused = super::failure(HistoryError::Busy);
    assert_eq!(format!("{refused:?}"), r#"ThrottlingException (Some("Rate exceeded"), None)"#);
    assert!(
        format!("{:?}", super::failure(HistoryError::Unreadable("why".into()))).contains("why")
    );
}

fn log_files(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(log_files(&path));
        } else if path.to_string_lossy().contains("_CloudTrail_") {
            found.push(path);
        }
    }
    found
}

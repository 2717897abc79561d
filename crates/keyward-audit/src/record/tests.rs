use std::net::IpAddr;
use std::sync::LazyLock;

use keyward_model::{
    AccountId, AliasArn, Caller, Federation, Identity, KeyArn, Partition, Principal,
    ServicePrincipal, Session, Timestamp, WebIdentity,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{Recorded, java_date};

const GOLDEN: &str = include_str!("../../../../vectors/journal/v1.jsonl");
const CLI: &str =
    "aws-cli/2.30.1 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 lang/python#3.13.7 md/command#kms.encrypt";
const MATERIAL: &str = "3f0a6c1d9be24758a1c6e0d2f47b8953e6ad10b7c8f24e915d3b60a7f82c49de";

static KEY: LazyLock<[Resource; 1]> = LazyLock::new(|| [Resource::Key(key_arn())]);

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn region() -> Region {
    "us-west-2".parse().unwrap()
}

fn root(account: &str, access_key_id: &str) -> Caller {
    let access_key_id = access_key_id.parse().unwrap();
    Caller::root(Partition::Aws, account.parse().unwrap(), access_key_id)
}

fn dana() -> Caller {
    root("111122223333", "AKIAKW7PLMQ3EXAMPLE1")
}

fn key_arn() -> KeyArn {
    KeyArn {
        partition: Partition::Aws,
        region: region(),
        account: account(),
        key_id: "0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60".parse().unwrap(),
    }
}

fn client(source_ip: &str, user_agent: &'static str) -> Client<'static> {
    Client {
        source_ip: source_ip.parse().unwrap(),
        user_agent: Some(user_agent),
        tls: Some(TlsDetails {
            version: "TLSv1.3",
            cipher_suite: "TLS_AES_256_GCM_SHA384",
            host_header: Some("kms.us-west-2.amazonaws.com"),
            key_exchange: Some("X25519MLKEM768"),
        }),
    }
}

fn at(unix_s: i64) -> Timestamp {
    Timestamp::from_unix_ms(unix_s * 1000 + 999)
}

fn only_copy(event_id: &str) -> Delivery {
    Delivery { event_id: event_id.parse().unwrap(), recipient: account(), shared_event_id: None }
}

/// Encrypt's call, which the tests of other records change.
fn encrypt<'a>(
    caller: &'a Caller,
    region: &'a Region,
    parameters: &'a Fragment,
    resources: &'a [Resource],
) -> ApiCall<'a> {
    ApiCall {
        caller,
        client: client("198.51.100.24", CLI),
        invoked_by: None,
        request_id: "5b1e8a50-0b6f-4d0a-9c27-64c5f0a1d7e3".parse().unwrap(),
        time: at(1_772_619_302),
        event_source: KMS_EVENT_SOURCE,
        event_name: "Encrypt",
        region,
        is_read_only: true,
        request_parameters: parameters,
        outcome: Outcome::Success(Fragment::EMPTY),
        additional_event_data: Fragment::EMPTY,
        resources: Some(resources),
    }
}

fn line(call: &ApiCall<'_>, delivery: &Delivery) -> String {
    let mut to = Vec::new();
    call.write(delivery, &mut to);
    String::from_utf8(to).unwrap()
}

/// Equal text is equal values in the same order; the values are compared first for their message.
fn assert_golden(written: &str, number: usize) {
    let golden = GOLDEN.lines().nth(number).unwrap();
    let parse = |text| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parse(written), parse(golden));
    assert_eq!(written, golden);
}

fn fragment(fill: impl FnOnce(&mut JsonObject<'_>)) -> Fragment {
    let mut fragment = Fragment::default();
    fill(&mut fragment.add());
    fragment
}

#[test]
fn encrypt_is_recorded_as_in_the_sample() {
    struct Input;
    impl Recorded for Input {
        fn record(&self, to: &mut JsonObject<'_>) {
            to.text_map("encryptionContext", [("Tenant", "blue"), ("purpose", "backup")]);
            to.text("keyId", "alias/backups");
            to.text("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
        }
    }
    let (caller, region, parameters) = (dana(), region(), Fragment::of(&Input));
    let additional = fragment(|o| o.text("keyMaterialId", MATERIAL));
    let call = ApiCall {
        additional_event_data: &additional,
        ..encrypt(&caller, &region, &parameters, &*KEY)
    };
    assert_golden(&line(&call, &only_copy("c7d2f4b1-6f3e-4b7c-8a55-19e0b3d6c842")), 0);
}

#[test]
fn a_refused_decrypt_is_recorded_as_in_the_sample() {
    let (caller, region) = (root("111122223333", "AKIAKW7PLMQ3EXAMPLE2"), region());
    let parameters = fragment(|o| {
        o.text("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
        o.display("keyId", key_arn());
        o.text_map("encryptionContext", [("Tenant", "blue"), ("purpose", "backup")]);
    });
    let message = "User: arn:aws:iam::111122223333:root is not authorized to perform: kms:Decrypt \
        on resource: arn:aws:kms:us-west-2:111122223333:key/0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60 \
        because no identity-based policy allows the kms:Decrypt action";
    let mut client = client("198.51.100.25", "aws-sdk-rust/1.3.8 os/linux lang/rust/1.90.0");
    let tls = client.tls.as_mut().unwrap();
    tls.cipher_suite = "TLS_AES_128_GCM_SHA256";
    tls.key_exchange = None;
    let call = ApiCall {
        client,
        invoked_by: None,
        request_id: "e2a94b1c-7d5d-47d2-8f70-0bb4f2f9a6c1".parse().unwrap(),
        time: at(1_772_619_400),
        event_name: "Decrypt",
        outcome: Outcome::Failure { code: "AccessDeniedException", message: Some(message) },
        ..encrypt(&caller, &region, &parameters, &*KEY)
    };
    assert_golden(&line(&call, &only_copy("0f6f1d27-3c5b-4c89-9a1e-72d8b7e1c350")), 1);
}

#[test]
fn create_key_is_recorded_with_its_metadata_as_in_the_sample() {
    let (caller, region) = (dana(), region());
    let parameters = fragment(|o| {
        o.text("keyUsage", "ENCRYPT_DECRYPT");
        o.text("description", "");
        o.text("origin", "AWS_KMS");
        o.boolean("multiRegion", false);
        o.text("keySpec", "SYMMETRIC_DEFAULT");
        o.text("customerMasterKeySpec", "SYMMETRIC_DEFAULT");
        o.objects("tags", [("Team", "blue \"1\"")], |o, (key, value)| {
            o.text("tagKey", key);
            o.text("tagValue", value);
        });
        o.boolean("bypassPolicyLockoutSafetyCheck", false);
    });
    let response = fragment(|o| o.object("keyMetadata", key_metadata));
    let call = ApiCall {
        invoked_by: None,
        request_id: "a1f0c9d2-7b3e-4c58-8d16-0e9b5f2a7c41".parse().unwrap(),
        time: at(1_772_618_281),
        event_name: "CreateKey",
        is_read_only: false,
        outcome: Outcome::Success(&response),
        ..encrypt(&caller, &region, &parameters, &*KEY)
    };
    assert_golden(&line(&call, &only_copy("3c8e1b7a-52d4-4f09-a6c3-9d0f7e2b1a58")), 2);
}

fn key_metadata(o: &mut JsonObject<'_>) {
    o.text("aWSAccountId", "111122223333");
    o.display("keyId", key_arn().key_id);
    o.display("arn", key_arn());
    o.display("creationDate", java_date(at(1_772_618_281)));
    o.boolean("enabled", true);
    o.text("description", "");
    o.text("keyUsage", "ENCRYPT_DECRYPT");
    o.text("keyState", "Enabled");
    o.text("origin", "AWS_KMS");
    o.text("keyManager", "CUSTOMER");
    o.text("customerMasterKeySpec", "SYMMETRIC_DEFAULT");
    o.text("keySpec", "SYMMETRIC_DEFAULT");
    o.texts("encryptionAlgorithms", ["SYMMETRIC_DEFAULT"]);
    o.boolean("multiRegion", false);
}

#[test]
fn schedule_key_deletion_is_recorded_with_its_date_as_in_the_sample() {
    let (caller, region) = (dana(), region());
    let parameters = fragment(|o| {
        o.integer("pendingWindowInDays", 30);
        o.display("keyId", key_arn().key_id);
    });
    let response = fragment(|o| {
        o.display("keyId", key_arn());
        o.text("keyState", "PendingDeletion");
        o.display("deletionDate", java_date(at(1_772_620_304).plus_days(30)));
        o.integer("pendingWindowInDays", 30);
    });
    let call = ApiCall {
        client: Client { tls: None, user_agent: None, ..client("198.51.100.24", "") },
        invoked_by: None,
        request_id: "d27e4b90-1c6f-4a35-9b08-f3a5c7e1d862".parse().unwrap(),
        time: at(1_772_620_304),
        event_name: "ScheduleKeyDeletion",
        is_read_only: false,
        outcome: Outcome::Success(&response),
        ..encrypt(&caller, &region, &parameters, &*KEY)
    };
    assert_golden(&line(&call, &only_copy("8b5f0a3c-e917-4d26-b4c8-1f6a2d9e7035")), 3);
}

#[test]
fn an_alias_operation_names_the_alias_before_the_key() {
    let (caller, region) = (dana(), region());
    let parameters = fragment(|o| {
        o.text("aliasName", "alias/backups");
        o.display("targetKeyId", key_arn().key_id);
    });
    let response = fragment(|o| o.display("keyId", key_arn()));
    let KeyArn { partition, region: of_key, account, .. } = key_arn();
    let name = "alias/backups".parse().unwrap();
    let alias = Resource::Alias(AliasArn { partition, region: of_key, account, name });
    let resources = [alias, Resource::Key(key_arn())];
    let call = ApiCall {
        client: client("2001:db8::7", CLI),
        invoked_by: None,
        request_id: "6f9d2c81-3a7b-4e50-95d4-b8c1e0f7a263".parse().unwrap(),
        event_name: "CreateAlias",
        is_read_only: false,
        outcome: Outcome::Success(&response),
        ..encrypt(&caller, &region, &parameters, &resources)
    };
    assert_golden(&line(&call, &only_copy("e04a7d19-8c2b-4f63-a1e5-7b9c3d0f5182")), 4);
}

#[test]
fn the_owner_of_a_key_learns_only_account_and_principal_of_a_foreign_caller() {
    let (caller, region) = (root("444455556666", "AKIAZX4QRN8EXAMPLE04"), region());
    let parameters = fragment(|o| {
        o.text("encryptionAlgorithm", "SYMMETRIC_DEFAULT");
        o.display("keyId", key_arn());
        o.text_map("encryptionContext", [("Tenant", "blue")]);
    });
    let additional = fragment(|o| o.text("keyMaterialId", MATERIAL));
    let mut client = client(
        "203.0.113.77",
        "aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.25.1 api/kms#1.45.6",
    );
    let tls = client.tls.as_mut().unwrap();
    tls.cipher_suite = "TLS_AES_128_GCM_SHA256";
    tls.key_exchange = None;
    let call = ApiCall {
        client,
        invoked_by: None,
        request_id: "8c7b1f0e-44d5-4c59-9b9d-2a30e9f7d618".parse().unwrap(),
        time: at(1_772_621_119),
        event_name: "Decrypt",
        additional_event_data: &additional,
        ..encrypt(&caller, &region, &parameters, &*KEY)
    };
    let shared_event_id = "d3f0c2b7-6a18-4f7e-9c05-8e1b2a4d7f36".parse().ok();
    let callers = Delivery {
        event_id: "1e7a5b6c-90d3-4e2f-8b14-d5c6a7f80912".parse().unwrap(),
        recipient: caller.account,
        shared_event_id,
    };
    let owners = Delivery { shared_event_id, ..only_copy("f2a9d8c1-3b47-4e60-a5d9-7c1e0b2f4a83") };
    assert_golden(&line(&call, &callers), 5);
    assert_golden(&line(&call, &owners), 6);
}

#[test]
fn service_events_are_recorded_as_in_the_sample() {
    let (region, resource) = (region(), Resource::Key(key_arn()));
    let details = fragment(|o| {
        o.text("rotationType", "AUTOMATIC");
        o.text("keyOrigin", "AWS_KMS");
        o.text("previousKeyMaterialId", MATERIAL);
        o.text(
            "currentKeyMaterialId",
            "b81e25f7c04d4a6993d07f6be15c82a4f0c9d3e76218ab5f4d7092e6c3b15a0f",
        );
        o.display("keyId", key_arn().key_id);
    });
    let rotation = ServiceEvent {
        event_id: "27d1b0f4-8e6a-4f0c-9b3d-5a6c7e8f9012".parse().unwrap(),
        account: account(),
        time: at(1_772_622_153),
        event_name: "RotateKey",
        region: &region,
        details: &details,
        additional_event_data: Fragment::EMPTY,
        resource: &resource,
        call: None,
    };
    let deletion = ServiceEvent {
        event_id: "52c9e7f1-0b4d-4a86-93e2-d8f1a6b7c035".parse().unwrap(),
        time: at(1_775_212_304),
        event_name: "DeleteKey",
        details: Fragment::EMPTY,
        ..rotation.clone()
    };
    for (number, event) in [(7, rotation), (8, deletion)] {
        let mut to = Vec::new();
        event.write(&mut to);
        assert_golden(str::from_utf8(&to).unwrap(), number);
    }
}

#[test]
fn the_copy_of_shared_material_is_recorded_as_a_call_of_the_service() {
    let response_elements = fragment(|o| o.display("keyId", key_arn()));
    let call = InternalCall {
        request_id: "9a1f0c35-7d2b-4e8c-b0f4-3c6d5e7f8a91".parse().unwrap(),
        response_elements: &response_elements,
    };
    let event = ServiceEvent {
        event_id: "27d1b0f4-8e6a-4f0c-9b3d-5a6c7e8f9012".parse().unwrap(),
        account: account(),
        time: at(1_772_622_153),
        event_name: "SynchronizeMultiRegionKey",
        region: &region(),
        details: Fragment::EMPTY,
        additional_event_data: Fragment::EMPTY,
        resource: &Resource::Key(key_arn()),
        call: Some(call),
    };
    let mut line = Vec::new();
    event.write(&mut line);
    let expected = concat!(
        r#"{"eventVersion":"1.11","userIdentity":{"accountId":"111122223333","#,
        r#""invokedBy":"AWS Internal"},"eventTime":"2026-03-04T11:02:33Z","#,
        r#""eventSource":"kms.amazonaws.com","eventName":"SynchronizeMultiRegionKey","#,
        r#""awsRegion":"us-west-2","sourceIPAddress":"AWS Internal","userAgent":"AWS Internal","#,
        r#""requestParameters":null,"responseElements":{"keyId":"arn:aws:kms:us-west-2:"#,
        r#"111122223333:key/0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60"},"#,
        r#""requestID":"9a1f0c35-7d2b-4e8c-b0f4-3c6d5e7f8a91","#,
        r#""eventID":"27d1b0f4-8e6a-4f0c-9b3d-5a6c7e8f9012","readOnly":false,"#,
        r#""resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"arn:aws:kms:"#,
        r#"us-west-2:111122223333:key/0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60"}],"#,
        r#""eventType":"AwsApiCall","managementEvent":true,"#,
        r#""recipientAccountId":"111122223333","eventCategory":"Management"}"#,
    );
    assert_eq!(str::from_utf8(&line).unwrap(), expected);
}

#[test]
fn a_call_the_service_makes_for_a_caller_names_both_and_nothing_of_the_client() {
    let record = record(|call| ApiCall { invoked_by: Some(INTERNAL), ..call });
    assert_eq!(record["userIdentity"]["type"], "Root");
    assert_eq!(record["userIdentity"]["invokedBy"], "AWS Internal");
    assert_eq!(record["sourceIPAddress"], "AWS Internal");
    assert_eq!(record["userAgent"], "AWS Internal");
    assert_eq!(record.get("tlsDetails"), None);
}

#[test]
fn an_operators_command_is_recorded_with_who_gave_it_and_why_it_failed() {
    let mut request_parameters = Fragment::default();
    request_parameters.add().text("accountId", "111122223333");
    let done = OperatorEvent {
        event_id: "27d1b0f4-8e6a-4f0c-9b3d-5a6c7e8f9012".parse().unwrap(),
        account: account(),
        time: at(1_772_622_153),
        event_name: "CreateAccount",
        region: &region(),
        operator: "uid 1000",
        request_parameters: &request_parameters,
        failure: None,
    };
    let mut line = Vec::new();
    done.write(&mut line);
    let expected = concat!(
        r#"{"eventVersion":"1.11","userIdentity":{"accountId":"111122223333","#,
        r#""invokedBy":"uid 1000"},"eventTime":"2026-03-04T11:02:33Z","eventSource":"keyward","#,
        r#""eventName":"CreateAccount","awsRegion":"us-west-2","sourceIPAddress":"localhost","#,
        r#""requestParameters":{"accountId":"111122223333"},"responseElements":null,"#,
        r#""eventID":"27d1b0f4-8e6a-4f0c-9b3d-5a6c7e8f9012","readOnly":false,"#,
        r#""eventType":"AwsServiceEvent","managementEvent":true,"#,
        r#""recipientAccountId":"111122223333","eventCategory":"Management"}"#,
    );
    assert_eq!(str::from_utf8(&line).unwrap(), expected);

    let mut line = Vec::new();
    OperatorEvent { failure: Some("account 111122223333 exists already"), ..done }.write(&mut line);
    let record: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(record["errorCode"], "CommandFailed");
    assert_eq!(record["errorMessage"], "account 111122223333 exists already");
}

/// The record of a call with these parts, as a value.
fn record(change: impl for<'a> FnOnce(ApiCall<'a>) -> ApiCall<'a>) -> Value {
    let (caller, region) = (dana(), region());
    let call = change(encrypt(&caller, &region, Fragment::EMPTY, &[]));
    let line = line(&call, &only_copy("c7d2f4b1-6f3e-4b7c-8a55-19e0b3d6c842"));
    assert!(line.len() <= RECORD_BYTES_MAX);
    serde_json::from_str(&line).unwrap()
}

#[test]
fn nothing_to_say_is_null_and_no_resources_is_not_an_absent_member() {
    let empty = record(|call| call);
    assert_eq!(empty["requestParameters"], Value::Null);
    assert_eq!(empty["responseElements"], Value::Null);
    assert_eq!(empty["resources"], json!([]));
    assert!(empty.as_object().unwrap().contains_key("requestParameters"));
    assert_eq!(empty.get("additionalEventData"), None);
    assert_eq!(empty.get("errorCode"), None);
    assert_eq!(record(|call| ApiCall { resources: None, ..call }).get("resources"), None);
}

#[test]
fn only_the_authorization_failure_changes_its_name() {
    let failed = |code| {
        record(|call| {
            let outcome = Outcome::Failure { code, message: None };
            ApiCall { outcome, ..call }
        })
    };
    assert_eq!(failed("AccessDeniedException")["errorCode"], "AccessDenied");
    let invalid = failed("InvalidCiphertextException");
    assert_eq!(invalid["errorCode"], "InvalidCiphertextException");
    assert_eq!(invalid.get("errorMessage"), None);
}

#[test]
fn texts_of_the_client_are_cut_between_characters() {
    let long = format!("{}é{}", "a".repeat(1023), "b".repeat(5000));
    let (caller, region) = (dana(), region());
    let tls = client("::1", "").tls.map(|tls| TlsDetails { host_header: Some(&long), ..tls });
    let call = ApiCall {
        client: Client { user_agent: Some(&long), tls, ..client("::1", "") },
        outcome: Outcome::Failure { code: "X", message: Some(&long) },
        ..encrypt(&caller, &region, Fragment::EMPTY, &[])
    };
    let line = line(&call, &only_copy("c7d2f4b1-6f3e-4b7c-8a55-19e0b3d6c842"));
    let read: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["userAgent"], "a".repeat(1023));
    assert_eq!(read["errorMessage"], "a".repeat(1023));
    assert_eq!(read["tlsDetails"]["clientProvidedHostHeader"], "a".repeat(1023));
}

#[test]
fn a_mapped_address_is_written_as_ipv4() {
    let source_ip: IpAddr = "::ffff:198.51.100.24".parse().unwrap();
    let record = record(|call| ApiCall { client: Client { source_ip, ..call.client }, ..call });
    assert_eq!(record["sourceIPAddress"], "198.51.100.24");
}

fn filled(bytes: usize) -> Fragment {
    fragment(|o| o.text("p", &"x".repeat(bytes - r#"{"p":""}"#.len())))
}

/// The record of a call that shows this much.
fn record_of(parameters: usize, response: usize, additional: usize, message: &str) -> Value {
    let [parameters, response, additional] = [parameters, response, additional].map(filled);
    let (caller, region) = (dana(), region());
    let call = ApiCall {
        outcome: if message.is_empty() {
            Outcome::Success(&response)
        } else {
            Outcome::Failure { code: "X", message: Some(message) }
        },
        additional_event_data: &additional,
        ..encrypt(&caller, &region, &parameters, &[])
    };
    let line = line(&call, &only_copy("c7d2f4b1-6f3e-4b7c-8a55-19e0b3d6c842"));
    assert!(line.len() <= RECORD_BYTES_MAX);
    serde_json::from_str(&line).unwrap()
}

#[test]
fn a_member_over_its_own_limit_is_left_out() {
    let kib = 1024;
    let fits = record_of(100 * kib, 100 * kib, 28 * kib, "");
    assert!(fits["requestParameters"].is_object());
    assert!(fits["responseElements"].is_object());
    assert!(fits["additionalEventData"].is_object());
    let over = record_of(100 * kib + 1, 100 * kib + 1, 28 * kib + 1, "");
    assert_eq!(over["requestParameters"], Value::Null);
    assert_eq!(over["responseElements"], Value::Null);
    assert_eq!(over.get("additionalEventData"), None);
}

#[test]
fn a_record_over_the_limit_loses_members_in_the_order_of_the_rule() {
    let mut to = b"before".to_vec();
    write_to_fit(&mut to, |to, cut| {
        let spared = Member::CUT_ORDER.iter().filter(|member| cut.spares(**member)).count();
        to.extend(vec![b'x'; (RECORD_BYTES_MAX / 4) * spared]);
    });
    assert_eq!(to.len(), "before".len() + RECORD_BYTES_MAX);
    for (at, member) in Member::CUT_ORDER.into_iter().enumerate() {
        assert!(Cut(None).spares(member));
        let cut = Cut(Some(member));
        let spared = Member::CUT_ORDER.into_iter().filter(|member| cut.spares(*member));
        assert!(spared.eq(Member::CUT_ORDER.into_iter().skip(at + 1)));
    }
}

#[test]
fn the_members_cut_are_absent_or_null() {
    let (caller, region) = (dana(), region());
    let (some, outcome) = (filled(20), Outcome::Failure { code: "X", message: Some("y") });
    let call =
        ApiCall { outcome, additional_event_data: &some, ..encrypt(&caller, &region, &some, &[]) };
    let cut = |member| {
        let mut to = Vec::new();
        call.write_cut(&only_copy("c7d2f4b1-6f3e-4b7c-8a55-19e0b3d6c842"), Cut(member), &mut to);
        serde_json::from_slice::<Value>(&to).unwrap()
    };
    let members = [
        "requestID",
        "additionalEventData",
        "userAgent",
        "errorCode",
        "requestParameters",
        "errorMessage",
    ];
    for name in members {
        assert!(!cut(None)[name].is_null(), "{name}");
        assert!(cut(Some(Member::ErrorMessage))[name].is_null(), "{name}");
    }
    assert!(cut(Some(Member::ErrorMessage)).as_object().unwrap().contains_key("requestParameters"));
    assert!(cut(Some(Member::RequestId)).get("requestID").is_none());
    assert!(cut(Some(Member::RequestId)).get("additionalEventData").is_some());
}

proptest! {
    #[test]
    fn any_call_is_one_line_of_json(text in any::<String>(), id in any::<u128>(), ms in any::<i64>()) {
        let (caller, region) = (dana(), region());
        let parameters = fragment(|o| o.text_map("encryptionContext", [(text.as_str(), text.as_str())]));
        let client = Client { user_agent: Some(&text), ..client("198.51.100.24", "") };
        let outcome = Outcome::Failure { code: "X", message: Some(&text) };
        let time = Timestamp::from_unix_ms(ms);
        let call = ApiCall { client, time, outcome, ..encrypt(&caller, &region, &parameters, &[]) };
        let delivery = Delivery { event_id: Uuid::from_u128(id), ..only_copy("c7d2f4b1-6f3e-4b7c-8a55-19e0b3d6c842") };
        let line = line(&call, &delivery);
        prop_assert!(!line.contains('\n'));
        let read: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&read["requestParameters"]["encryptionContext"][&text], &json!(text));
        prop_assert_eq!(&read["eventID"], &json!(Uuid::from_u128(id).to_string()));
        if text.len() <= 1024 {
            prop_assert_eq!(&read["errorMessage"], &json!(text));
        }
    }
}

/// `userIdentity` of a caller's own copy.
fn user_identity(caller: &Caller) -> Value {
    let (region, parameters) = (region(), Fragment::default());
    let call = encrypt(caller, &region, &parameters, &[]);
    let written = line(&call, &only_copy("c7d2f4b1-6f3e-4b7c-8a55-19e0b3d6c842"));
    serde_json::from_str::<Value>(&written).unwrap()["userIdentity"].clone()
}

fn identity(prefix: &str, name: &str) -> Identity {
    let unique_id = format!("{prefix}5EXAMPLE5EXAMPLE5").replace('E', "F").parse().unwrap();
    Identity { path: "/team/".to_owned(), name: name.to_owned(), unique_id }
}

fn session() -> Session {
    Session {
        issued_at: at(1_772_618_400),
        expires_at: at(1_772_622_000),
        mfa_authenticated_at: None,
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        source_identity: None,
        policies: None,
        policy_arns: Vec::new(),
        federation: None,
    }
}

#[test]
fn a_user_is_told_by_name_and_only_a_temporary_credential_has_a_session() {
    let user = Principal::User(identity("AIDA", "alice"));
    let mut caller = Caller { principal: user, ..dana() };
    let mut expected = serde_json::json!({
        "type": "IAMUser",
        "principalId": "AIDA5FXAMPLF5FXAMPLF5",
        "arn": "arn:aws:iam::111122223333:user/team/alice",
        "accountId": "111122223333",
        "accessKeyId": "AKIAKW7PLMQ3EXAMPLE1",
        "userName": "alice",
    });
    assert_eq!(user_identity(&caller), expected);
    caller.session = Some(Session { mfa_authenticated_at: Some(at(0)), ..session() });
    expected["sessionContext"] = serde_json::json!({
        "attributes": { "creationDate": "2026-03-04T10:00:00Z", "mfaAuthenticated": "true" },
    });
    assert_eq!(user_identity(&caller), expected);
}

#[test]
fn a_roles_session_names_its_role_its_source_and_its_provider() {
    let role = identity("AROA", "app");
    let federation = Federation {
        provider: "arn:aws:iam::111122223333:oidc-provider/idp.example.com".to_owned(),
        claims: vec![("idp.example.com:sub".to_owned(), vec!["repo".to_owned()])],
    };
    let session = Session {
        source_identity: Some("alice".to_owned()),
        federation: Some(federation),
        ..session()
    };
    let caller = Caller {
        principal: Principal::AssumedRole { role, session_name: "s-1".to_owned() },
        session: Some(session),
        ..dana()
    };
    let expected = serde_json::json!({
        "type": "AssumedRole",
        "principalId": "AROA5FXAMPLF5FXAMPLF5:s-1",
        "arn": "arn:aws:sts::111122223333:assumed-role/app/s-1",
        "accountId": "111122223333",
        "accessKeyId": "AKIAKW7PLMQ3EXAMPLE1",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROA5FXAMPLF5FXAMPLF5",
                "arn": "arn:aws:iam::111122223333:role/team/app",
                "accountId": "111122223333",
                "userName": "app",
            },
            "webIdFederationData": {
                "federatedProvider": "arn:aws:iam::111122223333:oidc-provider/idp.example.com",
                "attributes": { "idp.example.com:sub": "repo" },
            },
            "attributes": { "creationDate": "2026-03-04T10:00:00Z", "mfaAuthenticated": "false" },
            "sourceIdentity": "alice",
        },
    });
    assert_eq!(user_identity(&caller), expected);
}

#[test]
fn a_federated_user_names_the_root_user_or_the_user_that_vouched_for_it() {
    let name = "bob".to_owned();
    let of = |user| Principal::FederatedUser { name: name.clone(), user };
    let caller = |user| Caller { principal: of(user), session: Some(session()), ..dana() };
    let by_root = user_identity(&caller(None));
    assert_eq!(by_root["principalId"], "111122223333:bob");
    assert_eq!(by_root["sessionContext"]["sessionIssuer"]["type"], "Root");
    let issuer = &user_identity(&caller(Some(identity("AIDA", "alice"))))["sessionContext"];
    assert_eq!(issuer["sessionIssuer"]["type"], "IAMUser");
    assert_eq!(issuer["sessionIssuer"]["userName"], "alice");
}

#[test]
fn a_service_stands_in_the_place_of_the_client() {
    let service = ServicePrincipal {
        name: "backup.amazonaws.com".to_owned(),
        source_arn: None,
        source_account: None,
    };
    let as_itself = Caller { principal: Principal::Service(service), ..dana() };
    let expected = serde_json::json!({ "type": "AWSService", "invokedBy": "backup.amazonaws.com" });
    assert_eq!(user_identity(&as_itself), expected);
    let scoped = ServicePrincipal {
        name: "backup.amazonaws.com".to_owned(),
        source_arn: Some("arn:aws:backup:us-east-1:111122223333:backup-vault:v".to_owned()),
        source_account: Some(account()),
    };
    let scoped = Caller { principal: Principal::Service(scoped), ..dana() };
    let expected = serde_json::json!({
        "type": "AWSService",
        "invokedBy": "backup.amazonaws.com",
        "inScopeOf": {
            "sourceArn": "arn:aws:backup:us-east-1:111122223333:backup-vault:v",
            "sourceAccount": "111122223333",
        },
    });
    assert_eq!(user_identity(&scoped), expected);

    for (caller, name) in [
        (as_itself, "backup.amazonaws.com"),
        (Caller { invoked_by: Some("s3.amazonaws.com".to_owned()), ..dana() }, "s3.amazonaws.com"),
    ] {
        let (region, parameters) = (region(), Fragment::default());
        let call = encrypt(&caller, &region, &parameters, &[]);
        assert!(call.client.tls.is_some());
        let written = line(&call, &only_copy("c7d2f4b1-6f3e-4b7c-8a55-19e0b3d6c842"));
        let record: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(record["userIdentity"]["invokedBy"], name);
        assert_eq!(record["sourceIPAddress"], name);
        assert_eq!(record["userAgent"], name);
        assert_eq!(record.get("tlsDetails"), None);
        assert_eq!(written.matches("invokedBy").count(), 1);
    }
}

#[test]
fn a_web_identity_has_no_account() {
    let identity = WebIdentity {
        provider: "arn:aws:iam::111122223333:oidc-provider/idp.example.com".to_owned(),
        audience: "kms".to_owned(),
        subject: "repo".to_owned(),
    };
    let caller = Caller { principal: Principal::WebIdentity(identity), ..dana() };
    let expected = serde_json::json!({
        "type": "WebIdentityUser",
        "principalId": "arn:aws:iam::111122223333:oidc-provider/idp.example.com:kms:repo",
        "userName": "repo",
        "identityProvider": "arn:aws:iam::111122223333:oidc-provider/idp.example.com",
    });
    assert_eq!(user_identity(&caller), expected);
}

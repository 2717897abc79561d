//! Which events are wanted.

use keyward_audit::Event;
use keyward_model::{AccountId, Region, Timestamp};
use uuid::Uuid;

use super::details::Details;

/// Which events are wanted: those that everything given here holds for. Texts are compared exactly,
/// as LookupEvents does.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `eventName`: any of these.
    pub event_names: Vec<String>,
    /// `eventSource`.
    pub event_source: Option<String>,
    /// `recipientAccountId`: any of these.
    pub accounts: Vec<AccountId>,
    /// `awsRegion`: any of these.
    pub regions: Vec<Region>,
    /// A key by its id, its ARN, or an alias, as a resource or as the request named it.
    pub key: Option<String>,
    /// The user's name, the name of a role's session, or `root`.
    pub user: Option<String>,
    /// The caller, by the ARN of the user, session or role, or by unique id.
    pub principal: Option<String>,
    /// `userIdentity.accessKeyId`.
    pub access_key_id: Option<String>,
    /// `eventID`.
    pub event_id: Option<Uuid>,
    /// `requestID`.
    pub request_id: Option<Uuid>,
    /// How it ended.
    pub outcome: OutcomeFilter,
    /// `sourceIPAddress`.
    pub source_ip: Option<String>,
    /// `readOnly`.
    pub is_read_only: Option<bool>,
    /// Not before, in whole seconds.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
}

/// How an event ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OutcomeFilter {
    /// However.
    #[default]
    Any,
    /// In any error.
    AnyError,
    /// In this error. `AccessDenied`, the record's word, is found as `AccessDeniedException` as well.
    Error(String),
}

impl Filter {
    /// The record, if it is wanted.
    pub fn matching<'r>(&self, record: &'r [u8]) -> Option<Event<'r>> {
        let event = Event::read(record)?;
        self.matches(&event, record).then_some(event)
    }

    /// Whether the event of this record is wanted.
    pub(super) fn matches(&self, event: &Event<'_>, record: &[u8]) -> bool {
        self.takes_event(event) && self.takes_details(event, record)
    }

    fn takes_event(&self, event: &Event<'_>) -> bool {
        any_of(&self.event_names, |name| *name == event.name)
            && any_of(&self.accounts, |account| account.as_str() == event.account)
            && any_of(&self.regions, |region| region.as_str() == event.region)
            && is(self.event_source.as_deref(), Some(&event.source))
            && is(self.user.as_deref(), event.username.as_deref())
            && is(self.access_key_id.as_deref(), event.access_key_id.as_deref())
            && self.event_id.is_none_or(|id| id == event.id)
            && self.is_read_only.is_none_or(|wanted| event.is_read_only == Some(wanted))
            && self.since.is_none_or(|since| event.time.unix_s() >= since.unix_s())
            && self.until.is_none_or(|until| event.time <= until)
    }

    /// The rest of the record is read only if something asks for it.
    fn takes_details(&self, event: &Event<'_>, record: &[u8]) -> bool {
        let asks = self.key.is_some()
            || self.principal.is_some()
            || self.request_id.is_some()
            || self.source_ip.is_some()
            || self.outcome != OutcomeFilter::Any;
        if !asks {
            return true;
        }
        let Some(details) = Details::read(record) else { return false };
        let request_id = details.request_id.as_deref().and_then(|id| Uuid::parse_str(id).ok());
        self.request_id.is_none_or(|id| Some(id) == request_id)
            && is(self.source_ip.as_deref(), details.source_ip_address.as_deref())
            && self.outcome.takes(details.error_code.as_deref())
            && self.principal.as_deref().is_none_or(|wanted| is_caller(wanted, &details))
            && self.key.as_deref().is_none_or(|wanted| is_about(wanted, event, &details))
    }
}

impl OutcomeFilter {
    fn takes(&self, error_code: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::AnyError => error_code.is_some(),
            Self::Error(wanted) => error_code.is_some_and(|code| {
                code == wanted
                    || (code, wanted.as_str()) == ("AccessDenied", "AccessDeniedException")
            }),
        }
    }
}

/// Nothing wanted is anything.
fn any_of<T>(wanted: &[T], is: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(is)
}

fn is(wanted: Option<&str>, value: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| value == Some(wanted))
}

fn is_caller(wanted: &str, details: &Details<'_>) -> bool {
    let caller = &details.user_identity;
    let id = caller.principal_id.as_deref();
    // A session's id is that of its role, a colon and the session's name.
    let role_id = id.and_then(|id| id.split_once(':')).map(|(role, _)| role);
    [caller.arn.as_deref(), id, role_id, caller.issuer_arn(), caller.invoked_by.as_deref()]
        .contains(&Some(wanted))
}

fn is_about(wanted: &str, event: &Event<'_>, details: &Details<'_>) -> bool {
    event.resources.iter().filter_map(|it| it.arn.as_deref()).any(|arn| names(arn, wanted))
        || details.named_keys().any(|name| names(&name, wanted))
}

/// Whether a text that names a key, an ARN perhaps, names what is wanted: the same, or its last part.
fn names(name: &str, wanted: &str) -> bool {
    match name.strip_suffix(wanted) {
        Some("") => true,
        Some(head) if wanted.starts_with("alias/") => head.ends_with(':'),
        Some(head) => head.ends_with(":key/"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{KEY, record};
    use super::*;

    fn takes(filter: &Filter, record: &[u8]) -> bool {
        filter.matching(record).is_some()
    }

    fn with(change: impl FnOnce(&mut Filter)) -> Filter {
        let mut filter = Filter::default();
        change(&mut filter);
        filter
    }

    #[test]
    fn what_is_no_record_is_never_wanted() {
        assert!(!takes(&Filter::default(), b"{}"));
        assert!(!takes(&Filter::default(), b"half a li"));
    }

    #[test]
    fn each_condition_is_compared_with_its_own_member() {
        type Set = fn(&mut Filter, String);
        let conditions: [(Set, &str, &str); 9] = [
            (|it, value| it.event_names = vec!["X".into(), value], "Encrypt", "Decrypt"),
            (|it, value| it.event_source = Some(value), "kms.amazonaws.com", "iam.amazonaws.com"),
            (
                |it, value| it.accounts = vec![value.parse().unwrap()],
                "111122223333",
                "444455556666",
            ),
            (|it, value| it.regions = vec![value.parse().unwrap()], "us-west-2", "us-east-1"),
            (|it, value| it.user = Some(value), "dana", "Dana"),
            (|it, value| it.access_key_id = Some(value), "AKIAKW7PLMQ3EXAMPLE1", "AKIAKW7"),
            (|it, value| it.source_ip = Some(value), "198.51.100.24", "198.51.100.2"),
            (
                |it, value| it.event_id = Some(value.parse().unwrap()),
                "6f3b2c1d-0000-4000-8000-000000000001",
                "6f3b2c1d-0000-4000-8000-000000000002",
            ),
            (
                |it, value| it.request_id = Some(value.parse().unwrap()),
                "5b1e8a50-0000-4000-8000-000000000001",
                "5b1e8a50-0000-4000-8000-000000000002",
            ),
        ];
        let it = record(1, "");
        for (set, value, other) in conditions {
            assert!(takes(&with(|filter| set(filter, value.to_owned())), &it), "{value}");
            assert!(!takes(&with(|filter| set(filter, other.to_owned())), &it), "{other}");
        }
    }

    #[test]
    fn a_key_is_found_by_id_arn_and_alias() {
        let it = record(1, "");
        let arn = format!("arn:aws:kms:us-west-2:111122223333:key/{KEY}");
        for key in [KEY, &arn, "alias/app", "arn:aws:kms:us-west-2:111122223333:alias/app"] {
            let is_alias_arn = key.starts_with("arn") && key.contains("alias");
            let filter = with(|filter| filter.key = Some(key.to_owned()));
            // The record has the alias as the request did: by its name alone.
            assert_eq!(takes(&filter, &it), !is_alias_arn, "{key}");
        }
        for key in ["app", "alias/ap", "00", "key/", "", "secret"] {
            assert!(!takes(&with(|filter| filter.key = Some(key.to_owned())), &it), "{key}");
        }
        assert!(names("arn:aws:kms:us-west-2:111122223333:alias/a/b", "alias/a/b"));
        assert!(!names("arn:aws:kms:us-west-2:111122223333:alias/alias/b", "alias/b"));
    }

    #[test]
    fn a_caller_is_found_by_arn_id_and_role() {
        let session = r#"{"type":"AssumedRole","principalId":"AROA1:job","arn":"arn:aws:sts::111122223333:assumed-role/r/job","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/r"}}}"#;
        let it = String::from_utf8(record(1, "")).unwrap();
        let start = it.find(r#"{"type""#).unwrap();
        let end = it.find(r#","eventTime"#).unwrap();
        let it = [&it[..start], session, &it[end..]].concat();
        for (wanted, expected) in [
            ("arn:aws:sts::111122223333:assumed-role/r/job", true),
            ("arn:aws:iam::111122223333:role/r", true),
            ("AROA1:job", true),
            ("AROA1", true),
            ("job", false),
            ("AROA", false),
        ] {
            let filter = with(|filter| filter.principal = Some(wanted.to_owned()));
            assert_eq!(takes(&filter, it.as_bytes()), expected, "{wanted}");
        }
    }

    #[test]
    fn errors_are_any_or_one() {
        let denied = record(1, r#""errorCode":"AccessDenied","#);
        let error = |code: &str| OutcomeFilter::Error(code.to_owned());
        for (outcome, of_denied, of_success) in [
            (OutcomeFilter::Any, true, true),
            (OutcomeFilter::AnyError, true, false),
            (error("AccessDenied"), true, false),
            (error("AccessDeniedException"), true, false),
            (error("DisabledException"), false, false),
        ] {
            let filter = with(|filter| filter.outcome = outcome);
            assert_eq!(takes(&filter, &denied), of_denied);
            assert_eq!(takes(&filter, &record(1, "")), of_success);
        }
    }

    #[test]
    fn times_are_from_and_to_inclusive_in_whole_seconds() {
        let it = record(7, "");
        let at = Event::read(&it).unwrap().time;
        let ms = |ms: i64| Some(Timestamp::from_unix_ms(at.unix_ms() + ms));
        for (since, until, expected) in [
            (ms(0), ms(0), true),
            (ms(999), None, true),
            (ms(1000), None, false),
            (None, ms(-1), false),
        ] {
            let filter = Filter { since, until, ..Filter::default() };
            assert_eq!(takes(&filter, &it), expected);
        }
    }

    #[test]
    fn what_reads_and_what_writes_are_told_apart() {
        for wanted in [true, false] {
            let filter = with(|filter| filter.is_read_only = Some(wanted));
            assert_eq!(takes(&filter, &record(1, "")), wanted);
        }
    }
}

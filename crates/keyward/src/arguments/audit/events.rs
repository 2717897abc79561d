//! What can be typed of `keyward audit tail` and `keyward audit search`.

use std::time::Duration;

use clap::Args;
use keyward_model::{AccountId, Region, Timestamp};
use keyward_trail::search::{Filter, OutcomeFilter};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::super::{Directory, parse_time};

/// Show the newest events, and those that come
///
/// Reads the audit journal, where every request is on record before it is answered, of all accounts
/// and Regions. What is older than the journal is found with `search`. Works beside a running server
/// and without one, and changes nothing.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyward audit tail --data-dir ./kms                        the ten newest events
  keyward audit tail -f --data-dir ./kms                     and whatever comes
  keyward audit tail -f -n 0 --error AccessDenied            who is refused, as it happens
  keyward audit tail -n 1 --json --explain --error           the last failure, whole, and why
  keyward audit tail -f --json --write | jq .eventName       what is changed

Ends with Ctrl-C, or when nobody reads what it prints. Exit status: 0 done, 1 failed (the reason
is on stderr), 2 wrong usage.")]
pub(crate) struct AuditTail {
    #[command(flatten)]
    pub(crate) directory: Directory,
    /// How many of the newest events to begin with
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) lines: u32,
    /// Show what comes as well
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
    #[command(flatten)]
    pub(crate) filter: EventFilter,
}

/// Find events in the whole audit trail
///
/// Reads the delivered log files and what is in the journal alone: each event once, of all accounts and
/// Regions, oldest first. Works beside a running server and without one, changes nothing, and proves
/// nothing: whether files are as they were written is for `keyward audit verify` to say.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  keyward audit search --key alias/payments --since 24h --data-dir ./kms
  keyward audit search --event-name Decrypt --user dana --since 2026-03-04T00:00:00Z
  keyward audit search --error AccessDenied --since 2h --newest --limit 20
  keyward audit search --request-id 5b1e8a50-0b6f-4d0a-9c27-64c5f0a1d7e3 --explain
  keyward audit search --write --account 111122223333 --json > changes.jsonl
  keyward audit search --event-name DisableKey,ScheduleKeyDeletion --newest --limit 1

Everything given has to hold. Texts are compared exactly, as LookupEvents does: --user is the name
of a user, of a role's session, or `root`.

Exit status, as of grep: 0 something was found, 1 nothing was found, 2 something could not be read
(the reason is on stderr) or wrong usage.")]
pub(crate) struct AuditSearch {
    #[command(flatten)]
    pub(crate) directory: Directory,
    /// Show the newest events first
    #[arg(long)]
    pub(crate) newest: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
    #[command(flatten)]
    pub(crate) filter: EventFilter,
}

/// How events are shown.
#[derive(Args, Debug)]
pub(crate) struct Shown {
    /// Print whole records, one on each line, as accounts get them
    #[arg(long)]
    pub(crate) json: bool,
    /// Say why each request was allowed or refused, which accounts are never told. With --json it is
    /// the member `operatorNote`. The journal keeps it for some days
    #[arg(long)]
    pub(crate) explain: bool,
    /// Stop after so many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
}

/// Which events are wanted.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Which events")]
pub(crate) struct EventFilter {
    /// The operation, such as Decrypt; repeat it, or separate several by commas, for any of them
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) event_name: Vec<String>,
    /// The service, such as kms.amazonaws.com
    #[arg(long, value_name = "SOURCE")]
    pub(crate) event_source: Option<String>,
    /// A key by its id or ARN, or an alias as the request named it
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// The name of a user, of a role's session, or `root`
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The caller by ARN (user, role, session) or unique id, or the service that called
    #[arg(long, value_name = "ARN")]
    pub(crate) principal: Option<String>,
    /// The access key it was signed with
    #[arg(long, value_name = "ID")]
    pub(crate) access_key_id: Option<String>,
    /// The account whose log it is in; repeat it for more
    #[arg(long, value_name = "N")]
    pub(crate) account: Vec<AccountId>,
    /// The Region; repeat it for more
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Vec<Region>,
    /// The event with this id
    #[arg(long, value_name = "ID")]
    pub(crate) event_id: Option<Uuid>,
    /// The request with this id, which its reply has as x-amzn-RequestId
    #[arg(long, value_name = "ID")]
    pub(crate) request_id: Option<Uuid>,
    /// What failed; with this error, if one is named
    #[arg(long, value_name = "CODE", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "clap's way of an option with an optional value")]
    pub(crate) error: Option<Option<String>>,
    /// The client's address
    #[arg(long, value_name = "IP")]
    pub(crate) source_ip: Option<String>,
    /// What changes nothing; cryptography is among it
    #[arg(long, conflicts_with = "write")]
    pub(crate) read_only: bool,
    /// What changes something
    #[arg(long)]
    pub(crate) write: bool,
    /// Not before: 2026-03-04T10:00:00Z, or 30d, 2h, 90m, 45s ago
    #[arg(long, value_name = "TIME", value_parser = parse_when)]
    pub(crate) since: Option<When>,
    /// Not after
    #[arg(long, value_name = "TIME", value_parser = parse_when)]
    pub(crate) until: Option<When>,
}

/// A time as people tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    Ago(Duration),
}

fn parse_when(text: &str) -> Result<When, &'static str> {
    if let Ok(ago) = parse_time(text) {
        return Ok(When::Ago(ago));
    }
    let at = OffsetDateTime::parse(text, &Rfc3339).map_err(
        |_| "a time is 2026-03-04T10:00:00Z, or a number and `d`, `h`, `m` or `s` for ago",
    )?;
    let ms = i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000));
    ms.map(|ms| When::At(Timestamp::from_unix_ms(ms))).map_err(|_| "a time out of range")
}

impl When {
    fn timestamp(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => {
                let ms = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
                Timestamp::from_unix_ms(now.unix_ms().saturating_sub(ms))
            }
        }
    }
}

impl EventFilter {
    /// Whether no time is in the range asked for.
    pub(crate) fn is_impossible(&self, now: Timestamp) -> bool {
        let (since, until) = (self.since, self.until);
        let at = |when: Option<When>| when.map(|when| when.timestamp(now));
        at(since).zip(at(until)).is_some_and(|(since, until)| since.unix_s() > until.unix_s())
    }

    /// The filter, with times as they are now.
    pub(crate) fn at(&self, now: Timestamp) -> Filter {
        Filter {
            event_names: self.event_name.clone(),
            event_source: self.event_source.clone(),
            accounts: self.account.clone(),
            regions: self.region.clone(),
            key: self.key.clone(),
            user: self.user.clone(),
            principal: self.principal.clone(),
            access_key_id: self.access_key_id.clone(),
            event_id: self.event_id,
            request_id: self.request_id,
            outcome: match &self.error {
                None => OutcomeFilter::Any,
                Some(None) => OutcomeFilter::AnyError,
                Some(Some(code)) => OutcomeFilter::Error(code.clone()),
            },
            source_ip: self.source_ip.clone(),
            is_read_only: (self.read_only || self.write).then_some(self.read_only),
            since: self.since.map(|when| when.timestamp(now)),
            until: self.until.map(|when| when.timestamp(now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::super::{Arguments, Audit, Command};
    use super::*;

    fn search(typed: &[&str]) -> Result<Filter, clap::Error> {
        let typed = ["keyward", "audit", "search"].iter().chain(typed).map(OsString::from);
        match Arguments::of(typed)?.command {
            Command::Audit(Audit::Search(search)) => {
                Ok(search.filter.at(Timestamp::from_unix_ms(10_000_000)))
            }
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn a_time_is_a_date_or_so_long_ago() {
        let since = |text| search(&["--since", text]).map(|filter| filter.since.unwrap().unix_ms());
        assert_eq!(since("2h").unwrap(), 10_000_000 - 7_200_000);
        assert_eq!(since("1970-01-01T00:00:01.5Z").unwrap(), 1500);
        assert_eq!(since("1970-01-01T01:00:01+01:00").unwrap(), 1000);
        for text in ["", "yesterday", "2h ago", "2026-03-04", "-2h"] {
            assert!(since(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_may_be_named_or_not() {
        let outcome = |typed: &[&str]| search(typed).unwrap().outcome;
        assert_eq!(outcome(&[]), OutcomeFilter::Any);
        assert_eq!(outcome(&["--error"]), OutcomeFilter::AnyError);
        assert_eq!(outcome(&["--error", "--write"]), OutcomeFilter::AnyError);
        let named = OutcomeFilter::Error("AccessDenied".to_owned());
        assert_eq!(outcome(&["--error", "AccessDenied"]), named);
    }

    #[test]
    fn names_are_any_of_those_given() {
        let names = search(&["--event-name", "A,B", "--event-name", "C"]).unwrap().event_names;
        assert_eq!(names, ["A", "B", "C"]);
    }

    #[test]
    fn a_range_without_a_time_in_it_is_wrong_usage() {
        let exit_code = |command: &str, since: &str, until: &str| {
            let typed = ["keyward", "audit", command, "--since", since, "--until", until];
            Arguments::of(typed.map(OsString::from)).err().map(|refused| refused.exit_code())
        };
        for command in ["search", "tail"] {
            for (since, until, expected) in [
                ("1h", "2h", Some(2)),
                ("2026-03-04T10:00:01Z", "2026-03-04T10:00:00.9Z", Some(2)),
                ("1h", "2001-03-04T10:00:00Z", Some(2)),
                ("2h", "1h", None),
                ("2026-03-04T10:00:00.5Z", "2026-03-04T10:00:00.1Z", None),
                ("2001-03-04T10:00:00Z", "1s", None),
            ] {
                assert_eq!(exit_code(command, since, until), expected, "{since} {until}");
            }
        }
    }

    #[test]
    fn reading_and_writing_exclude_each_other() {
        assert_eq!(search(&["--read-only"]).unwrap().is_read_only, Some(true));
        assert_eq!(search(&["--write"]).unwrap().is_read_only, Some(false));
        assert_eq!(search(&[]).unwrap().is_read_only, None);
        assert_eq!(search(&["--read-only", "--write"]).unwrap_err().exit_code(), 2);
    }
}

//! The words and the JSON of an outcome.

use std::fmt::Write as _;

use keyward_audit::iso_date;
use keyward_store::JournalRange;
use keyward_trail::verify::{Damage, Finding, Severity, Summary, Unverified};
use serde_json::{Value, json};

pub(super) const NO_DATABASE: &str = "\
Verified without a database: a chain that lost its newest digests cannot be told from one that ends \
sooner.
";
pub(super) const NO_PASSPHRASE: &str = "\
Verified without the database, for its passphrase was not given: a chain that lost its newest \
digests cannot be told from one that ends sooner, and DIR/audit/public-keys.json was believed.
";

/// `3 errors`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// One line.
pub(super) fn of_finding(finding: &Finding) -> String {
    let Finding { scope, file, severity, .. } = finding;
    let place = match (file, scope) {
        (Some(file), _) => file.to_string(),
        (None, Some(scope)) => format!("account {}, {}", scope.account, scope.region),
        (None, None) => String::new(),
    };
    let separator = if place.is_empty() { "" } else { ": " };
    let (kind, words) = (word(*severity), finding.words());
    printable(&format!("{kind}: {place}{separator}{words}")) + "\n"
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Loss => "loss",
        Severity::Note => "note",
    }
}

/// Names that others chose, without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// What it came to.
pub(super) fn of_summary(summary: &Summary, note: Option<&str>) -> String {
    let Summary { digests_valid, digests_invalid, logs_valid, logs_invalid, .. } = *summary;
    let mut text = String::new();
    if let Some((from, to)) = summary.covered {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "Digests cover {} to {}", iso_date(from), iso_date(to));
    }
    if digests_valid + digests_invalid == 0 {
        text.push_str("No digests found\n");
    }
    for (valid, invalid, noun) in
        [(digests_valid, digests_invalid, "digest"), (logs_valid, logs_invalid, "log")]
    {
        let total = valid + invalid;
        if total > 0 {
            let _ = write!(text, "{valid}/{total} {noun} files valid");
            if invalid > 0 {
                let _ = write!(text, ", {invalid}/{total} {noun} files INVALID");
            }
            text.push('\n');
        }
    }
    for (number, words) in [
        (summary.logs_undigested, "in no digest yet; the database vouches for them"),
        (summary.logs_unchecked, "not verified: no valid digest lists them yet"),
        (summary.logs_removed, "removed because of their age"),
        (summary.journal_logs, "compared with the journal, which says the same"),
    ] {
        if number > 0 {
            let _ = writeln!(text, "{}: {words}", count(number, "log file"));
        }
    }
    text.push_str(note.unwrap_or_default());
    text
}

/// Why the trail is not valid, if it is not.
pub(super) fn shortcoming(summary: &Summary) -> Option<String> {
    if summary.errors > 0 {
        return Some(format!("the audit trail is NOT valid: {}", count(summary.errors, "error")));
    }
    if summary.losses > 0 {
        return Some(format!(
            "the audit trail is as it was delivered, and is not whole: it tells of {}; what is known \
             is left out by `--losses-known-until`",
            if summary.losses == 1 {
                "1 loss".to_owned()
            } else {
                format!("{} losses", summary.losses)
            }
        ));
    }
    let why = match summary.unverified? {
        Unverified::Nothing => "nothing was found of what was asked for".to_owned(),
        Unverified::NoDigests => "it has no digests that prove it".to_owned(),
        Unverified::LogFiles(number) => format!(
            "no digest lists {} yet; `--end-time` leaves out what is newer than the digests",
            count(number, "log file")
        ),
    };
    Some(format!("the audit trail cannot be verified: {why}"))
}

/// The outcome for programs.
pub(super) fn json(
    summary: &Summary,
    (findings, omitted): (&[Finding], u64),
    with_database: bool,
) -> Value {
    let covered = summary.covered.map(
        |(from, to)| json!({ "from": iso_date(from).to_string(), "to": iso_date(to).to_string() }),
    );
    json!({
        "isValid": summary.is_valid(),
        "reason": shortcoming(summary),
        "withDatabase": with_database,
        "chains": summary.chains,
        "digestFiles": { "valid": summary.digests_valid, "invalid": summary.digests_invalid },
        "logFiles": {
            "valid": summary.logs_valid,
            "invalid": summary.logs_invalid,
            "undigested": summary.logs_undigested,
            "unchecked": summary.logs_unchecked,
            "removed": summary.logs_removed,
            "comparedWithJournal": summary.journal_logs,
        },
        "errors": summary.errors,
        "losses": summary.losses,
        "covered": covered,
        "findings": findings.iter().map(json_of_finding).collect::<Vec<_>>(),
        "findingsOmitted": omitted,
    })
}

fn json_of_finding(finding: &Finding) -> Value {
    let Finding { scope, file, problem, kept, severity } = finding;
    let mut value = json!({
        "severity": word(*severity),
        "problem": problem.word(),
        "message": finding.words(),
    });
    let Value::Object(members) = &mut value else { return value };
    if let Some(scope) = scope {
        members.insert("accountId".to_owned(), json!(scope.account.as_str()));
        members.insert("region".to_owned(), json!(scope.region.as_str()));
    }
    if let Some(file) = file {
        if !file.bucket.is_empty() {
            members.insert("bucket".to_owned(), json!(file.bucket));
        }
        members.insert("object".to_owned(), json!(file.object));
    }
    if let Some(JournalRange { segment, from, to }) = problem.lines().or(*kept) {
        let lines = json!({ "segment": segment, "from": from, "to": to });
        members.insert("journalLines".to_owned(), lines);
    }
    if let Some(damage) = problem.damage() {
        members.extend(members_of_damage(damage));
    }
    value
}

/// Bytes count from 0. `firstBadByte` is exact; otherwise it is told between what it may be.
fn members_of_damage(damage: Damage) -> serde_json::Map<String, Value> {
    let value = match damage {
        Damage::Appended { offset } | Damage::Truncated { offset, .. } => {
            json!({ "firstBadByte": offset })
        }
        Damage::Block { from, to } => json!({ "firstBadByteMin": from, "firstBadByteMax": to - 1 }),
        Damage::Byte { offset, found, delivered } => {
            json!({ "firstBadByte": offset, "found": found, "delivered": delivered })
        }
        Damage::Json { offset } => json!({ "firstBadContentByte": offset }),
        Damage::Stream { offset } => json!({ "firstBadByteMax": offset }),
        Damage::Content | Damage::TooLong => json!({}),
    };
    match value {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use keyward_model::Timestamp;
    use keyward_trail::verify::{Address, Problem};

    use super::*;

    fn finding(problem: Problem) -> Finding {
        let file = Address { bucket: "b".to_owned(), object: "o\u{1b}[2J".to_owned() };
        let severity = if problem == Problem::Foreign { Severity::Note } else { Severity::Error };
        Finding { scope: None, file: Some(file), problem, kept: None, severity }
    }

    #[test]
    fn a_finding_is_one_line_that_no_name_can_break() {
        let damage = Damage::Byte { offset: 300, found: 0x1f, delivered: 0x0a };
        assert_eq!(
            of_finding(&finding(Problem::Damaged(damage))),
            "error: b/o\u{fffd}[2J: byte 300 was changed: it is 0x1f and was 0x0a\n"
        );
        assert!(of_finding(&finding(Problem::Foreign)).starts_with("note: "));
    }

    #[test]
    fn a_summary_counts_as_the_standard_client_does() {
        let at = Timestamp::from_unix_ms;
        let summary = Summary {
            digests_valid: 3,
            logs_valid: 5,
            logs_invalid: 1,
            logs_undigested: 1,
            covered: Some((at(0), at(3_600_000))),
            ..Summary::default()
        };
        assert_eq!(
            of_summary(&summary, None),
            "Digests cover 1970-01-01T00:00:00Z to 1970-01-01T01:00:00Z\n\
             3/3 digest files valid\n\
             5/6 log files valid, 1/6 log files INVALID\n\
             1 log file: in no digest yet; the database vouches for them\n"
        );
        assert_eq!(of_summary(&Summary::default(), None), "No digests found\n");
    }

    #[test]
    fn what_is_not_proved_is_said_not_to_be() {
        assert_eq!(shortcoming(&Summary::default()), None);
        for (unverified, words) in [
            (Unverified::Nothing, "nothing was found"),
            (Unverified::NoDigests, "no digests"),
            (Unverified::LogFiles(2), "2 log files"),
        ] {
            let summary = Summary { unverified: Some(unverified), ..Summary::default() };
            let said = shortcoming(&summary).unwrap();
            assert!(said.contains("cannot be verified") && said.contains(words), "{said}");
            let value = json(&summary, (&[], 0), false);
            assert_eq!((&value["isValid"], &value["reason"]), (&json!(false), &json!(said)));
            let summary = Summary { losses: 2, ..summary };
            assert!(shortcoming(&summary).unwrap().contains("not whole: it tells of 2 losses"));
            let summary = Summary { errors: 1, ..summary };
            assert!(shortcoming(&summary).unwrap().contains("NOT valid: 1 error"));
        }
    }

    #[test]
    fn json_names_the_first_bad_byte() {
        let damage = Damage::Byte { offset: 300, found: 31, delivered: 10 };
        let findings = [finding(Problem::Damaged(damage))];
        let value = json(&Summary { errors: 1, ..Summary::default() }, (&findings, 0), true);
        assert_eq!(value["isValid"], false);
        let found = &value["findings"][0];
        assert_eq!((&found["problem"], &found["firstBadByte"]), (&json!("edited"), &json!(300)));
        let kept = Some(JournalRange { segment: 3, from: 70, to: 900 });
        let found = json_of_finding(&Finding { kept, ..finding(Problem::Missing) });
        assert_eq!(found["journalLines"], json!({ "segment": 3, "from": 70, "to": 900 }));
        assert!(found["message"].as_str().unwrap().contains("still hold its content"));
        let damage = Damage::Block { from: 256, to: 512 };
        let found = json_of_finding(&finding(Problem::Damaged(damage)));
        assert_eq!(found["firstBadByteMax"], 511);
    }
}

//! `keyward policy check`: what the policy crate finds, for people or as JSON.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use keyward_policy::{
    Access, AccessEntry, DOCUMENT_BYTES_MAX, Effect, Finding, KeyPolicyReport, Purpose,
    check_key_policy,
};
use serde_json::{Value, json};

use super::super::{print, print_json};
use crate::arguments::PolicyCheck;

pub(super) fn run(arguments: &PolicyCheck) -> Result<()> {
    let account = arguments.account.map(|account| account.to_string());
    let report = check_key_policy(&read(&arguments.file)?, account.as_deref());
    if arguments.json {
        print_json(&as_json(&report))?;
    } else {
        print(&as_text(&report))?;
    }
    let errors = report.findings.iter().filter(|finding| finding.is_error()).count();
    let warnings = report.findings.len() - errors;
    if errors > 0 {
        bail!("the policy would be refused");
    }
    if arguments.strict && warnings > 0 {
        bail!("the policy has warnings");
    }
    Ok(())
}

/// A document beyond the longest that any operation takes is not read to its end.
fn read(path: &Path) -> Result<String> {
    let limit = u64::try_from(DOCUMENT_BYTES_MAX)?.saturating_add(1);
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text))
    };
    read.with_context(|| format!("could not read {}", path.display()))?;
    Ok(text)
}

fn as_json(report: &KeyPolicyReport) -> Value {
    let finding = |it: &Finding| {
        json!({
            "severity": severity(it),
            "statement": it.statement,
            "sid": it.sid,
            "message": it.problem.to_string(),
        })
    };
    let access = |it: &Access| {
        let statements: Vec<_> = it.entries.iter().map(entry_as_json).collect();
        json!({ "principal": it.principal, "statements": statements })
    };
    json!({
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "access": report.access.iter().map(access).collect::<Vec<_>>(),
    })
}

fn entry_as_json(entry: &AccessEntry) -> Value {
    let mut value = json!({
        "statement": entry.statement,
        "effect": entry.effect.name(),
        "conditions": entry.conditions,
    });
    if let Value::Object(members) = &mut value {
        for purpose in Purpose::ALL {
            let actions = entry.actions.iter().filter(|action| action.purpose == purpose);
            let names: Vec<_> = actions.map(|action| action.name).collect();
            members.insert(word(purpose).to_owned(), json!(names));
        }
    }
    value
}

fn severity(finding: &Finding) -> &'static str {
    if finding.is_error() { "error" } else { "warning" }
}

fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Administer => "administer",
        Purpose::Use => "use",
        Purpose::Grant => "grant",
        Purpose::View => "view",
    }
}

fn as_text(report: &KeyPolicyReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let place = match (finding.statement, &finding.sid) {
            (Some(index), Some(sid)) => format!("statement {index} ({sid}): "),
            (Some(index), None) => format!("statement {index}: "),
            (None, _) => String::new(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {place}{}", severity(finding), finding.problem);
    }
    if !report.findings.is_empty() && !report.access.is_empty() {
        text.push('\n');
    }
    text.push_str(&table(&rows(&report.access)));
    text
}

type Row = [String; 7];

/// One row for each statement about each principal, under a row of titles.
fn rows(access: &[Access]) -> Vec<Row> {
    let titles = ["PRINCIPAL", "EFFECT", "ADMINISTER", "USE", "GRANT", "VIEW", "IF"];
    let mut rows = vec![titles.map(str::to_owned)];
    for access in access {
        for (index, entry) in access.entries.iter().enumerate() {
            let [administer, use_it, grant, view] = Purpose::ALL.map(|it| share(entry, it));
            rows.push([
                if index == 0 { access.principal.clone() } else { String::new() },
                entry.effect.name().to_owned(),
                administer,
                use_it,
                grant,
                view,
                entry.conditions.join(", "),
            ]);
        }
    }
    if access.is_empty() { Vec::new() } else { rows }
}

/// How much of a purpose a statement covers. What a Deny takes away is told by its row.
fn share(entry: &AccessEntry, purpose: Purpose) -> String {
    let word = match (entry.share_of(purpose), entry.effect) {
        ((0, _), _) => "-",
        ((covered, all), Effect::Allow) if covered == all => "yes",
        ((_, _), Effect::Allow) => "in part",
        ((covered, all), Effect::Deny) if covered == all => "no",
        ((_, _), Effect::Deny) => "not all",
    };
    word.to_owned()
}

fn table(rows: &[Row]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(line, "{cell:<0$}  ", width(column));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*",
         "Resource": "*"},
        {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt",
         "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant", "Resource": "*",
         "Condition": {"Bool": {"kms:GrantIsForAWSResource": "false"}}}]}"#;

    #[test]
    fn a_report_names_statements_and_lines_up_its_table() {
        let report = check_key_policy(POLICY, Some("111122223333"));
        assert_eq!(
            as_text(&report),
            "warning: statement 1 (Open): it allows every caller of the account, and every other \
             account that lets its own\n\n\
             PRINCIPAL     EFFECT  ADMINISTER  USE      GRANT    VIEW  IF\n\
             111122223333  Allow   yes         yes      yes      yes\n\
             *             Allow   -           in part  -        -\n\
             \u{20}             Deny    -           -        not all  -     \
             Bool kms:GrantIsForAWSResource\n"
        );
    }

    #[test]
    fn a_report_as_json_lists_actions_by_purpose() {
        let report = as_json(&check_key_policy(POLICY, None));
        assert_eq!(report["findings"][0]["severity"], "warning");
        assert_eq!(report["access"][1]["statements"][0]["use"], json!(["Decrypt"]));
        assert_eq!(report["access"][1]["statements"][1]["grant"], json!(["CreateGrant"]));
    }
}

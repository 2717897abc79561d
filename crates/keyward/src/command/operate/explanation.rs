//! A record with its operators' note, in words.

use serde_json::Value;

use crate::terminal::printable;

/// What happened, and why.
pub(in crate::command) fn words(record: &Value) -> String {
    let text = |value: &Value| printable(value.as_str().unwrap_or("-"));
    let caller = &record["userIdentity"];
    let caller = caller["arn"].as_str().or(caller["invokedBy"].as_str()).unwrap_or("-");
    let caller = printable(caller);
    let mut lines = vec![
        format!(
            "{} at {} in {}",
            text(&record["eventName"]),
            text(&record["eventTime"]),
            text(&record["awsRegion"])
        ),
        format!("  caller     {caller}"),
    ];
    lines.push(match record["errorCode"].as_str() {
        None => "  outcome    success".to_owned(),
        Some(code) => format!("  outcome    {code}: {}", text(&record["errorMessage"])),
    });
    let note = &record["operatorNote"];
    for allowed in array(&note["allowed"]) {
        let (action, because) = (text(&allowed["action"]), text(&allowed["because"]));
        lines.push(format!("  allowed    {action}: {because}"));
    }
    if let Some(action) = note["action"].as_str() {
        lines.push(format!("  refused    {action} on {}", text(&note["resource"])));
        lines.push(format!("  reason     {}", text(&note["reason"])));
    }
    lines.extend(array(&note["statements"]).map(statement));
    lines.join("\n") + "\n"
}

/// A statement that decided, by the place that operators find it at.
fn statement(statement: &Value) -> String {
    let place = |member: &str| statement[member].as_u64().map_or(0, |index| index + 1);
    let sid =
        statement["sid"].as_str().map(|sid| format!(" ({})", printable(sid))).unwrap_or_default();
    format!(
        "  statement  {}: policy {}, statement {}{sid}, {}",
        printable(statement["policy"].as_str().unwrap_or("-")),
        place("policyIndex"),
        place("statementIndex"),
        statement["effect"].as_str().unwrap_or("-"),
    )
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_told_with_the_statement_that_decided() {
        let record = json!({
            "eventName": "Encrypt",
            "eventTime": "2026-03-04T10:00:00Z",
            "awsRegion": "us-east-1",
            "userIdentity": { "arn": "arn:aws:iam::111122223333:user/app" },
            "errorCode": "AccessDenied",
            "errorMessage": "no",
            "operatorNote": {
                "action": "kms:Encrypt",
                "resource": "arn:aws:kms:us-east-1:111122223333:key/k",
                "reason": "with an explicit deny in a resource-based policy",
                "statements": [{
                    "policy": "resource-based policy", "policyIndex": 0, "statementIndex": 1,
                    "sid": "NoOne", "effect": "Deny",
                }],
            },
        });
        let expected = "\
Encrypt at 2026-03-04T10:00:00Z in us-east-1
  caller     arn:aws:iam::111122223333:user/app
  outcome    AccessDenied: no
  refused    kms:Encrypt on arn:aws:kms:us-east-1:111122223333:key/k
  reason     with an explicit deny in a resource-based policy
  statement  resource-based policy: policy 1, statement 2 (NoOne), Deny
";
        assert_eq!(words(&record), expected);
    }

    #[test]
    fn a_success_is_told_with_what_allowed_it() {
        let record = json!({
            "eventName": "Encrypt",
            "userIdentity": { "invokedBy": "backup.amazonaws.com" },
            "operatorNote": { "allowed": [{ "action": "kms:Encrypt", "because": "a grant" }] },
        });
        let told = words(&record);
        assert!(told.contains("  caller     backup.amazonaws.com\n"), "{told}");
        assert!(
            told.ends_with("  outcome    success\n  allowed    kms:Encrypt: a grant\n"),
            "{told}"
        );
    }
}

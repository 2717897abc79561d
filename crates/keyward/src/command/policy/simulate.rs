//! `keyward policy simulate`: lines in, lines out. What they mean is the policy crate's business.

use std::io::{BufRead, Read, Write};

use anyhow::{Context, Result, bail};
use keyward_policy::{
    Decision, Effect, PolicyKind, Refusal, SIMULATION_BYTES_MAX, Simulation, simulate,
};
use serde_json::{Value, json};

/// A line may be as long as an input, and its end.
const LINE_BYTES_MAX: usize = SIMULATION_BYTES_MAX + 2;

/// Answers every line before it reads the next. A line that is wrong stops nothing.
pub(super) fn run(input: &mut dyn BufRead, output: &mut dyn Write) -> Result<()> {
    let (mut lines, mut bad) = (0_u64, 0_u64);
    while let Some(line) = read_line(input).context("could not read stdin")? {
        let text = line.as_deref().map(|bytes| std::str::from_utf8(bytes).map(str::trim));
        if text == Ok(Ok("")) {
            continue;
        }
        lines += 1;
        let answer = match text {
            Ok(Ok(text)) => simulate(text).map(|it| answer(&it)).map_err(|it| it.to_string()),
            Ok(Err(_)) => Err("the line is not UTF-8".to_owned()),
            Err(TooLong) => Err(format!("the line is longer than {LINE_BYTES_MAX} bytes")),
        };
        let answer = answer.unwrap_or_else(|error| {
            bad += 1;
            json!({ "error": error })
        });
        writeln!(output, "{answer}").and_then(|()| output.flush()).context("could not print")?;
    }
    if bad > 0 {
        bail!("{bad} of {lines} lines could not be read");
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TooLong;

/// The next line, or that it is too long; `None` at the end.
fn read_line(input: &mut dyn BufRead) -> std::io::Result<Option<Result<Vec<u8>, TooLong>>> {
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    if (&mut *input).take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') || line.len() < LINE_BYTES_MAX {
        return Ok(Some(Ok(line)));
    }
    input.skip_until(b'\n')?;
    Ok(Some(Err(TooLong)))
}

fn answer(simulation: &Simulation) -> Value {
    let effect = match simulation.explanation.decision {
        Decision::Allowed(_) => Some(Effect::Allow),
        Decision::Denied(Refusal::ExplicitDeny(_)) => Some(Effect::Deny),
        Decision::Denied(_) => None,
    };
    let statements = simulation.explanation.statements.iter();
    let deciding: Vec<Value> = statements
        .filter(|it| Some(it.effect) == effect)
        .map(|it| {
            json!({
                "layer": layer(it.kind),
                "policy": it.policy,
                "statement": it.statement,
                "sid": it.sid,
            })
        })
        .collect();
    json!({
        "decision": simulation.decision(),
        "because": simulation.because(),
        "statements": deciding,
    })
}

/// The member of the input that holds policies of this kind.
fn layer(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Resource => "resourcePolicy",
        PolicyKind::Identity => "identityPolicies",
        PolicyKind::Boundary => "permissionsBoundaries",
        PolicyKind::Session => "sessionPolicies",
        PolicyKind::ServiceControl => "serviceControlPolicies",
        PolicyKind::ResourceControl => "resourceControlPolicies",
        PolicyKind::VpcEndpoint => "vpcEndpointPolicy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"request": {"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
        "principal": "arn:aws:iam::111122223333:user/alice"},
        "identityPolicies": [{"Statement": [{"Sid": "Read", "Effect": "Allow",
            "Action": "s3:Get*", "Resource": "*"}]}]}"#;

    fn good() -> String {
        GOOD.replace('\n', " ")
    }

    fn answers(input: &str) -> (Vec<Value>, Result<()>) {
        let mut output = Vec::new();
        let result = run(&mut input.as_bytes(), &mut output);
        let output = String::from_utf8(output).unwrap();
        (output.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), result)
    }

    #[test]
    fn an_answer_names_the_statements_that_made_it() {
        let (answers, result) = answers(&good());
        result.unwrap();
        let statement =
            json!({"layer": "identityPolicies", "policy": 0, "statement": 0, "sid": "Read"});
        assert_eq!(
            answers,
            [json!({
                "decision": "Allowed",
                "because": "an identity-based policy allows it",
                "statements": [statement],
            })]
        );
    }

    #[test]
    fn a_bad_line_stops_nothing_and_fails_the_run() {
        let (answers, result) = answers(&format!("{{\n\n{}\r\nnull\n{}", good(), good()));
        let decisions: Vec<_> = answers.iter().map(|it| it["decision"].as_str()).collect();
        assert_eq!(decisions, [None, Some("Allowed"), None, Some("Allowed")]);
        assert!(answers[0]["error"].is_string());
        assert_eq!(result.unwrap_err().to_string(), "2 of 4 lines could not be read");
    }

    #[test]
    fn a_line_too_long_is_skipped_to_its_end() {
        let (answers, result) = answers(&format!("{}\n{}", " ".repeat(LINE_BYTES_MAX), good()));
        assert!(answers[0]["error"].as_str().unwrap().contains("longer"));
        assert_eq!(answers[1]["decision"], "Allowed");
        assert!(result.is_err());
    }

    #[test]
    fn bytes_that_are_no_text_are_a_bad_line() {
        let mut output = Vec::new();
        assert!(run(&mut &b"\xff\n"[..], &mut output).is_err());
        assert_eq!(output, b"{\"error\":\"the line is not UTF-8\"}\n");
    }
}

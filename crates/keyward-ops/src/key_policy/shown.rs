//! What is shown of a key policy: the text as it was saved, but users and roles under the names they
//! have now, and those that are gone by their unique ids.

use keyward_engine::{Engine, OpError};
use keyward_store::PolicyRecord;

/// The document as GetKeyPolicy shows it.
pub(crate) async fn shown(engine: &Engine, policy: PolicyRecord) -> Result<String, OpError> {
    let mut renamed = Vec::new();
    for (arn, id) in &policy.bindings {
        let now = match id.parse() {
            Ok(id) => engine.find_principal_arn(&id).await?,
            Err(_) => None,
        };
        let now = now.unwrap_or_else(|| id.clone());
        if now != *arn {
            renamed.push((arn.as_str(), now));
        }
    }
    if renamed.is_empty() {
        return Ok(policy.document);
    }
    let rename = |text: &str| renamed.iter().find(|(arn, _)| *arn == text).map(|(_, now)| &**now);
    Ok(with_principals(&policy.document, &rename))
}

/// The document with other texts in its `Principal` and `NotPrincipal` elements, byte for byte the
/// same elsewhere.
fn with_principals<'a>(document: &str, rename: &impl Fn(&str) -> Option<&'a str>) -> String {
    let mut walk = Walk { keys: Vec::new(), awaits_key: false, shown: String::new() };
    let mut rest = document;
    while let Some(at) = rest.find(['"', '{', '}', '[', ']', ',', ':']) {
        let (before, from) = rest.split_at(at);
        walk.shown.push_str(before);
        rest = if let Some(text) = from.strip_prefix('"') {
            let (text, after) = string_end(text);
            walk.string(text, rename);
            after
        } else {
            let (mark, after) = from.split_at(1);
            walk.mark(mark);
            after
        };
    }
    walk.shown.push_str(rest);
    walk.shown
}

/// Splits behind the closing quote; the document is known to be JSON.
fn string_end(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => {
                return (text.get(..at).unwrap_or(text), text.get(at + 1..).unwrap_or(""));
            }
            _ => is_escaped = byte == b'\\' && !is_escaped,
        }
    }
    (text, "")
}

/// A walk through a JSON text, with the keys of the objects around the place it has reached.
struct Walk {
    /// One for each object and array around; of an array, its own.
    keys: Vec<String>,
    awaits_key: bool,
    shown: String,
}

impl Walk {
    fn string<'a>(&mut self, text: &str, rename: &impl Fn(&str) -> Option<&'a str>) {
        let plain = serde_json::from_str::<String>(&format!("\"{text}\"")).unwrap_or_default();
        let renamed = if self.awaits_key {
            if let Some(key) = self.keys.last_mut() {
                key.clone_from(&plain);
            }
            None
        } else {
            Some(()).filter(|()| self.is_in_principal()).and_then(|()| rename(&plain))
        };
        self.shown.push('"');
        // Neither an ARN nor a unique id has a character that JSON escapes.
        self.shown.push_str(renamed.unwrap_or(text));
        self.shown.push('"');
    }

    fn mark(&mut self, mark: &str) {
        self.shown.push_str(mark);
        match mark {
            "{" => {
                self.keys.push(String::new());
                self.awaits_key = true;
            }
            "[" => {
                self.keys.push("[".to_owned());
                self.awaits_key = false;
            }
            "}" | "]" => {
                self.keys.pop();
                self.awaits_key = false;
            }
            "," => self.awaits_key = self.keys.last().is_some_and(|key| key != "["),
            _ => self.awaits_key = false,
        }
    }

    /// Whether a text here is a principal: `Statement`, maybe in a list, `Principal`, its kind, maybe
    /// in a list.
    fn is_in_principal(&self) -> bool {
        let mut keys = self.keys.iter().map(String::as_str).filter(|key| *key != "[");
        keys.next() == Some("Statement")
            && matches!(keys.next(), Some("Principal" | "NotPrincipal"))
            && keys.next() == Some("AWS")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:iam::111122223333:user/alice";

    fn shown(document: &str) -> String {
        with_principals(document, &|text| (text == ARN).then_some("AIDACKCEVSQ6C2EXAMPLE"))
    }

    #[test]
    fn only_principals_are_renamed_and_nothing_else_changes() {
        let document = r#" {"Id":"arn:aws:iam::111122223333:user/alice", "Statement" : [ {"Sid":"a,{\"}",
            "Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:user\/alice"]},
            "Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/alice"}},
            "Resource":[true,"arn:aws:iam::111122223333:user/alice"]},
            {"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/alice"}}]}
        "#;
        let expected = document
            .replace(r"arn:aws:iam::111122223333:user\/alice", "AIDACKCEVSQ6C2EXAMPLE")
            .replace(
                r#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#,
                r#"{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}"#,
            );
        assert_eq!(shown(document), expected);
        assert_ne!(expected, document);
    }

    #[test]
    fn a_single_statement_is_renamed_too() {
        let document = format!(r#"{{"Statement":{{"Principal":{{"AWS":"{ARN}"}}}}}}"#);
        let expected = document.replace(ARN, "AIDACKCEVSQ6C2EXAMPLE");
        assert_eq!(shown(&document), expected);
    }
}

//! Holds a reply against the table, for tests.

use serde_json::Value;

use crate::table::{Member, Shape, Structure};

/// Whether `reply` is what the model says an answer of this structure is: every member known and of
/// the right JSON type, at every depth, and the required ones present. The error names the place.
///
/// For tests: it reads the reply into memory that is not zeroed.
pub fn check_output(structure: &'static Structure, reply: &[u8]) -> Result<(), String> {
    let value: Value = serde_json::from_slice(reply).map_err(|error| error.to_string())?;
    Form::Json.check_structure(structure, &value, structure.name)
}

/// The same for a reply of the Query protocol that was read from its XML: its timestamps are text.
pub fn check_query_output(structure: &'static Structure, reply: &Value) -> Result<(), String> {
    Form::Query.check_structure(structure, reply, structure.name)
}

#[derive(Clone, Copy)]
enum Form {
    Json,
    Query,
}

impl Form {
    fn check_structure(
        self,
        structure: &Structure,
        value: &Value,
        place: &str,
    ) -> Result<(), String> {
        let Value::Object(sent) = value else { return Err(format!("{place} is not an object")) };
        for (name, value) in sent {
            let known = structure.members.iter().find(|member| member.name == name);
            let Some(Member { shape, .. }) = known else {
                return Err(format!("{place} has no member `{name}` in the model"));
            };
            self.check(*shape, value, &format!("{place}.{name}"))?;
        }
        let absent = |member: &&Member| member.required && !sent.contains_key(member.name);
        match structure.members.iter().find(absent) {
            Some(member) => Err(format!("{place} lacks the required member `{}`", member.name)),
            None => Ok(()),
        }
    }

    fn check(self, shape: Shape, value: &Value, place: &str) -> Result<(), String> {
        let fits = match (shape, value) {
            (Shape::Structure(structure), _) => {
                return self.check_structure(structure, value, place);
            }
            (Shape::List(list), Value::Array(elements)) => {
                return elements.iter().try_for_each(|element| {
                    self.check(list.member, element, &format!("{place}[]"))
                });
            }
            (Shape::NumberMap, Value::Object(pairs)) => pairs.values().all(Value::is_i64),
            (Shape::TextMap, Value::Object(pairs)) => pairs.values().all(Value::is_string),
            (Shape::Enum(words), Value::String(word)) => words.accepts(word),
            (Shape::Text(_), Value::String(_)) | (Shape::Boolean, Value::Bool(_)) => true,
            (Shape::Timestamp, Value::Number(_)) => matches!(self, Self::Json),
            (Shape::Timestamp, Value::String(text)) => matches!(self, Self::Query) && is_date(text),
            (Shape::Integer(_), Value::Number(number)) => number.is_i64(),
            (Shape::Blob(_), Value::String(text)) => is_base64(text),
            _ => false,
        };
        if fits { Ok(()) } else { Err(format!("{place} is not a {}", kind(shape))) }
    }
}

/// Whether the text is a date as Query services write it, `2026-10-18T12:00:00Z`.
fn is_date(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:ddZ";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(found, expected)| match expected {
            'd' => found.is_ascii_digit(),
            _ => found == expected,
        })
}

fn is_base64(text: &str) -> bool {
    crate::raw::bytes(&format!("\"{text}\"")).is_some()
}

fn kind(shape: Shape) -> &'static str {
    match shape {
        Shape::Blob(_) => "base64 text",
        Shape::Boolean => "boolean",
        Shape::Enum(_) => "word of its set",
        Shape::Integer(_) => "whole number",
        Shape::List(_) => "list",
        Shape::NumberMap => "map of whole numbers",
        Shape::Structure(_) => "structure",
        Shape::Text(_) => "string",
        Shape::TextMap => "map of text",
        Shape::Timestamp => "point in time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::REPLY;

    fn check(reply: &str) -> Result<(), String> {
        check_output(&REPLY, reply.as_bytes())
    }

    #[test]
    fn a_reply_with_known_members_of_the_right_types_passes() {
        let reply = r#"{"KeyId":"k","CreationDate":1.5,"Count":3,"Enabled":true,"Blob":"Zg==",
            "Tags":[{"TagKey":"a","TagValue":"b"}],"Context":{"a":"b"},"Spec":"AES_256"}"#;
        assert_eq!(check(reply), Ok(()));
    }

    #[test]
    fn what_the_model_does_not_say_is_found() {
        let cases = [
            ("[]", "Reply is not an object"),
            (r#"{"KeyId":"k","Extra":1}"#, "Reply has no member `Extra` in the model"),
            (r#"{"Count":1}"#, "Reply lacks the required member `KeyId`"),
            (r#"{"KeyId":null}"#, "Reply.KeyId is not a string"),
            (r#"{"KeyId":"k","Count":1.5}"#, "Reply.Count is not a whole number"),
            (r#"{"KeyId":"k","CreationDate":"now"}"#, "Reply.CreationDate is not a point in time"),
            (r#"{"KeyId":"k","Blob":"?"}"#, "Reply.Blob is not a base64 text"),
            (r#"{"KeyId":"k","Spec":"AES"}"#, "Reply.Spec is not a word of its set"),
            (r#"{"KeyId":"k","Context":{"a":1}}"#, "Reply.Context is not a map of text"),
            (
                r#"{"KeyId":"k","Tags":[{"TagKey":"a"}]}"#,
                "Reply.Tags[] lacks the required member `TagValue`",
            ),
        ];
        for (reply, refusal) in cases {
            assert_eq!(check(reply), Err(refusal.to_owned()), "{reply}");
        }
    }
}

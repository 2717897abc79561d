//! What a record tells operators alone: why a request was allowed or refused, in the latter case with
//! the policies and statements that decided. It stands in the journal as the record's last member, `operatorNote`, and leaves
//! the record before that is delivered to an account.

use crate::json::Fragment;

const NAME: &[u8] = b",\"operatorNote\":{";

/// The longest note, in bytes of JSON. A longer one is left out.
const NOTE_BYTES_MAX: usize = 32 * 1024;

/// Adds a note to a finished record.
pub fn add_operator_note(record: &mut Vec<u8>, note: &Fragment) {
    if !note.is_within(NOTE_BYTES_MAX) || record.pop() != Some(b'}') {
        return;
    }
    record.extend_from_slice(NAME);
    record.extend_from_slice(note.members());
    record.extend_from_slice(b"}}");
}

/// The note of a journal line, as JSON.
pub fn operator_note(line: &[u8]) -> Option<&[u8]> {
    let at = note_start(line)?;
    let note = line.get(at + NAME.len() - 1..)?;
    note.strip_suffix(b"}")
}

/// A journal line as accounts get it: without its note.
pub fn without_operator_note(line: &[u8]) -> Vec<u8> {
    let mut record = line.to_vec();
    if let Some(at) = note_start(line) {
        record.truncate(at);
        record.push(b'}');
    }
    record
}

/// Where the note begins. Nothing else in a record looks like it: quotes in texts are escaped, and
/// an object that a client named has only texts in it.
fn note_start(line: &[u8]) -> Option<usize> {
    line.windows(NAME.len()).rposition(|window| window == NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JsonObject;

    fn record() -> Vec<u8> {
        let mut record = Vec::new();
        JsonObject::write(&mut record, |o| {
            o.text("errorMessage", r#"x","operatorNote":{}"#);
            o.text_map("encryptionContext", [("operatorNote", "mine")]);
        });
        record
    }

    #[test]
    fn a_note_is_found_again_and_leaves_the_record_as_it_was() {
        let mut noted = record();
        assert_eq!(operator_note(&noted), None);
        assert_eq!(without_operator_note(&noted), noted);
        let mut note = Fragment::default();
        note.add().text("why", r#"{,"operatorNote":{"}"#);
        add_operator_note(&mut noted, &note);
        serde_json::from_slice::<serde_json::Value>(&noted).unwrap();
        let expected = br#"{"why":"{,\"operatorNote\":{\"}"}"#;
        assert_eq!(operator_note(&noted), Some(&expected[..]));
        assert_eq!(without_operator_note(&noted), record());
    }

    #[test]
    fn no_note_and_one_that_is_too_long_are_left_out() {
        let mut long = Fragment::default();
        long.add().text("why", &"x".repeat(NOTE_BYTES_MAX));
        for note in [Fragment::default(), long] {
            let mut noted = record();
            add_operator_note(&mut noted, &note);
            assert_eq!(noted, record());
        }
    }
}

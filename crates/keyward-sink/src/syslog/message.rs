//! RFC 5424 messages.

use std::io::Write as _;

use crate::Record;

/// RFC 5424, 6: the longest parts of a header.
const HOSTNAME_CHARS_MAX: usize = 255;
const MSGID_CHARS_MAX: usize = 32;
/// What structured data is named. The number is the one set aside for who has none of his own
/// (RFC 5612).
const SD_ID: &str = "keyward@32473";

/// What a message says of its sender.
#[derive(Clone, Debug)]
pub struct Dialect {
    /// Of which kind messages are.
    pub facility: Facility,
    /// The name of this machine.
    pub hostname: String,
    /// The id of this process.
    pub process_id: u32,
    /// The longest message, in bytes. A longer one is cut.
    pub message_bytes_max: usize,
}

/// Of which kind messages are (RFC 5424, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

/// A number or name of no facility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a facility is a number from 0 to 23, such as 13 for audit logs, or 16 for local0")]
pub struct NotAFacility;

/// RFC 5424, table 2.
const WARNING: u8 = 4;
const INFORMATIONAL: u8 = 6;

impl Facility {
    /// The facility of this number.
    pub const fn new(number: u8) -> Result<Self, NotAFacility> {
        if number < 24 { Ok(Self(number)) } else { Err(NotAFacility) }
    }
}

impl Dialect {
    /// Appends a message behind its length (RFC 6587, 3.4.1).
    pub(super) fn write_frame(&self, record: &Record, to: &mut Vec<u8>) {
        let message = self.message(record, usize::MAX);
        to.extend_from_slice(message.len().to_string().as_bytes());
        to.push(b' ');
        to.extend_from_slice(&message);
    }

    /// The message of a record, no longer than both bounds.
    pub(super) fn message(&self, record: &Record, bytes_max: usize) -> Vec<u8> {
        let bytes_max = bytes_max.min(self.message_bytes_max);
        let mut message = self.head(record, None);
        if message.len() + " ".len() + record.text().len() > bytes_max {
            message = self.head(record, Some(record.text().len()));
        }
        message.push(b' ');
        let left = bytes_max.saturating_sub(message.len());
        let end = record.text().floor_char_boundary(left);
        message.extend_from_slice(record.text().get(..end).unwrap_or_default().as_bytes());
        message
    }

    /// Everything before the text. `cut`: how long a text was that is cut.
    fn head(&self, record: &Record, cut: Option<usize>) -> Vec<u8> {
        let members = &record.members;
        let severity = if record.is_refusal() { WARNING } else { INFORMATIONAL };
        let priority = self.facility.0 * 8 + severity;
        let time = token(&members.event_time, 64);
        let host = token(&self.hostname, HOSTNAME_CHARS_MAX);
        let event = token(&members.event_name, MSGID_CHARS_MAX);
        let process = self.process_id;
        let mut head = Vec::with_capacity(512);
        // A vector takes whatever is written.
        let _ = write!(head, "<{priority}>1 {time} {host} keyward {process} {event} [{SD_ID}");
        for (name, value) in [
            ("eventID", &members.event_id),
            ("eventName", &members.event_name),
            ("account", &members.recipient_account_id),
            ("region", &members.aws_region),
        ] {
            let _ = write!(head, " {name}=\"");
            escape(value, &mut head);
            head.push(b'"');
        }
        if let Some(bytes) = cut {
            let _ = write!(head, " cutFromBytes=\"{bytes}\"");
        }
        head.push(b']');
        head
    }
}

/// A word of the header: visible ASCII, of bounded length, or `-` for nothing.
fn token(text: &str, chars_max: usize) -> String {
    let token: String = text.chars().filter(char::is_ascii_graphic).take(chars_max).collect();
    if token.is_empty() { "-".to_owned() } else { token }
}

/// RFC 5424, 6.3.3.
fn escape(value: &str, to: &mut Vec<u8>) {
    for byte in value.bytes() {
        if matches!(byte, b'"' | b'\\' | b']') {
            to.push(b'\\');
        }
        to.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::tests::{REFUSAL, ROTATION, record};

    fn dialect() -> Dialect {
        let facility = Facility::new(13).unwrap();
        Dialect { facility, hostname: "kms-1".to_owned(), process_id: 42, message_bytes_max: 9000 }
    }

    fn text(line: &str) -> String {
        String::from_utf8(dialect().message(&record(line), usize::MAX)).unwrap()
    }

    #[test]
    fn a_message_has_its_header_its_data_and_the_record() {
        let expected = format!(
            "<110>1 2026-03-04T11:02:33Z kms-1 keyward 42 RotateKey [keyward@32473 \
             eventID=\"27d1b0f4-8e6a-4f0c-9b3d-5a6c7e8f9012\" eventName=\"RotateKey\" \
             account=\"111122223333\" region=\"us-west-2\"] {ROTATION}"
        );
        assert_eq!(text(ROTATION), expected);
        let mut frame = Vec::new();
        dialect().write_frame(&record(ROTATION), &mut frame);
        assert_eq!(String::from_utf8(frame).unwrap(), format!("{} {expected}", expected.len()));
    }

    #[test]
    fn a_refusal_is_a_warning_and_says_nothing_of_the_operators_note() {
        let text = text(REFUSAL);
        assert!(
            text.starts_with("<108>1 2026-03-04T10:15:02Z kms-1 keyward 42 Decrypt ["),
            "{text}"
        );
        assert!(!text.contains("secret reason"));
    }

    #[test]
    fn a_long_name_is_cut_in_the_header_and_whole_in_the_data() {
        let name = "GenerateDataKeyPairWithoutPlaintext";
        let text = text(&ROTATION.replace("RotateKey", name));
        assert!(text.contains(" GenerateDataKeyPairWithoutPlaint ["), "{text}");
        assert!(text.contains(&format!(" eventName=\"{name}\"")), "{text}");
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_and_says_so() {
        let short = Dialect { message_bytes_max: 400, ..dialect() };
        let message = String::from_utf8(short.message(&record(ROTATION), usize::MAX)).unwrap();
        assert_eq!(message.len(), 400);
        assert!(
            message.contains(&format!(" cutFromBytes=\"{}\"] {{", ROTATION.len())),
            "{message}"
        );
        assert_eq!(dialect().message(&record(ROTATION), 300).len(), 300);
    }

    #[test]
    fn facilities_are_those_of_the_standard() {
        assert_eq!(Facility::new(24), Err(NotAFacility));
        assert!(Facility::new(23).is_ok());
    }

    /// The data of a message, read back as RFC 5424 says.
    fn read_back(message: &str) -> Option<(Vec<(String, String)>, &str)> {
        let start = message.find(" [keyward@32473")? + " [keyward@32473".len();
        let mut rest = message.get(start..)?;
        let mut data = Vec::new();
        while let Some(parameter) = rest.strip_prefix(' ') {
            let (name, value) = parameter.split_once("=\"")?;
            let mut read = String::new();
            let mut chars = value.char_indices();
            loop {
                match chars.next()? {
                    (_, '\\') => read.push(chars.next()?.1),
                    (at, '"') => {
                        rest = value.get(at + 1..)?;
                        break;
                    }
                    (_, ']') => return None,
                    (_, c) => read.push(c),
                }
            }
            data.push((name.to_owned(), read));
        }
        Some((data, rest.strip_prefix("] ")?))
    }

    proptest! {
        #[test]
        fn whatever_a_record_says_the_message_can_be_read_back(
            id in any::<String>(), name in any::<String>(), region in r#"[\]"\\ a-z\n]*"#,
        ) {
            let line = serde_json::json!({
                "eventID": id, "eventName": name, "awsRegion": region, "eventTime": "\u{1f} x\n",
            });
            let record = record(&line.to_string());
            let longer = Dialect { message_bytes_max: usize::MAX, ..dialect() };
            let message = String::from_utf8(longer.message(&record, usize::MAX)).unwrap();
            let (data, text) = read_back(&message).unwrap();
            let expected = [("eventID", id), ("eventName", name), ("account", String::new()), ("region", region)];
            let expected = expected.map(|(name, value)| (name.to_owned(), value));
            prop_assert_eq!(data, expected);
            prop_assert_eq!(text, record.text());
            let head = message.split(" [keyward@").next().unwrap();
            prop_assert_eq!(head.split(' ').count(), 6);
            prop_assert!(head.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
        }

        #[test]
        fn no_message_is_longer_than_allowed(bytes_max in 0_usize..2000, text in any::<String>()) {
            let message = dialect().message(&record(&text), bytes_max.max(300));
            prop_assert!(message.len() <= bytes_max.max(300));
            prop_assert!(std::str::from_utf8(&message).is_ok());
        }
    }
}

//! How requests name a trail: by name, which is one of the Region of the request, or by ARN.

use keyward_engine::{Cx, ErrorCode, OpError, op_error};
use keyward_model::AccountId;

use crate::trail::Trail;

const NAME_CHARACTERS_MIN: usize = 3;
const NAME_CHARACTERS_MAX: usize = 128;

/// The trail a request names.
pub(crate) struct TrailName {
    /// Its ARN, whether there is such a trail or not.
    pub(crate) arn: String,
}

impl TrailName {
    /// Reads a name or an ARN.
    pub(crate) fn read(cx: &Cx, text: &str) -> Result<Self, OpError> {
        if text.starts_with("arn:") {
            return is_arn(text).then(|| Self { arn: text.to_owned() }).ok_or_else(|| {
                // WIRE: "CloudTrail: texts of our own".
                OpError::new(ErrorCode::CloudTrailArnInvalid, "The trail ARN is not valid.")
            });
        }
        if !is_name(text) {
            // WIRE: the same.
            return Err(OpError::new(ErrorCode::InvalidTrailName, "The trail name is not valid."));
        }
        Ok(Self { arn: arn(cx, cx.region().as_str(), text) })
    }

    /// The trail itself, if it is the one there is.
    pub(crate) fn find(&self, cx: &Cx) -> Result<Trail, OpError> {
        let trail = Trail::load(cx)?;
        if trail.arn == self.arn {
            return Ok(trail);
        }
        let (arn, account) = (&self.arn, cx.caller().account);
        Err(op_error!(TrailNotFound, "Unknown trail: {arn} for the user: {account}"))
    }

    /// The refusal of what would change a trail, if there is such a trail.
    pub(crate) fn refuse_change(&self, cx: &Cx) -> OpError {
        match self.find(cx) {
            Err(not_found) => not_found,
            // WIRE: "CloudTrail: texts of our own". The real service lets trails be changed.
            Ok(_) => OpError::new(
                ErrorCode::OperationNotPermitted,
                "Everything is recorded here. The trail cannot be changed.",
            ),
        }
    }
}

/// The ARN of a trail of the caller's account.
pub(crate) fn arn(cx: &Cx, region: &str, name: &str) -> String {
    let partition = cx.engine().partition();
    format!("arn:{partition}:cloudtrail:{region}:{}:trail/{name}", cx.caller().account)
}

fn is_arn(text: &str) -> bool {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let [_, partition, "cloudtrail", region, account, resource] = *parts else { return false };
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    is_word(partition)
        && is_word(region)
        && account.parse::<AccountId>().is_ok()
        && resource.strip_prefix("trail/").is_some_and(is_name)
}

/// The rules that the reference states under `InvalidTrailNameException`.
fn is_name(text: &str) -> bool {
    let is_mark = |byte: u8| matches!(byte, b'.' | b'_' | b'-');
    let bytes = text.as_bytes();
    let is_of_words = bytes
        .split(|byte| is_mark(*byte))
        .all(|word| !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric));
    (NAME_CHARACTERS_MIN..=NAME_CHARACTERS_MAX).contains(&bytes.len())
        && is_of_words
        && text.parse::<std::net::Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_words_between_single_marks() {
        for name in ["abc", "a.b", "my_trail-1.x", &"a".repeat(128), "1.2.3", "192.168.5.4.1"] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(129);
        for name in ["", "ab", "-abc", "abc.", "a--b", "a._b", "a b", "aéb", "192.168.5.4", &long]
        {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn an_arn_is_of_a_trail_of_some_account() {
        assert!(is_arn("arn:aws:cloudtrail:us-east-1:111122223333:trail/main"));
        for text in [
            "arn:",
            "arn:aws:cloudtrail:us-east-1:111122223333",
            "arn:aws:cloudtrail:us-east-1:111122223333:main",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/a",
            "arn:aws:cloudtrail:us-east-1:1111:trail/main",
            "arn:aws:cloudtrail::111122223333:trail/main",
            "arn:aws:kms:us-east-1:111122223333:trail/main",
        ] {
            assert!(!is_arn(text), "{text}");
        }
    }
}

//! How long imported key material lasts, read from the database when the metrics page is asked for: a
//! series ends with its material.

use std::collections::HashSet;
use std::fmt::Write as _;

use keyward_engine::Engine;
use keyward_model::Timestamp;
use keyward_store::ScopedKey;
use tracing::warn;

use crate::logging::chain;

pub(super) const UNTIL_EXPIRATION: &str = "kms_seconds_until_key_material_expiration";
const HELP: &str = "Seconds until the first of a key's imported materials expires.";

/// How many materials are looked at: those that expire first.
const MATERIALS_MAX: u32 = 1_000;

/// The series, in the text format of Prometheus.
pub(super) async fn series(engine: &Engine) -> String {
    match engine.store().materials().next_to_expire(MATERIALS_MAX).await {
        Ok(next) => exposition(&next, engine.clock().now()),
        Err(error) => {
            warn!(error = chain(error), "the metrics say nothing of key material that expires");
            String::new()
        }
    }
}

/// One gauge for each key. Materials come earliest first, so the first of a key is its earliest.
fn exposition(next: &[(ScopedKey, Timestamp)], now: Timestamp) -> String {
    let mut text = String::new();
    let mut known = HashSet::new();
    for (key, expires_at) in next {
        // What is over and not yet destroyed expires now.
        let left_s = expires_at.unix_ms().saturating_sub(now.unix_ms()).max(0) / 1000;
        if !known.insert(key) {
            continue;
        }
        let ScopedKey { scope, key_id } = key;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{UNTIL_EXPIRATION}{{key_id=\"{key_id}\",account=\"{}\",region=\"{}\"}} {left_s}",
            scope.account, scope.region
        );
    }
    if text.is_empty() {
        return text;
    }
    format!("# HELP {UNTIL_EXPIRATION} {HELP}\n# TYPE {UNTIL_EXPIRATION} gauge\n{text}")
}

#[cfg(test)]
mod tests {
    use keyward_store::Scope;

    use super::*;

    #[test]
    fn the_earliest_expiry_of_each_key_is_told_and_none_is_in_the_past() {
        let scope = Scope {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let key = |id: &str| scope.clone().key(id.parse().unwrap());
        let (a, b) =
            ("1234abcd-12ab-34cd-56ef-1234567890ab", "0987dcba-09fe-87dc-65ba-ab0987654321");
        let at = |s: i64| Timestamp::from_unix_ms(s * 1000);
        let next = [(key(a), at(90)), (key(b), at(400)), (key(a), at(500))];
        let labels =
            |id: &str| format!("{{key_id=\"{id}\",account=\"111122223333\",region=\"us-east-1\"}}");
        assert_eq!(
            exposition(&next, at(100)),
            format!(
                "# HELP {UNTIL_EXPIRATION} {HELP}\n# TYPE {UNTIL_EXPIRATION} gauge\n\
                 {UNTIL_EXPIRATION}{} 0\n{UNTIL_EXPIRATION}{} 300\n",
                labels(a),
                labels(b)
            )
        );
        assert_eq!(exposition(&[], at(100)), "");
    }
}

//! How long imported key material lasts, read from the database when the metrics page is asked for: a
//! series ends with its material.

use std::collections::HashSet;
use std::fmt::Write as _;

use keyward_engine::Engine;
use keyward_model::{KeyArn, Timestamp};
use keyward_store::{Scope, ScopedKey};
use tracing::warn;

use crate::logging::chain;

pub(super) const UNTIL_EXPIRATION: &str = "kms_seconds_until_key_material_expiration";
const HELP: &str = "Seconds until the first of a key's imported materials expires.";
/// In the place of a key's id: every key that is not listed.
const OTHER: &str = "other";

/// How many materials are looked at: those that expire first.
const MATERIALS_MAX: u32 = 1_000;

/// The keys that are listed, as the database knows them.
pub(super) fn listed(keys: &[KeyArn]) -> HashSet<ScopedKey> {
    let scoped = |arn: &KeyArn| {
        let scope = Scope { account: arn.account, region: arn.region.clone() };
        scope.key(arn.key_id)
    };
    keys.iter().map(scoped).collect()
}

/// The series, in the text format of Prometheus.
pub(super) async fn series(engine: &Engine, listed: &HashSet<ScopedKey>) -> String {
    match engine.store().materials().next_to_expire(MATERIALS_MAX).await {
        Ok(next) => exposition(&next, listed, engine.clock().now()),
        Err(error) => {
            warn!(error = chain(error), "the metrics say nothing of key material that expires");
            String::new()
        }
    }
}

/// One gauge for each key that is listed and one for all others. Materials come earliest first, so the
/// first of a key is its earliest.
fn exposition(
    next: &[(ScopedKey, Timestamp)],
    listed: &HashSet<ScopedKey>,
    now: Timestamp,
) -> String {
    let mut text = String::new();
    let mut known = HashSet::new();
    for (key, expires_at) in next {
        let named = listed.get(key);
        if !known.insert(named) {
            continue;
        }
        // What is over and not yet destroyed expires now.
        let left_s = expires_at.unix_ms().saturating_sub(now.unix_ms()).max(0) / 1000;
        // Writing to a string cannot fail.
        let _ = match named {
            Some(ScopedKey { scope: Scope { account, region }, key_id }) => writeln!(
                text,
                "{UNTIL_EXPIRATION}{{key_id=\"{key_id}\",account=\"{account}\",region=\"{region}\"}} {left_s}"
            ),
            None => writeln!(text, "{UNTIL_EXPIRATION}{{key_id=\"{OTHER}\"}} {left_s}"),
        };
    }
    if text.is_empty() {
        return text;
    }
    format!("# HELP {UNTIL_EXPIRATION} {HELP}\n# TYPE {UNTIL_EXPIRATION} gauge\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_keys_are_named_with_their_earliest_expiry_and_all_others_are_one() {
        let ids = [
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "0987dcba-09fe-87dc-65ba-ab0987654321",
            "5678abcd-12ab-34cd-56ef-1234567890ab",
            "9999abcd-12ab-34cd-56ef-1234567890ab",
        ];
        let arn = |region: &str, id: &str| KeyArn {
            partition: keyward_model::Partition::Aws,
            region: region.parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            key_id: id.parse().unwrap(),
        };
        let keys = ids.map(|id| arn("us-east-1", id));
        let [a, b, c, d] = listed(&keys).into_iter().collect::<Vec<_>>().try_into().unwrap();
        let at = |s: i64| Timestamp::from_unix_ms(s * 1000);
        let next = [
            (a.clone(), at(90)),
            (c.clone(), at(300)),
            (b.clone(), at(400)),
            (a.clone(), at(500)),
            (d.clone(), at(600)),
        ];
        let series = |key: &ScopedKey, left_s: i64| {
            let id = &key.key_id;
            let labels = format!("key_id=\"{id}\",account=\"111122223333\",region=\"us-east-1\"");
            format!("{UNTIL_EXPIRATION}{{{labels}}} {left_s}\n")
        };
        let expected = [
            format!("# HELP {UNTIL_EXPIRATION} {HELP}\n# TYPE {UNTIL_EXPIRATION} gauge\n"),
            // What is over expires now.
            series(&a, 0),
            format!("{UNTIL_EXPIRATION}{{key_id=\"{OTHER}\"}} 200\n"),
            series(&b, 300),
        ];
        let named = HashSet::from([a, b]);
        assert_eq!(exposition(&next, &named, at(100)), expected.concat());
        assert_eq!(exposition(&[], &named, at(100)), "");
        // The same key in another Region is another.
        let elsewhere = listed(&ids.map(|id| arn("eu-west-1", id)));
        let page = exposition(&next, &elsewhere, at(100));
        assert_eq!(
            page.lines().last().unwrap(),
            format!("{UNTIL_EXPIRATION}{{key_id=\"{OTHER}\"}} 0")
        );
    }
}

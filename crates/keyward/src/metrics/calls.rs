//! The metrics of CloudWatch's namespaces AWS/KMS and AWS/Usage that count calls, and counters of
//! refusals.
//!
//! Owns the policy of labels: keys that the operator lists are named, all others are one. Handles are
//! looked up when they are first needed, so that counting is one atomic addition.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use keyward_engine::{ErrorCode, Key, Observer, RequestGroup};
use keyward_model::KeyArn;
use metrics::{Counter, SharedString, counter};

use crate::wiring::request_groups;

pub(super) const SUCCESSFUL_REQUEST: &str = "kms_successful_request_total";
pub(super) const CALL_COUNT: &str = "aws_usage_call_count_total";
pub(super) const THROTTLED: &str = "keyward_throttled_requests_total";
pub(super) const ACCESS_DENIED: &str = "keyward_access_denied_total";

/// In the place of an ARN: every key that is not listed.
const OTHER: &str = "other";
/// The place of [`OTHER`] among the keys.
const OTHER_SLOT: usize = 0;

/// The operations that use one key.
const OPERATIONS: [&str; 13] = [
    "Decapsulate",
    "Decrypt",
    "DeriveSharedSecret",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "Sign",
    "Verify",
    "VerifyMac",
];
/// The one that uses two.
const RE_ENCRYPT: &str = "ReEncrypt";

/// Counts calls.
pub(super) struct CallMetrics {
    /// By the group's place in the table.
    groups: Vec<Group>,
    /// What stands in labels, by slot.
    names: Vec<SharedString>,
    /// The slots of the keys that are listed.
    slots: HashMap<String, usize>,
    /// By operation, then by the key's slot.
    uses: Vec<OnceLock<Counter>>,
    /// By the source's slot, then by the destination's.
    re_encryptions: Vec<OnceLock<Counter>>,
}

struct Group {
    /// AWS/Usage counts the calls of KMS alone.
    calls: Option<Counter>,
    throttled: Counter,
}

impl CallMetrics {
    /// Counts uses of these keys one by one. A recorder has to be installed.
    pub(super) fn new(keys: &[KeyArn]) -> Self {
        let names: Vec<SharedString> = std::iter::once(SharedString::const_str(OTHER))
            .chain(keys.iter().map(|arn| SharedString::from_owned(arn.to_string())))
            .collect();
        let slots = keys.iter().map(KeyArn::to_string).zip(1..).collect();
        let count = names.len();
        let calls = Self {
            groups: groups(),
            names,
            slots,
            uses: unused(OPERATIONS.len() * count),
            re_encryptions: unused(count * count),
        };
        // A series that begins at 0 shows its first step; one for each pair of keys would be many.
        for operation in OPERATIONS {
            calls.count(operation, OTHER_SLOT, 0);
        }
        calls.count_re_encryption(OTHER_SLOT, OTHER_SLOT, 0);
        for tables in [
            keyward_ops::OPERATIONS,
            keyward_iam::IAM_OPERATIONS,
            keyward_iam::STS_OPERATIONS,
            keyward_cloudtrail::OPERATIONS,
        ] {
            for entry in tables {
                counter!(ACCESS_DENIED, "operation" => entry.name).increment(0);
            }
        }
        calls
    }

    fn slot(&self, arn: &str) -> usize {
        // An empty map is not asked, which would cost a hash of the ARN.
        self.slots.get(arn).copied().unwrap_or(OTHER_SLOT)
    }

    fn name(&self, slot: usize) -> SharedString {
        self.names.get(slot).cloned().unwrap_or_default()
    }

    fn count(&self, operation: &str, slot: usize, times: u64) {
        let Some(row) = OPERATIONS.iter().position(|name| *name == operation) else { return };
        let Some(name) = OPERATIONS.get(row) else { return };
        let Some(cell) = self.uses.get(row * self.names.len() + slot) else { return };
        let counter = || {
            let key_arn = self.name(slot);
            counter!(SUCCESSFUL_REQUEST, "operation" => *name, "key_arn" => key_arn)
        };
        cell.get_or_init(counter).increment(times);
    }

    fn count_re_encryption(&self, source: usize, destination: usize, times: u64) {
        let cell = self.re_encryptions.get(source * self.names.len() + destination);
        let counter = || {
            counter!(
                SUCCESSFUL_REQUEST,
                "operation" => RE_ENCRYPT,
                "source_key_arn" => self.name(source),
                "destination_key_arn" => self.name(destination)
            )
        };
        if let Some(cell) = cell {
            cell.get_or_init(counter).increment(times);
        }
    }

    /// Counts a use of these keys, by their ARNs.
    fn used(&self, operation: &str, first: &str, second: Option<&str>) {
        match second.filter(|_| operation == RE_ENCRYPT) {
            Some(second) => self.count_re_encryption(self.slot(first), self.slot(second), 1),
            None => self.count(operation, self.slot(first), 1),
        }
    }
}

/// By the places that the engine knows groups by.
fn groups() -> Vec<Group> {
    let is_of_kms = |group: &RequestGroup| {
        keyward_ops::REQUEST_GROUPS.iter().any(|of_kms| of_kms.name == group.name)
    };
    request_groups().map(|group| Group::of(group, is_of_kms(group))).collect()
}

impl Group {
    fn of(group: &'static RequestGroup, is_of_kms: bool) -> Self {
        let resource = group.resource;
        let calls = is_of_kms.then(|| {
            counter!(
                CALL_COUNT,
                "service" => "KMS", "type" => "API", "resource" => resource, "class" => "None"
            )
        });
        Self { calls, throttled: counter!(THROTTLED, "resource" => resource) }
    }
}

fn unused(count: usize) -> Vec<OnceLock<Counter>> {
    std::iter::repeat_with(OnceLock::new).take(count).collect()
}

impl Observer for CallMetrics {
    fn counted(&self, group: usize, requests: u32, is_let_through: bool) {
        let Some(group) = self.groups.get(group) else { return };
        if let Some(calls) = &group.calls {
            calls.increment(requests.into());
        }
        if !is_let_through {
            group.throttled.increment(requests.into());
        }
    }

    fn succeeded(&self, operation: &'static str, keys: &[Arc<Key>]) {
        if let [first, rest @ ..] = keys {
            self.used(operation, &first.arn, rest.first().map(|key| key.arn.as_str()));
        }
    }

    fn refused(&self, operation: &'static str, code: ErrorCode) {
        if code == ErrorCode::AccessDenied {
            // Looked up: refusals are few.
            counter!(ACCESS_DENIED, "operation" => operation).increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use keyward_engine::Kind;
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    const LISTED: &str =
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const UNLISTED: &str =
        "arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";

    fn arn(text: &str) -> KeyArn {
        match text.parse() {
            Ok(keyward_model::KeyRef::Arn(arn)) => arn,
            other => unreachable!("{other:?}"),
        }
    }

    /// The page after these calls were counted with one key listed.
    fn page(count: impl FnOnce(&CallMetrics)) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || count(&CallMetrics::new(&[arn(LISTED)])));
        handle.render()
    }

    #[test]
    fn every_operation_that_uses_a_key_is_counted() {
        let mut cryptographic: Vec<_> = keyward_ops::OPERATIONS
            .iter()
            .filter(|entry| entry.kind == Kind::Cryptographic && entry.name != "GenerateRandom")
            .map(|entry| entry.name)
            .collect();
        cryptographic.retain(|name| *name != RE_ENCRYPT);
        assert_eq!(cryptographic, OPERATIONS);
    }

    #[test]
    fn a_listed_key_is_named_and_all_others_are_one() {
        let page = page(|calls| {
            calls.used("Encrypt", LISTED, None);
            calls.used("Encrypt", LISTED, None);
            calls.used("Encrypt", UNLISTED, None);
        });
        let series = |key: &str, count: u32| {
            format!("{SUCCESSFUL_REQUEST}{{operation=\"Encrypt\",key_arn=\"{key}\"}} {count}\n")
        };
        assert!(page.contains(&series(LISTED, 2)), "{page}");
        assert!(page.contains(&series(OTHER, 1)), "{page}");
        assert!(!page.contains(UNLISTED), "{page}");
    }

    #[test]
    fn a_re_encryption_is_counted_once_with_both_keys() {
        let page = page(|calls| {
            calls.used("ReEncrypt", LISTED, Some(UNLISTED));
            calls.used("ReEncrypt", UNLISTED, Some(LISTED));
            calls.used("ReEncrypt", UNLISTED, Some(LISTED));
        });
        for (source, destination, count) in
            [(LISTED, OTHER, 1), (OTHER, LISTED, 2), (OTHER, OTHER, 0)]
        {
            let series = format!(
                "{SUCCESSFUL_REQUEST}{{operation=\"ReEncrypt\",source_key_arn=\"{source}\",\
                 destination_key_arn=\"{destination}\"}} {count}\n"
            );
            assert!(page.contains(&series), "{page}");
        }
    }

    #[test]
    fn calls_are_counted_by_quota_and_those_throttled_apart() {
        let group =
            keyward_ops::REQUEST_GROUPS.iter().position(|group| group.name == "rsa").unwrap();
        let page = page(|calls| {
            calls.counted(group, 1, true);
            calls.counted(group, 2, false);
            calls.counted(usize::MAX, 1, true);
        });
        let resource = "resource=\"CryptographicOperationsRsa\"";
        let expected = [
            format!("{CALL_COUNT}{{service=\"KMS\",type=\"API\",{resource},class=\"None\"}} 3\n"),
            format!("{THROTTLED}{{{resource}}} 2\n"),
        ];
        for series in expected {
            assert!(page.contains(&series), "{series}: {page}");
        }
    }

    #[test]
    fn throttled_lookups_are_counted_and_are_no_calls_of_kms() {
        let group = request_groups().position(|group| group.name == "LookupEvents").unwrap();
        let page = page(|calls| calls.counted(group, 3, false));
        assert!(page.contains(&format!("{THROTTLED}{{resource=\"LookupEvents\"}} 3\n")), "{page}");
        let of_lookups =
            |line: &&str| line.starts_with(CALL_COUNT) && line.contains("LookupEvents");
        assert_eq!(page.lines().find(of_lookups), None);
    }

    #[test]
    fn only_refusals_for_lack_of_permission_count_as_access_denied() {
        let page = page(|calls| {
            calls.refused("Decrypt", ErrorCode::AccessDenied);
            calls.refused("Decrypt", ErrorCode::InvalidCiphertext);
        });
        assert!(page.contains(&format!("{ACCESS_DENIED}{{operation=\"Decrypt\"}} 1\n")), "{page}");
    }
}

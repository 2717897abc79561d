//! What log files are indexed by: the values that events are looked up by, and a filter of their
//! ids.

use keyward_audit::Event;
use keyward_model::LookupAttribute;
use uuid::Uuid;

/// Nobody can ask for a longer value.
pub const VALUE_BYTES_MAX: usize = 2000;

/// What an event is found by, but for its id.
pub fn lookup_values<'e>(event: &'e Event<'_>) -> Vec<(LookupAttribute, &'e str)> {
    use LookupAttribute as A;
    let mut values = vec![(A::EventName, &*event.name), (A::EventSource, &*event.source)];
    let read_only = event.is_read_only.map(|it| if it { "true" } else { "false" });
    values.extend(read_only.map(|it| (A::ReadOnly, it)));
    values.extend(event.access_key_id.as_deref().map(|it| (A::AccessKeyId, it)));
    values.extend(event.username.as_deref().map(|it| (A::Username, it)));
    for resource in event.looked_up_resources() {
        values.extend(resource.kind.as_deref().map(|it| (A::ResourceType, it)));
        values.extend(resource.arn.as_deref().map(|it| (A::ResourceName, it)));
    }
    values.retain(|(_, value)| value.len() <= VALUE_BYTES_MAX);
    values
}

/// Ten bits an id and seven of them set: one id in a hundred is thought to be there and is not.
const BITS_PER_ID: usize = 10;
const BITS_SET: u64 = 7;

/// A filter (Bloom's) that holds every one of these ids.
pub fn event_id_filter(ids: &[Uuid]) -> Vec<u8> {
    let mut filter = vec![0; (ids.len() * BITS_PER_ID).div_ceil(8).max(8)];
    for id in ids {
        for (byte, mask) in places(id, filter.len()) {
            if let Some(byte) = filter.get_mut(byte) {
                *byte |= mask;
            }
        }
    }
    filter
}

/// Whether the file of this filter may hold the id; if not, it does not.
pub fn may_hold_event_id(filter: &[u8], id: &Uuid) -> bool {
    !filter.is_empty()
        && places(id, filter.len())
            .all(|(byte, mask)| filter.get(byte).is_some_and(|held| held & mask != 0))
}

/// The bytes and bits that stand for an id. Ids are random, so their halves are hashes enough.
fn places(id: &Uuid, bytes: usize) -> impl Iterator<Item = (usize, u8)> {
    let (first, second) = id.as_u64_pair();
    let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8).max(1);
    (0..BITS_SET).map(move |n| {
        let bit = first.wrapping_add(n.wrapping_mul(second | 1)) % bits;
        (usize::try_from(bit / 8).unwrap_or_default(), 1 << (bit % 8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(from: u128, count: u128) -> Vec<Uuid> {
        // Spread like random ones.
        let spread = |n: u128| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        (from..from + count).map(|n| Uuid::from_u128(spread(n))).collect()
    }

    #[test]
    fn a_filter_holds_all_its_ids_and_few_others() {
        for count in [1, 10, 1000] {
            let held = ids(1, count);
            let filter = event_id_filter(&held);
            assert!(held.iter().all(|id| may_hold_event_id(&filter, id)));
            let others = ids(1_000_000, 10_000);
            let wrong = others.iter().filter(|id| may_hold_event_id(&filter, id)).count();
            assert!(wrong < 300, "{wrong} of 10,000");
        }
        assert_eq!(event_id_filter(&ids(1, 1000)).len(), 1250);
        assert!(!may_hold_event_id(&[], &Uuid::nil()));
    }

    #[test]
    fn an_event_is_found_by_what_it_says_and_by_no_value_too_long_to_ask_for() {
        use LookupAttribute as A;
        let long = "x".repeat(VALUE_BYTES_MAX + 1);
        let record = format!(
            r#"{{"userIdentity":{{"type":"IAMUser","accessKeyId":"AKIA1","userName":"{long}"}},
            "eventTime":"2026-03-04T10:15:02Z","eventSource":"kms.amazonaws.com",
            "eventName":"Encrypt","awsRegion":"us-west-2",
            "eventID":"6f3b2c1d-0000-4000-8000-000000000001","readOnly":false,
            "resources":[{{"type":"AWS::KMS::Key","ARN":"arn:k"}}],
            "recipientAccountId":"111122223333"}}"#
        );
        let event = Event::read(record.as_bytes()).unwrap();
        let expected = [
            (A::EventName, "Encrypt"),
            (A::EventSource, "kms.amazonaws.com"),
            (A::ReadOnly, "false"),
            (A::AccessKeyId, "AKIA1"),
            (A::ResourceType, "AWS::KMS::Key"),
            (A::ResourceName, "arn:k"),
        ];
        assert_eq!(lookup_values(&event), expected);
    }
}

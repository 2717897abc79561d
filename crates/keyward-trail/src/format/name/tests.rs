use proptest::prelude::*;

use super::*;

const LOG: &str = "AWSLogs/111122223333/CloudTrail/us-west-2/2026/03/04/111122223333_CloudTrail_us-west-2_20260304T1105Z_k3TqZ9wLr0XvBn8A.json.gz";
const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-west-2/2026/03/04/111122223333_CloudTrail-Digest_us-west-2_main_us-west-2_20260304T120000Z.json.gz";

fn at(unix_s: i64) -> Timestamp {
    Timestamp::from_unix_ms(unix_s * 1000)
}

#[test]
fn the_documented_names_are_read() {
    let log: LogFileName = LOG.parse().unwrap();
    assert_eq!(log.account.as_str(), "111122223333");
    assert_eq!(log.region.as_str(), "us-west-2");
    assert_eq!(log.delivered_at, at(1_772_622_300));
    assert_eq!(log.tag.as_str(), "k3TqZ9wLr0XvBn8A");
    assert_eq!(log.to_string(), LOG);
    let digest: DigestName = DIGEST.parse().unwrap();
    assert_eq!((digest.trail.as_str(), digest.home_region.as_str()), ("main", "us-west-2"));
    assert_eq!(digest.end, at(1_772_625_600));
    assert_eq!(digest.to_string(), DIGEST);
}

#[test]
fn a_prefix_may_look_like_what_follows_it() {
    let key = format!("AWSLogs/111122223333/CloudTrail/{LOG}");
    let name: LogFileName = key.parse().unwrap();
    assert_eq!(name.prefix.as_str(), "AWSLogs/111122223333/CloudTrail");
    assert_eq!(name.to_string(), key);
}

#[test]
fn a_name_that_says_two_things_is_refused() {
    for (from, to) in [
        ("/2026/03/04/", "/2026/03/05/"),
        ("AWSLogs/111122223333", "AWSLogs/111122223334"),
        ("CloudTrail/us-west-2", "CloudTrail/us-west-1"),
        ("/CloudTrail/", "/CloudTrail-Digest/"),
        ("AWSLogs/", "/AWSLogs/"),
        ("AWSLogs/", "../AWSLogs/"),
        ("AWSLogs/", "xAWSLogs/"),
        ("T1105Z", "T1160Z"),
        ("T1105Z", "T110500Z"),
        ("k3TqZ9wLr0XvBn8A", "k3TqZ9wLr0XvBn8"),
        ("k3TqZ9wLr0XvBn8A", "k3TqZ9wLr0XvBn8/"),
        (".json.gz", ".json"),
        (".json.gz", ".json.gz.metadata.json"),
    ] {
        let changed = LOG.replacen(from, to, 1);
        assert_ne!(changed, LOG, "{from}");
        assert_eq!(changed.parse::<LogFileName>(), Err(NotAName), "{changed}");
    }
    for (from, to) in [
        ("20260304T120000Z", "20260304T120060Z"),
        ("20260304T120000Z", "20260304T120000Z_backfill"),
        ("_main_", "_ma in_"),
        ("_main_us-west-2", "_main"),
        ("_main_us-west-2", "_main_nowhere"),
    ] {
        let changed = DIGEST.replacen(from, to, 1);
        assert_ne!(changed, DIGEST, "{from}");
        assert_eq!(changed.parse::<DigestName>(), Err(NotAName), "{changed}");
    }
    assert_eq!(DIGEST.parse::<LogFileName>(), Err(NotAName));
    assert_eq!(LOG.parse::<DigestName>(), Err(NotAName));
}

#[test]
fn a_prefix_never_leaves_its_directory() {
    for text in ["/", "a/", "/a", "a//b", ".", "..", "a/../b", "a\\b", "ä", &"a".repeat(201)] {
        assert_eq!(text.parse::<KeyPrefix>(), Err(NotAKeyPrefix), "{text}");
    }
    for text in ["", "a", "team/audit", "...", &"a".repeat(200)] {
        assert_eq!(text.parse::<KeyPrefix>().unwrap().as_str(), text);
    }
}

struct Counting(std::sync::atomic::AtomicU8);

impl keyward_model::Rng for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

#[test]
fn drawn_tags_are_tags() {
    let rng = Counting(0.into());
    for _ in 0..20 {
        let tag = FileTag::random(&rng);
        assert_eq!(tag.to_string().parse::<FileTag>(), Ok(tag));
    }
}

fn prefix() -> impl Strategy<Value = KeyPrefix> {
    "([a-z]{1,5}(/[A-Za-z0-9._-]{1,8}x){0,3})?".prop_map(|text| text.parse().unwrap())
}

proptest! {
    #[test]
    fn names_are_read_back(
        prefix in prefix(),
        account in "[0-9]{12}",
        region in "[a-z]{2}-[a-z]{3,9}-[1-9]",
        home in "[a-z]{2}-gov-[a-z]{3,9}-[1-9]",
        unix_s in 0_i64..4_000_000_000,
        tag in "[A-Za-z0-9]{16}",
        trail in "[A-Za-z0-9][A-Za-z0-9._-]{1,40}[A-Za-z0-9]",
    ) {
        let (account, region) = (account.parse().unwrap(), region.parse::<Region>().unwrap());
        let name = LogFileName {
            prefix: prefix.clone(),
            account,
            region: region.clone(),
            delivered_at: at(unix_s / 60 * 60),
            tag: tag.parse().unwrap(),
        };
        prop_assert_eq!(name.to_string().parse::<LogFileName>(), Ok(name));
        let name = DigestName {
            prefix,
            account,
            region,
            trail: trail.parse().unwrap(),
            home_region: home.parse().unwrap(),
            end: at(unix_s),
        };
        prop_assert_eq!(name.to_string().parse::<DigestName>(), Ok(name));
    }

    #[test]
    fn what_is_read_is_written_the_same(place in 0_usize..180, c in "[a-zA-Z0-9/_.-]") {
        let place = place.min(DIGEST.len() - 1);
        let changed = format!("{}{c}{}", &DIGEST[..place], &DIGEST[place + 1..]);
        if let Ok(name) = changed.parse::<DigestName>() {
            prop_assert_eq!(name.to_string(), changed);
        }
    }
}

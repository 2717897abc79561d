use keyward_crypto::sha256;

use super::*;
use crate::format::parse_iso_date;

const BODY: &str = r#"{"awsAccountId":"111122223333","digestStartTime":"2026-03-04T10:00:00Z","digestEndTime":"2026-03-04T11:00:00Z","digestS3Bucket":"audit-bucket","digestS3Object":"AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/03/04/111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20260304T110000Z.json.gz","digestPublicKeyFingerprint":"00112233445566778899aabbccddeeff","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,"oldestEventTime":null,"previousDigestS3Bucket":null,"previousDigestS3Object":null,"previousDigestHashValue":null,"previousDigestHashAlgorithm":null,"previousDigestSignature":null,"logFiles":[]}"#;

fn at(text: &str) -> Timestamp {
    parse_iso_date(text).unwrap()
}

fn starting() -> Digest {
    Digest {
        account: "111122223333".parse().unwrap(),
        start: at("2026-03-04T10:00:00Z"),
        end: at("2026-03-04T11:00:00Z"),
        bucket: "audit-bucket".to_owned(),
        object: "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/03/04/111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20260304T110000Z.json.gz".to_owned(),
        public_key_fingerprint: "00112233445566778899aabbccddeeff".to_owned(),
        newest_event: None,
        oldest_event: None,
        previous: None,
        log_files: Vec::new(),
    }
}

fn following() -> Digest {
    let event = at("2026-03-04T10:58:40Z");
    Digest {
        newest_event: Some(event),
        oldest_event: Some(event),
        previous: Some(PreviousDigest {
            bucket: "b".to_owned(),
            object: "o".to_owned(),
            hash: "aa".to_owned(),
            signature: "5a7e19c4".to_owned(),
        }),
        log_files: vec![ListedFile::new("b", "f", "cc".to_owned(), (event, event))],
        ..starting()
    }
}

#[test]
fn the_known_answer_is_given() {
    let body = starting().to_json();
    assert_eq!(String::from_utf8(body.clone()).unwrap(), BODY);
    let hash = hex::encode(sha256(&[&body]));
    assert_eq!(hash, "c8539da7eaef2eadae6e7a2de806fc8c4f6c80b005ee20cf46691c8a64a881b5");
    let signed = signing_string(&starting(), &hash);
    assert_eq!(
        hex::encode(sha256(&[signed.as_bytes()])),
        "7c82f28d649e6cf0c7ea42523f3eccf8aab27e246a6096b415101712885cc4fd"
    );
    assert_eq!(signed.lines().last(), Some("null"));
}

#[test]
fn a_digest_that_follows_signs_the_signature_before_it() {
    let signed = signing_string(&following(), "hash");
    assert!(signed.ends_with("\nhash\n5a7e19c4"), "{signed}");
}

#[test]
fn digests_are_read_back() {
    for digest in [starting(), following()] {
        assert_eq!(Digest::parse(&digest.to_json()).unwrap(), digest);
    }
    let json = String::from_utf8(following().to_json()).unwrap();
    assert!(json.ends_with(
        r#""newestEventTime":"2026-03-04T10:58:40Z","oldestEventTime":"2026-03-04T10:58:40Z","previousDigestS3Bucket":"b","previousDigestS3Object":"o","previousDigestHashValue":"aa","previousDigestHashAlgorithm":"SHA-256","previousDigestSignature":"5a7e19c4","logFiles":[{"s3Bucket":"b","s3Object":"f","hashValue":"cc","hashAlgorithm":"SHA-256","newestEventTime":"2026-03-04T10:58:40Z","oldestEventTime":"2026-03-04T10:58:40Z"}]}"#
    ), "{json}");
}

#[test]
fn a_digest_with_half_a_link_or_other_algorithms_is_refused() {
    let json = String::from_utf8(following().to_json()).unwrap();
    for (from, to) in [
        (r#""previousDigestSignature":"5a7e19c4""#, r#""previousDigestSignature":null"#),
        (r#""previousDigestHashAlgorithm":"SHA-256""#, r#""previousDigestHashAlgorithm":"MD5""#),
        ("SHA256withRSA", "SHA1withRSA"),
        (r#""awsAccountId":"111122223333""#, r#""awsAccountId":"11112222333""#),
        ("2026-03-04T11:00:00Z", "2026-03-04T11:00:00"),
    ] {
        let changed = json.replacen(from, to, 1);
        assert_ne!(changed, json, "{from}");
        assert!(Digest::parse(changed.as_bytes()).is_err(), "{from}");
    }
}

#[test]
fn metadata_has_the_names_of_the_object_metadata() {
    let metadata = DigestMetadata::new(&[0xab, 0xcd]);
    let json = metadata.to_json();
    assert_eq!(json, br#"{"signature":"abcd","signature-algorithm":"SHA256withRSA"}"#);
    assert_eq!(DigestMetadata::parse(&json).unwrap(), metadata);
    assert!(DigestMetadata::parse(b"{}").is_err());
}

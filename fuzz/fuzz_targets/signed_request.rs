//! Whatever comes as a request: its claims are refused or well-formed, and no signature fits.
#![no_main]

use keyward_sigv4::{RequestParts, Rules, SigningKey, Style, present};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str, Vec<(&str, &[u8])>, &[u8])| {
    let (method, path, query, headers, body) = input;
    let headers: Vec<(String, &[u8])> =
        headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let headers: Vec<(&str, &[u8])> =
        headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let parts = RequestParts { method, path, query, headers: &headers };
    let rules = Rules {
        service: "kms",
        region_is_served: &|region| region == "us-east-1",
        now: 1_440_938_160,
        past_window_s: 300,
        future_window_s: 300,
        expires_s_max: 300,
        ignores_expires: false,
        style: Style::Json,
    };
    if let Ok(presented) = present(&parts, &rules) {
        let key = SigningKey::derive(b"secret", "20150830", "us-east-1", "kms");
        assert!(presented.verify(&key, body).is_err());
    }
});

//! MFA devices in the hands of a test.

use keyward_crypto::MfaSeed;

/// The seed that this base32 tells, as CreateVirtualMFADevice gives it.
pub fn mfa_seed(base32: &[u8]) -> MfaSeed {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u64::from(c - b'A'),
        _ => u64::from(c - b'2') + 26,
    };
    let group = |chars: &[u8]| {
        let bits = chars.iter().fold(0, |bits, &c| bits << 5 | digit(c));
        bits.to_be_bytes().into_iter().skip(3)
    };
    MfaSeed::new(base32.chunks(8).flat_map(group).collect())
}

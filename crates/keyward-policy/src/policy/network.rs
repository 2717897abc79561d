//! Ranges of addresses.

use std::net::IpAddr;

/// Addresses that share their first bits. One version's addresses are never in the other's ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    is_v4: bool,
    bits: u128,
    mask: u128,
}

impl Network {
    /// Reads `address/length`, or a bare address, which is a range of one. Bits behind the length
    /// are ignored.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (bits, width) = bits_of(address);
        let length = match length {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse::<u32>().ok()?
            }
            Some(_) => return None,
            None => width,
        };
        let behind = width.checked_sub(length)?;
        let mask = u128::MAX.checked_shl(behind).unwrap_or(0);
        Some(Self { is_v4: address.is_ipv4(), bits: bits & mask, mask })
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.is_v4 && bits_of(address).0 & self.mask == self.bits
    }
}

fn bits_of(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_range_holds_the_addresses_that_share_its_first_bits() {
        for (network, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.77/24", "192.0.2.1", "192.0.1.255"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("0.0.0.0/0", "255.255.255.255", "::"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
            ("::/0", "ffff::", "0.0.0.0"),
        ] {
            assert!(contains(network, inside), "{network}: {inside}");
            assert!(!contains(network, outside), "{network}: {outside}");
        }
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0/8", "::/129", "*"]
        {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}

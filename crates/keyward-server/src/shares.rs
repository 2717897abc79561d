//! How much of what is scarce each address holds.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The network half of an IPv6 address: who has one address has all that share it.
const IPV6_NETWORK: u128 = u128::MAX << 64;

/// What is shared, with the most that one address may hold.
pub(crate) struct Shares {
    max: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// Some of it, until dropped.
pub(crate) struct Share<'a> {
    of: &'a Shares,
    holder: IpAddr,
    amount: usize,
}

impl Shares {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, held: Mutex::default() }
    }

    /// Gives an address so much more, or nothing if that would be too much.
    pub(crate) fn take(&self, address: IpAddr, amount: usize) -> Option<Share<'_>> {
        let holder = holder(address);
        let mut held = self.held();
        let before = held.get(&holder).copied().unwrap_or_default();
        let after = before.checked_add(amount).filter(|after| *after <= self.max)?;
        held.insert(holder, after);
        Some(Share { of: self, holder, amount })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut held = self.of.held();
        if let Some(amount) = held.get_mut(&self.holder) {
            *amount = amount.saturating_sub(self.amount);
            if *amount == 0 {
                // Else the map would grow with every address ever seen.
                held.remove(&self.holder);
            }
        }
    }
}

fn holder(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & IPV6_NETWORK).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_no_more_than_its_share_and_gives_it_back() {
        let shares = Shares::new(10);
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        let first = shares.take(one, 6).unwrap();
        let second = shares.take(one, 4).unwrap();
        assert!(shares.take(one, 1).is_none());
        assert!(shares.take(other, 10).is_some(), "another has a share of its own");
        drop(first);
        assert!(shares.take(one, 7).is_none());
        assert!(shares.take(one, 6).is_some());
        drop(second);
        assert!(shares.held().is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_holder() {
        let shares = Shares::new(1);
        let take = |text: &str| shares.take(text.parse().unwrap(), 1);
        let held = take("2001:db8::1");
        assert!(take("2001:db8::2:0:0:1").is_none());
        assert!(take("2001:db8:0:1::1").is_some());
        drop(held);
    }
}

//! Request quotas: how many requests an account may make in a Region in a second.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>
//!
//! Owns the token buckets. Which operations share one, and how much it holds, is a table that comes
//! from outside. Quotas keep a client from forgetting to wait; they protect nothing.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyward_model::{AccountId, KeySpec, Region};

use crate::{Cx, ErrorCode, KMS, OpError};

/// How many locks the buckets are spread over.
const SHARDS: usize = 16;
/// How many buckets a lock guards before those that are full again are dropped.
const BUCKETS_MAX: usize = 4096;
const SECOND_NS: u64 = 1_000_000_000;

/// So many requests in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The requests.
    pub requests: u32,
    /// The seconds: 1, but for rates below one a second.
    pub seconds: u32,
}

impl Rate {
    /// So many requests a second.
    pub const fn per_second(requests: u32) -> Self {
        Self { requests, seconds: 1 }
    }
}

/// Operations that share a quota.
#[derive(Debug)]
pub struct RequestGroup {
    /// The name in the configuration.
    pub name: &'static str,
    /// The name in CloudWatch: the dimension `Resource` of its `CallCount`.
    pub resource: &'static str,
    /// The quota where the service has no other.
    pub rate: Rate,
    /// The quota in these Regions.
    pub regional: &'static [(&'static str, Rate)],
    /// The operations. One that stands in several groups counts in that of the key's spec.
    pub operations: &'static [&'static str],
    /// The specs of the keys, or of the key pairs made; none when the operations alone decide.
    pub specs: &'static [KeySpec],
}

/// The quotas in force.
pub struct RequestQuotas {
    groups: Vec<&'static RequestGroup>,
    rates: Vec<Limit>,
    /// The groups of each operation.
    of_operation: HashMap<&'static str, Vec<usize>>,
    shards: [Mutex<HashMap<BucketName, Bucket>>; SHARDS],
    hasher: RandomState,
}

/// What limits a group.
#[derive(Clone, Copy)]
enum Limit {
    Own(Rate),
    Service,
    Unlimited,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct BucketName {
    account: AccountId,
    region: Region,
    group: usize,
}

/// What is left of a quota. A request costs as many tokens as the rate's seconds have nanoseconds,
/// and each nanosecond brings as many as the rate has requests: no rate is rounded.
struct Bucket {
    tokens: u64,
    at: Duration,
}

/// Who makes a request, and where it counts.
#[derive(Clone, Copy)]
pub(crate) struct Payer<'a> {
    pub(crate) account: AccountId,
    pub(crate) region: &'a Region,
}

impl RequestQuotas {
    /// The quotas of these groups: the service's if `is_like_service`, none otherwise, and in
    /// either case those that `own` names in requests a second.
    pub fn new(
        groups: impl IntoIterator<Item = &'static RequestGroup>,
        is_like_service: bool,
        own: impl Fn(&str) -> Option<u32>,
    ) -> Self {
        let groups: Vec<_> = groups.into_iter().collect();
        let limit = |group: &&RequestGroup| match own(group.name) {
            Some(requests) => Limit::Own(Rate::per_second(requests)),
            None if is_like_service => Limit::Service,
            None => Limit::Unlimited,
        };
        let mut of_operation: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, group) in groups.iter().enumerate() {
            for operation in group.operations {
                of_operation.entry(*operation).or_default().push(at);
            }
        }
        Self {
            rates: groups.iter().map(limit).collect(),
            groups,
            of_operation,
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        }
    }

    /// The operation's group, if the operation alone tells.
    fn group_of(&self, operation: &str) -> Option<usize> {
        match self.of_operation.get(operation)?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The operation's group for keys of this spec.
    fn group_for(&self, operation: &str, spec: KeySpec) -> Option<usize> {
        let groups = self.of_operation.get(operation)?;
        let is_of_spec =
            |at: &&usize| self.groups.get(**at).is_some_and(|group| group.specs.contains(&spec));
        groups.iter().find(is_of_spec).copied()
    }

    /// Takes `requests` from the group's bucket, unless there are too few left.
    fn take(&self, group: usize, payer: Payer<'_>, requests: u32, now: Duration) -> bool {
        let Some(rate) = self.rate(group, payer.region) else { return true };
        let name = BucketName { account: payer.account, region: payer.region.clone(), group };
        let slot = usize::from(self.hasher.hash_one(&name).to_le_bytes()[0]) % SHARDS;
        let Some(shard) = self.shards.get(slot) else { return true };
        let mut buckets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX {
            // A bucket untouched for its time is full, and one that is not there is as well.
            let rate_of = |name: &BucketName| self.rate(name.group, &name.region);
            buckets.retain(|name, bucket| {
                rate_of(name).is_some_and(|rate| {
                    now.saturating_sub(bucket.at) < Duration::from_secs(rate.seconds.into())
                })
            });
            // Still too many in use: better some requests too many than memory without bounds.
            if buckets.len() >= BUCKETS_MAX {
                buckets.clear();
            }
        }
        buckets.entry(name).or_insert_with(|| Bucket::full(rate, now)).take(rate, requests, now)
    }

    fn rate(&self, group: usize, region: &Region) -> Option<Rate> {
        match self.rates.get(group)? {
            Limit::Own(rate) => Some(*rate),
            Limit::Unlimited => None,
            Limit::Service => {
                let group = self.groups.get(group)?;
                let here = group.regional.iter().find(|(name, _)| *name == region.as_str());
                Some(here.map_or(group.rate, |(_, rate)| *rate))
            }
        }
    }
}

impl Bucket {
    fn full(rate: Rate, at: Duration) -> Self {
        Self { tokens: Self::tokens(rate, rate.requests), at }
    }

    /// What so many requests cost.
    fn tokens(rate: Rate, requests: u32) -> u64 {
        u64::from(requests).saturating_mul(u64::from(rate.seconds)).saturating_mul(SECOND_NS)
    }

    fn take(&mut self, rate: Rate, requests: u32, now: Duration) -> bool {
        let passed_ns = u64::try_from(now.saturating_sub(self.at).as_nanos()).unwrap_or(u64::MAX);
        let brought = passed_ns.saturating_mul(rate.requests.into());
        self.tokens = self.tokens.saturating_add(brought).min(Self::tokens(rate, rate.requests));
        self.at = self.at.max(now);
        // What weighs more than a whole bucket takes all of it: it would never be let through.
        let requests = requests.min(rate.requests);
        match self.tokens.checked_sub(Self::tokens(rate, requests)) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }
}

impl Cx {
    /// Counts the request if its operation alone tells where; otherwise it counts with its key.
    pub(crate) fn charge(&mut self, operation: &'static str) -> Result<(), OpError> {
        let Some(quotas) = self.engine().request_quotas() else { return Ok(()) };
        if let Some(group) = quotas.group_of(operation) {
            return self.take(quotas, group, self.region(), 1);
        }
        self.uncharged = Some(operation);
        Ok(())
    }

    /// Counts the request where requests with keys of this spec count, or such as make key pairs of
    /// this spec. A request counts once, however often this is called.
    pub fn charge_for(&mut self, spec: KeySpec) -> Result<(), OpError> {
        let Some(operation) = self.uncharged else { return Ok(()) };
        let Some(quotas) = self.engine().request_quotas() else { return Ok(()) };
        let Some(group) = quotas.group_for(operation, spec) else { return Ok(()) };
        let taken = self.take(quotas, group, self.region(), 1);
        self.uncharged = None;
        taken
    }

    /// Counts requests of an operation that this one makes in another Region in the caller's name;
    /// once, however often this is called.
    pub fn charge_elsewhere(
        &mut self,
        operation: &str,
        region: &Region,
        requests: u32,
    ) -> Result<(), OpError> {
        let Some(quotas) = self.engine().request_quotas() else { return Ok(()) };
        let Some(group) = quotas.group_of(operation) else { return Ok(()) };
        if self.is_charged_elsewhere {
            return Ok(());
        }
        let taken = self.take(quotas, group, region, requests);
        self.is_charged_elsewhere = true;
        taken
    }

    fn take(
        &self,
        quotas: &RequestQuotas,
        group: usize,
        region: &Region,
        requests: u32,
    ) -> Result<(), OpError> {
        let payer = Payer { account: self.caller().account, region };
        let is_let_through = quotas.take(group, payer, requests, self.engine().clock().monotonic());
        if let Some(observer) = self.engine().observer() {
            observer.counted(group, requests, is_let_through);
        }
        if is_let_through {
            return Ok(());
        }
        Err(OpError::new(
            ErrorCode::Throttling,
            if std::ptr::eq(self.entry().api, &raw const KMS) {
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of your \
             calls."
            } else {
                "Rate exceeded"
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static GROUPS: &[RequestGroup] = &[
        RequestGroup {
            name: "shared",
            resource: "Shared",
            rate: Rate::per_second(3),
            regional: &[("eu-west-1", Rate { requests: 1, seconds: 10 })],
            operations: &["A", "B", "C"],
            specs: &[KeySpec::SymmetricDefault],
        },
        RequestGroup {
            name: "other",
            resource: "Other",
            rate: Rate::per_second(1),
            regional: &[],
            operations: &["C"],
            specs: &[KeySpec::Rsa2048],
        },
    ];

    fn payer(region: &Region, account: u8) -> Payer<'_> {
        let account = format!("11112222333{account}").parse().unwrap();
        Payer { account, region }
    }

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    /// How many requests pass at this moment.
    fn passing(quotas: &RequestQuotas, group: usize, payer: Payer<'_>, now: Duration) -> usize {
        (0..100).take_while(|_| quotas.take(group, payer, 1, now)).count()
    }

    #[test]
    fn a_second_lets_exactly_its_requests_pass() {
        let quotas = RequestQuotas::new(GROUPS, true, |_| None);
        let (us, at) = (region("us-east-1"), Duration::from_secs);
        assert_eq!(passing(&quotas, 0, payer(&us, 1), at(5)), 3);
        let just_before = at(5) + Duration::from_nanos(333_333_333);
        assert_eq!(passing(&quotas, 0, payer(&us, 1), just_before), 0);
        assert_eq!(passing(&quotas, 0, payer(&us, 1), just_before + Duration::from_nanos(1)), 1);
        // What was not used is not saved for long.
        assert_eq!(passing(&quotas, 0, payer(&us, 1), at(60)), 3);
        // A clock that seems to run back gives nothing away.
        assert_eq!(passing(&quotas, 0, payer(&us, 1), at(1)), 0);
    }

    #[test]
    fn what_weighs_more_than_a_second_brings_takes_it_all() {
        let rate = Rate { requests: 1, seconds: 1 };
        let mut bucket = Bucket::full(rate, Duration::ZERO);
        assert!(bucket.take(rate, 2, Duration::ZERO));
        assert!(!bucket.take(rate, 1, Duration::ZERO));
        assert!(bucket.take(rate, 2, Duration::from_secs(1)));
    }

    #[test]
    fn accounts_regions_and_groups_do_not_share() {
        let quotas = RequestQuotas::new(GROUPS, true, |_| None);
        let (us, eu, now) = (region("us-east-1"), region("eu-west-1"), Duration::from_secs(1));
        assert_eq!(passing(&quotas, 0, payer(&us, 1), now), 3);
        assert_eq!(passing(&quotas, 0, payer(&us, 2), now), 3);
        assert_eq!(passing(&quotas, 1, payer(&us, 1), now), 1);
        assert_eq!(passing(&quotas, 0, payer(&eu, 1), now), 1);
        assert_eq!(passing(&quotas, 0, payer(&eu, 1), now + Duration::from_secs(9)), 0);
        assert_eq!(passing(&quotas, 0, payer(&eu, 1), now + Duration::from_secs(10)), 1);
    }

    #[test]
    fn an_own_rate_counts_whatever_the_profile() {
        let own = |name: &str| (name == "other").then_some(7);
        let (us, now) = (region("us-east-1"), Duration::from_secs(1));
        for (is_like_service, shared) in [(true, 3), (false, 100)] {
            let quotas = RequestQuotas::new(GROUPS, is_like_service, own);
            assert_eq!(passing(&quotas, 0, payer(&us, 1), now), shared);
            assert_eq!(passing(&quotas, 1, payer(&us, 1), now), 7);
        }
    }

    #[test]
    fn an_operation_of_several_groups_counts_by_spec() {
        let quotas = RequestQuotas::new(GROUPS, true, |_| None);
        assert_eq!(quotas.group_of("A"), Some(0));
        assert_eq!(quotas.group_of("C"), None);
        assert_eq!(quotas.group_for("C", KeySpec::Rsa2048), Some(1));
        assert_eq!(quotas.group_for("C", KeySpec::Sm2), None);
        assert_eq!(quotas.group_of("D"), None);
    }

    #[test]
    fn buckets_are_bounded_however_many_accounts_there_are() {
        let quotas = RequestQuotas::new(GROUPS, true, |_| None);
        let us = region("us-east-1");
        for account in 0..2 * u64::try_from(SHARDS * BUCKETS_MAX).unwrap() {
            let account = format!("{account:012}").parse().unwrap();
            let payer = Payer { account, region: &us };
            quotas.take(0, payer, 1, Duration::from_secs(1));
        }
        let held = |shard: &Mutex<HashMap<_, _>>| shard.lock().unwrap().len();
        assert!(quotas.shards.iter().map(held).all(|held| held <= BUCKETS_MAX));
    }
}

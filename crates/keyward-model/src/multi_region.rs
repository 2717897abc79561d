//! Multi-Region keys.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>

use crate::Region;
use crate::wire_enum::wire_enum;

wire_enum! {
    /// The part a key plays in its set.
    MultiRegionKeyType {
        Primary = "PRIMARY",
        Replica = "REPLICA",
    }
}

/// The Regions that hold a member of a multi-Region key's set. Every member's row carries the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiRegionSet {
    /// The Region of the primary key.
    pub primary: Region,
    /// The Regions of the replicas, in the order of names, each once.
    pub replicas: Vec<Region>,
}

impl MultiRegionSet {
    /// A set whose one member is the primary key.
    pub const fn of_primary(primary: Region) -> Self {
        Self { primary, replicas: Vec::new() }
    }

    /// The part the member in this Region plays.
    pub fn role_in(&self, region: &Region) -> MultiRegionKeyType {
        if *region == self.primary {
            MultiRegionKeyType::Primary
        } else {
            MultiRegionKeyType::Replica
        }
    }

    /// Whether the Region holds a member.
    pub fn holds(&self, region: &Region) -> bool {
        self.regions().any(|member| member == region)
    }

    /// Every Region that holds a member, the primary's first.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        std::iter::once(&self.primary).chain(&self.replicas)
    }

    /// The set with one more replica.
    #[must_use]
    pub fn with_replica(mut self, region: Region) -> Self {
        if !self.holds(&region) {
            self.replicas.push(region);
            self.replicas.sort_unstable();
        }
        self
    }

    /// The set without a replica.
    #[must_use]
    pub fn without_replica(mut self, region: &Region) -> Self {
        self.replicas.retain(|replica| replica != region);
        self
    }

    /// The set with another member as its primary; unchanged if the Region holds none.
    #[must_use]
    pub fn led_by(mut self, region: &Region) -> Self {
        if let Some(replica) = self.replicas.iter_mut().find(|replica| *replica == region) {
            std::mem::swap(&mut self.primary, replica);
            self.replicas.sort_unstable();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    #[test]
    fn a_set_has_one_primary_and_each_region_once() {
        let set = MultiRegionSet::of_primary(region("us-east-1"))
            .with_replica(region("us-west-2"))
            .with_replica(region("eu-west-1"))
            .with_replica(region("us-west-2"))
            .with_replica(region("us-east-1"));
        assert_eq!(set.replicas, [region("eu-west-1"), region("us-west-2")]);
        assert_eq!(set.role_in(&region("us-east-1")), MultiRegionKeyType::Primary);
        assert_eq!(set.role_in(&region("eu-west-1")), MultiRegionKeyType::Replica);

        let set = set.led_by(&region("us-west-2"));
        assert_eq!(set.primary, region("us-west-2"));
        assert_eq!(set.replicas, [region("eu-west-1"), region("us-east-1")]);
        assert_eq!(set.clone().led_by(&region("ap-south-1")), set);
        assert!(!set.without_replica(&region("eu-west-1")).holds(&region("eu-west-1")));
    }
}
